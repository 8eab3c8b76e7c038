import { sql } from 'kysely'
import type { Database } from '../change.ts'
import { tableNames } from '../grants.ts'

const firstMs = 5 * 60_000
const everyMs = 60 * 60_000

/**
 * The embedded PostgreSQL has no autovacuum, since it has no processes beside its one session: without this, every
 * recorded use would leave a dead row for good, and queries would be planned without statistics. One table at a time,
 * so that others get their turn in between.
 */
export async function sweep(owner: Database): Promise<void> {
  for (const table of tableNames) await sql`vacuum (analyze) ${sql.table(table)}`.execute(owner)
}

/** Sweeps every hour. A sweep that fails (the database was closed meanwhile) is left to the next one. */
export function keepHouse(owner: Database): () => void {
  let timer: NodeJS.Timeout
  const again = (afterMs: number) => {
    timer = setTimeout(() => {
      sweep(owner)
        .catch(() => undefined)
        .finally(() => again(everyMs))
    }, afterMs)
    timer.unref()
  }
  again(firstMs)
  return () => {
    clearTimeout(timer)
  }
}
