import { resolve } from 'node:path'
import type { Command as Program } from 'commander'
import type { Outcome } from './command.ts'

/** Runs a command of the registry; `alone`: only where no instance runs. */
type Run = (name: string, args: Record<string, unknown>, alone?: boolean) => Promise<Outcome | undefined>

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
}
