import { Kysely, PostgresDialect, type PostgresPool } from 'kysely'
import type { Database } from './change.ts'
import { embeddedFolder } from './data-folder.ts'
import { Turns } from './embedded/turns.ts'
import { type DatabaseFacts, databaseFacts } from './facts.ts'
import { lockFolder } from './folder-lock.ts'
import { pendingMigrations, serviceRole } from './migrate.ts'
import type { OpenOptions } from './open.ts'
import { PrimaryPool } from './postgres/pool.ts'
import { refuseTransactionPooling } from './postgres/pooling.ts'
import type { Tables } from './tables.ts'

export interface Inspection {
  facts: DatabaseFacts
  /** Migrations that are still to do. */
  pending: string[]
}

/** `service` answers for the role that serves, `owner` for the schema. */
export const inspect = async (service: Database, owner: Database): Promise<Inspection> => ({
  facts: await databaseFacts(service),
  pending: await pendingMigrations(owner),
})

/** Asks a database about itself and changes nothing: no migration, no role. The embedded one must not be running. */
export const inspectDatabase = ({ databaseUrl, dataFolder, migrationUrl }: OpenOptions): Promise<Inspection> =>
  databaseUrl === undefined ? inspectEmbedded(dataFolder) : inspectPostgres(databaseUrl, migrationUrl ?? databaseUrl)

const databaseOver = (pool: PostgresPool): Database => new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })

async function inspectEmbedded(dataFolder: string): Promise<Inspection> {
  const lock = await lockFolder(dataFolder)
  const turns = new Turns({ folder: embeddedFolder(dataFolder), synced: true }, serviceRole)
  try {
    const owner = databaseOver(turns.poolFor('owner'))
    return await inspect(owner, owner)
  } finally {
    await turns.close()
    await lock.release()
  }
}

async function inspectPostgres(serviceUrl: string, ownerUrl: string): Promise<Inspection> {
  for (const url of new Set([serviceUrl, ownerUrl])) await refuseTransactionPooling(url)
  const service = new PrimaryPool({ url: serviceUrl, max: 1, name: 'portcullis doctor' })
  const owner = new PrimaryPool({ url: ownerUrl, max: 1, name: 'portcullis doctor' })
  try {
    return await inspect(databaseOver(service), databaseOver(owner))
  } finally {
    await Promise.all([service.end(), owner.end()])
  }
}
