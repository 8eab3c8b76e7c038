import type { Config } from '../config.ts'
import { FolderHeld } from '../db/folder-lock.ts'
import { type OpenDatabase, openDatabase } from '../db/open.ts'
import type { Print } from './command.ts'
import { noteDatabase } from './note-database.ts'
import { openOptions } from './open-options.ts'

/** Undefined when a running instance holds the embedded folder: it has migrated it when it started. */
async function migrated(config: Config): Promise<Pick<OpenDatabase, 'migrated' | 'weakWall'> | undefined> {
  try {
    const database = await openDatabase(openOptions(config, true))
    await database.close()
    noteDatabase(config)
    return database
  } catch (error) {
    if (error instanceof FolderHeld) return undefined
    throw error
  }
}

/** Brings the schema up to date and exits: for deployments that do so before the new version starts. */
export async function migrate(config: Config, print: Print): Promise<void> {
  const done = await migrated(config)
  if (!done)
    return print('A running instance holds the data folder; it brought the database up to date when it started.')
  const { applied, ahead, wall } = done.migrated
  if (ahead) print('The database was brought further by a newer version, and is left as it is.')
  else if (applied.length === 0) print('The database is up to date.')
  for (const name of applied) print(`done  ${name}`)
  if (!wall) print('warning: no role could be made for the service, so row-level security does not bind it (O1).')
  else if (done.weakWall) {
    print('warning: PORTCULLIS_MIGRATION_URL is unset, so the service logs in as the owner of the tables (O1).')
  }
}
