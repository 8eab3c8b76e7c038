import type { Config } from '../config.ts'
import { openDatabase } from '../db/open.ts'
import type { Outbox } from '../kernel/deps.ts'
import { createLog } from '../log.ts'
import { wire } from '../wire.ts'
import type { Outcome, Print } from './command.ts'
import { commandContext } from './context.ts'
import { dispatch } from './dispatch.ts'
import { importAll } from './import.ts'
import { openOptions } from './open-options.ts'
import { commands } from './registry.ts'
import { answerBusy } from './socket.ts'

/** Commands print their links; nothing that they do sends mail. */
const noMail: Outbox = {
  configured: false,
  send: () => Promise.reject(new Error('Commands send no mail.')),
}

/** Runs a command in this process, which has the database for itself as long. */
export async function runHere(config: Config, asked: { name: string; args: unknown }, print: Print): Promise<Outcome> {
  const database = await openDatabase(openOptions(config))
  if (database.lock) answerBusy(database.lock.server)
  // No browser is served, so no console is needed.
  const wired = await wire({ ...config, consoleFolder: '', publishes: false }, database, noMail, createLog('silent'))
  try {
    return await dispatch([...commands, importAll], commandContext(wired, database), asked, print)
  } finally {
    await wired.close()
  }
}
