import type { Config } from '../config.ts'
import { openDatabase } from '../db/open.ts'
import type { Print } from './command.ts'
import { openOptions } from './reach.ts'

/** Brings the schema up to date and exits: for deployments that do so before the new version starts. */
export async function migrate(config: Config, print: Print): Promise<void> {
  const { migrated, weakWall, close } = await openDatabase(openOptions(config))
  await close()
  const { applied, ahead, wall } = migrated
  if (ahead) print('The database was brought further by a newer version, and is left as it is.')
  else if (applied.length === 0) print('The database is up to date.')
  for (const name of applied) print(`done  ${name}`)
  if (!wall) print('warning: no role could be made for the service, so row-level security does not bind it (O1).')
  else if (weakWall && config.database.kind === 'postgres') {
    print('warning: PORTCULLIS_MIGRATION_URL is unset, so the service logs in as the owner of the tables (O1).')
  }
}
