import { type Config, type ConfigFault, faultText, readConfig } from '../config.ts'
import { FolderHeld } from '../db/folder-lock.ts'
import { reasonOf } from './doctor/finding.ts'

/** What a wrong configuration exits with, as a wrong command line does; everything else that fails exits with 1. */
export const misuse = 2

const toError = (lines: readonly string[]) => void process.stderr.write(`${lines.join('\n')}\n`)

export function explainFaults(faults: readonly ConfigFault[]): void {
  const heading =
    faults.length === 1 ? 'The configuration has a fault:' : `The configuration has ${faults.length} faults:`
  toError([heading, '', ...faults.map((it) => `  ${faultText(it)}`), '', 'Nothing was started.'])
}

/** The configuration, or undefined after the operator was told what is wrong with it. */
export function configured(): Config | undefined {
  const read = readConfig()
  if (read.ok) return read.value
  explainFaults(read.faults)
  process.exitCode = misuse
  return undefined
}

const connectionCodes = /^(08\w{3}|28\w{3}|3D000|57P03|ECONN(REFUSED|RESET)|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/

/** One sentence instead of a stack, for what an operator can mend; what is left is a bug, and shows where. */
export function explainFailure(error: unknown): void {
  const code = String((error as NodeJS.ErrnoException).code ?? '')
  if (error instanceof FolderHeld) toError([error.message])
  else if (code === 'EADDRINUSE')
    toError([`${reasonOf(error)}: another program uses this port. Set PORT to a free one.`])
  else if (connectionCodes.test(code))
    toError([`The database cannot be reached: ${reasonOf(error)}.`, 'Run `portcullis doctor`.'])
  else if (error instanceof Error) toError([error.stack ?? error.message])
  else toError([String(error)])
  process.exitCode = 1
}
