import type { Config } from '../config.ts'
import { FolderHeld, socketPathOf } from '../db/folder-lock.ts'
import type { Outcome, Print } from './command.ts'
import { askRunning } from './socket.ts'

/** All others fail where there is no database. */
const creating: readonly string[] = ['import', 'organization-create']
export const mayCreateDatabase = (command: string): boolean => creating.includes(command)

/**
 * Runs a command where the database can be reached: the embedded folder belongs to one process, so a running instance
 * does it for us; without one, and with PostgreSQL, this process does. What that takes is loaded only then, so that
 * going through a running instance is quick. `alone`: not for a running instance, which must be stopped first.
 */
export async function runCommand(
  config: Config,
  { alone = false, ...asked }: { name: string; args: unknown; alone?: boolean },
  print: Print,
): Promise<Outcome> {
  if (config.database.kind === 'embedded' && !alone) {
    const outcome = await askRunning(socketPathOf(config.dataFolder), asked, print)
    if (outcome) return outcome
  }
  const { runHere } = await import('./run-here.ts')
  try {
    return await runHere(config, asked, print)
  } catch (error) {
    if (!(error instanceof FolderHeld)) throw error
    print(error.message)
    return { exitCode: 1 }
  }
}
