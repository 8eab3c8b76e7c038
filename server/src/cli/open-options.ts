import type { Config } from '../config.ts'
import type { OpenOptions } from '../db/open.ts'

/** How a command opens the database: like the service, with fewer connections. */
export const openOptions = (
  { database, dataFolder }: Pick<Config, 'database' | 'dataFolder'>,
  mayCreate = false,
): OpenOptions =>
  database.kind === 'postgres'
    ? { dataFolder, mayCreate, databaseUrl: database.url, migrationUrl: database.migrationUrl, poolSize: 2 }
    : { dataFolder, mayCreate }
