import { setTimeout } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'

/** How long a change of a table waits for its lock, how long it lets others pass then, and how often it is tried. */
const lockMs = 1000
const pauseMs = 1000
const tries = 60

const lockNotAvailable = '55P03'

/**
 * Applies what is pending, in one transaction; `db` is one connection. A change of a table waits for whoever reads it (a
 * backup, an export), and all who come later wait behind it, the running processes among them: so it gives up soon,
 * lets them pass, and tries again.
 */
export async function applyMigrations<Tables>(
  db: Kysely<Tables>,
  migrations: Record<string, Migration>,
): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  await sql`set lock_timeout = ${sql.lit(lockMs)}`.execute(db)
  try {
    for (let tried = 1; ; tried += 1) {
      const { error, results = [] } = await migrator.migrateToLatest()
      if (!error) return results.map((it) => it.migrationName)
      if ((error as { code?: unknown }).code !== lockNotAvailable || tried === tries) throw error
      await setTimeout(pauseMs)
    }
  } finally {
    await sql`set lock_timeout = 0`.execute(db)
  }
}
