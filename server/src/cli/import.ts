import * as z from 'zod'
import { NotLoaded } from '../db/load.ts'
import { verifyChain } from '../features/audit/actions.ts'
import { counted, faultText, headingOf } from './audit-verify.ts'
import { type CommandContext, command, type Print } from './command.ts'
import { filePath } from './export.ts'
import { BrokenExport, type ExportHeader, fileFault, readExport, verifyExport } from './export-file.ts'

/** All of the file is read and verified before anything is written, and once more while it is. */
async function loadFile({ load }: CommandContext, file: string): Promise<ExportHeader> {
  const header = await verifyExport(file)
  const isSame = (it: ExportHeader) => {
    if (JSON.stringify(it) !== JSON.stringify(header)) throw new BrokenExport('it became another one meanwhile')
  }
  await load(header, readExport(file, isSame))
  return header
}

/** A2: a chain that was broken where it came from is broken here, and that is told. Answers how many are good. */
async function verifyChains({ deps, organizations }: CommandContext, print: Print) {
  let events = 0
  let broken = 0
  for (const organization of await organizations()) {
    const verified = await verifyChain(deps, organization.id)
    if (verified?.fault) {
      broken += 1
      print(`BROKEN  ${headingOf(organization)}: ${faultText(verified.fault)}`)
    }
    events += verified ? verified.end.sequence - verified.start.sequence : 0
  }
  return { events, broken }
}

/** Why a file was not imported, as far as that is not a bug. */
function refusalOf(error: unknown, file: string): string | undefined {
  if (error instanceof BrokenExport) return `${file} is not a whole export; ${error.message}.`
  return error instanceof NotLoaded ? error.message : fileFault(error)
}

const rowsOf = ({ tables }: ExportHeader, table: string) => tables[table]?.rows ?? 0

/** Puts an export into an empty database, of either kind. For a database that nobody serves from. */
export const importAll = command({
  name: 'import',
  args: z.strictObject({ file: filePath }),
  run: async (context, { file }, print) => {
    let header: ExportHeader
    try {
      header = await loadFile(context, file)
    } catch (error) {
      const reason = refusalOf(error, file)
      if (reason === undefined) throw error
      print(`Nothing was imported: ${reason}`)
      return { exitCode: 1 }
    }
    print(`Imported what was there at ${header.time}:`)
    for (const table of ['organizations', 'users', 'accounts', 'groups', 'tokens', 'oauth_providers', 'audit_events']) {
      print(`  ${String(rowsOf(header, table)).padStart(9)}  ${table.replaceAll('_', ' ')}`)
    }
    const { events, broken } = await verifyChains(context, print)
    if (broken > 0) print(`Broken audit logs: ${broken}, as they were when they were exported.`)
    else print(`Every audit log is whole (${counted(events)}).`)
    print('If anything was revoked since, start with `portcullis start --recovery`; see docs/operations.md.')
    return { exitCode: broken > 0 ? 1 : 0 }
  },
})
