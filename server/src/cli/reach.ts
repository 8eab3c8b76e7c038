import type { Server as SocketServer } from 'node:net'
import type { Config } from '../config.ts'
import { FolderHeld, socketPathOf } from '../db/folder-lock.ts'
import { type OpenDatabase, openDatabase } from '../db/open.ts'
import type { Outbox } from '../kernel/deps.ts'
import { createLog } from '../log.ts'
import { consoleFolder } from '../start.ts'
import { wire } from '../wire.ts'
import type { Outcome, Print } from './command.ts'
import { commandContext } from './context.ts'
import { dispatch } from './dispatch.ts'
import { commands } from './registry.ts'
import { answerBusy, askRunning } from './socket.ts'

/** Commands print their links; nothing that they do sends mail. */
const noMail: Outbox = {
  configured: false,
  send: () => Promise.reject(new Error('Commands send no mail.')),
}

export const openOptions = ({ database, dataFolder }: Pick<Config, 'database' | 'dataFolder'>) =>
  database.kind === 'postgres'
    ? { dataFolder, databaseUrl: database.url, migrationUrl: database.migrationUrl, poolSize: 2 }
    : { dataFolder }

async function runHere(config: Config, database: OpenDatabase, asked: { name: string; args: unknown }, print: Print) {
  if (database.lock) answerBusy(database.lock.server as SocketServer)
  const wired = await wire({ ...config, consoleFolder }, database, noMail, createLog('silent'))
  try {
    return await dispatch(commands, commandContext(wired, database), asked, print)
  } finally {
    await wired.close()
  }
}

/**
 * Runs a command where the database can be reached: the embedded folder belongs to one process, so a running instance
 * does it for us; without one, and with PostgreSQL, this process does.
 */
export async function runCommand(
  config: Config,
  asked: { name: string; args: unknown },
  print: Print,
): Promise<Outcome> {
  if (config.database.kind === 'embedded') {
    const outcome = await askRunning(socketPathOf(config.dataFolder), asked, print)
    if (outcome) return outcome
  }
  try {
    return await runHere(config, await openDatabase(openOptions(config)), asked, print)
  } catch (error) {
    if (!(error instanceof FolderHeld)) throw error
    print(error.message)
    return { exitCode: 1 }
  }
}
