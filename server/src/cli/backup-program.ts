import { resolve } from 'node:path'
import type { Command as Program } from 'commander'
import type { Outcome } from './command.ts'

/** Runs a command of the registry; `alone`: only where no instance runs. */
type Run = (name: string, args: Record<string, unknown>, alone?: boolean) => Promise<Outcome | undefined>

function describeRecovery(program: Program, run: Run): void {
  const recovery = program
    .command('recovery')
    .description('after restoring a backup: let no token open again that was revoked since')
  recovery
    .command('begin')
    .description('lower the gate of every organization, and sign everybody out')
    .action(async () => void (await run('recovery-begin', {})))
  recovery
    .command('list')
    .description('list the organizations that wait for a confirmation, with the tokens that it would open')
    .option('--organization <id>', 'only this one')
    .option('--json', 'for machines: one JSON object a line')
    .action(async (options: Record<string, unknown>) => void (await run('recovery-list', options)))
  recovery
    .command('apply')
    .argument('<file>', 'an export of the audit log (NDJSON) that is newer than the backup')
    .description('do again what it says was revoked since')
    .action(async (file: string) => void (await run('recovery-apply', { file: resolve(file) })))
  recovery
    .command('confirm')
    .description('give back the setting that stood before, unless somebody saved another meanwhile')
    .option('--organization <id>', 'of this one')
    .option('--all', 'of every organization')
    .action(async (options: Record<string, unknown>) => void (await run('recovery-confirm', options)))
}

/** The commands that take an instance away and bring it back. */
export function describeBackup(program: Program, run: Run): void {
  program
    .command('export')
    .argument('<file>', 'where to; must not be there yet')
    .description('write all of the instance to one file, as it is at this moment, while it serves')
    .action(async (file: string) => void (await run('export', { file: resolve(file) })))
  program
    .command('import')
    .argument('<file>', 'what `portcullis export` wrote')
    .description('put an export into an empty database, of either kind; no instance may be running on it')
    .action(async (file: string) => void (await run('import', { file: resolve(file) }, true)))
  describeRecovery(program, run)
}
