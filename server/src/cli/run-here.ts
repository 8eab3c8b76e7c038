import { type Config, describeDatabase } from '../config.ts'
import { readPublicUrl } from '../db/instance.ts'
import { openDatabase } from '../db/open.ts'
import type { Outbox } from '../kernel/deps.ts'
import { createLog } from '../log.ts'
import { wire } from '../wire.ts'
import type { Outcome, Print } from './command.ts'
import { commandContext } from './context.ts'
import { dispatch } from './dispatch.ts'
import { importAll } from './import.ts'
import { noteDatabase } from './note-database.ts'
import { openOptions } from './open-options.ts'
import { mayCreateDatabase } from './reach.ts'
import { commands } from './registry.ts'
import { answerBusy } from './socket.ts'

/** Commands print their links; nothing that they do sends mail. */
const noMail: Outbox = {
  configured: false,
  send: () => Promise.reject(new Error('Commands send no mail.')),
}

/** Runs a command in this process, which has the database for itself as long. */
export async function runHere(config: Config, asked: { name: string; args: unknown }, print: Print): Promise<Outcome> {
  const mayCreate = mayCreateDatabase(asked.name)
  const database = await openDatabase(openOptions(config, mayCreate))
  if (database.lock) answerBusy(database.lock.server)
  if (mayCreate) noteDatabase(config)
  // Links lead to where the service is, which the environment of a command need not name.
  const publicUrl = (await readPublicUrl(database.db)) ?? config.publicUrl
  // No browser is served, so no console is needed.
  const options = { ...config, publicUrl, consoleFolder: '', publishes: false }
  const wired = await wire(options, database, noMail, createLog('silent'))
  try {
    const context = commandContext(wired, database, describeDatabase(config))
    return await dispatch([...commands, importAll], context, asked, print)
  } finally {
    await wired.close()
  }
}
