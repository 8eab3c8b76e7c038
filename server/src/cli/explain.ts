import { type Config, type ConfigFault, completeConfig, environment, faultText, parseSettings } from '../config.ts'
import { OperatorError, prepareDataFolder } from '../db/data-folder.ts'
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

/**
 * The configuration, or undefined after its faults were printed. Nothing is written to a data folder in which the
 * command must not create a database, secrets included: it was meant for another one.
 */
export function configured(mayCreate: boolean): Config | undefined {
  const settings = parseSettings(environment())
  if (settings.ok && settings.value.database.kind === 'embedded') {
    prepareDataFolder(settings.value.dataFolder, mayCreate)
  }
  const read = settings.ok ? completeConfig(settings.value) : settings
  if (read.ok) return read.value
  explainFaults(read.faults)
  process.exitCode = misuse
  return undefined
}

const insufficientPrivilege = '42501'
const connectionCodes = /^(08\w{3}|28\w{3}|3D000|57P03|ECONN(REFUSED|RESET)|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/

interface SystemError extends Error {
  code?: unknown
  syscall?: string
  address?: string
  port?: number
}

/** A broken catalogue is configuration, too. By its name: what reads catalogues is not loaded for every command. */
export const isMisuse = (error: unknown): boolean =>
  (error instanceof OperatorError && error.exitCode === misuse) ||
  (error instanceof Error && error.name === 'BrokenCatalogue')

/** One sentence instead of a stack, for what an operator can mend; what is left is a bug, and shows where. */
export function explainFailure(error: unknown): void {
  if (!(error instanceof Error)) {
    toError([String(error)])
    return
  }
  const { code, syscall, address, port } = error as SystemError
  if (error instanceof FolderHeld || error instanceof OperatorError || isMisuse(error)) toError([error.message])
  else if (syscall === 'listen') toError([`Cannot listen on ${address}:${port} (${code}). ${mendOfListening(code)}`])
  else if (code === insufficientPrivilege) {
    toError([
      `The login lacks a right in the database: ${reasonOf(error)}.`,
      'Run `portcullis migrate` with PORTCULLIS_MIGRATION_URL set to the owner of the tables: it grants what is needed.',
    ])
  } else if (connectionCodes.test(String(code))) {
    toError([`The database cannot be reached: ${reasonOf(error)}.`, 'Run `portcullis doctor` to see how to mend it.'])
  } else toError([error.stack ?? error.message])
}

const mendOfListening = (code: unknown): string => {
  if (code === 'EADDRINUSE') return 'Another program does, or this one already: stop it, or set PORT to a free port.'
  if (code === 'EACCES') return 'Only root may use ports below 1024: set PORT to a higher one.'
  return 'HOST must be an address of this machine.'
}
