import { sql } from 'kysely'
import type { Database, Writer } from './change.ts'

export type Setups = ReturnType<typeof setups>

/** The one-time links of a first start; they come before any organization, so they stand outside its wall. */
export const setups = (db: Database) => ({
  /** Several may be open at once: each process of a new instance prints its own. */
  issue: async (it: { hash: string; at: Date; expiresAt: Date }): Promise<void> => {
    await db.deleteFrom('setups').where('expires_at', '<=', it.at).execute()
    await db
      .insertInto('setups')
      .values({ secret_hash: it.hash, created_at: it.at, expires_at: it.expiresAt })
      .execute()
  },
  /** When the link with this hash expires; undefined when there is none. */
  expiryOf: async (hash: string): Promise<Date | undefined> => {
    const row = await db.selectFrom('setups').select('expires_at').where('secret_hash', '=', hash).executeTakeFirst()
    return row?.expires_at
  },
})

/** Uses a link up, and every other one with it; false when it was not there, or its time has passed. */
export async function useSetup(tx: Writer, hash: string, at: Date): Promise<boolean> {
  const gone = await tx.deleteFrom('setups').returning(['secret_hash', 'expires_at']).execute()
  return gone.some((it) => it.secret_hash === hash && it.expires_at > at)
}

/**
 * Is there still no organization? True until commit: whoever founds the first one waits here for its turn, so that two
 * links, or two processes that start, never found two. The number is ours alone and means nothing.
 */
export async function isFirstStart(tx: Writer): Promise<boolean> {
  await sql`select pg_advisory_xact_lock(7077001)`.execute(tx)
  const found = await sql<{ count: number }>`select organization_count() as count`.execute(tx)
  return Number(found.rows[0]?.count ?? 0) === 0
}
