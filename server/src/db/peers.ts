import { sql } from 'kysely'
import type { Peer } from '../features/propagation/rules.ts'
import type { Database } from './change.ts'

/** What a process tells of itself or of a verifier that asked it. */
export interface SeenPeer extends Omit<Peer, 'confirmed'> {
  /** Saves that it came to obey since it was told of last, and how long ago it did. */
  confirmed: readonly { number: number; version: number; agoMs: number }[]
}

interface Row {
  name: string
  kind: Peer['kind']
  applied: number
  allowance_ms: number
  seen_ago_ms: number
  number: number | null
  version: number | null
  after_ms: number | null
}

const toPeer = (row: Row): Peer => ({
  name: row.name,
  kind: row.kind,
  applied: row.applied,
  allowanceMs: row.allowance_ms,
  seenAgoMs: row.seen_ago_ms,
  ...(row.number !== null &&
    row.version !== null &&
    row.after_ms !== null && { confirmed: { number: row.number, version: row.version, afterMs: row.after_ms } }),
})

export type Peers = ReturnType<typeof peers>

/** The processes and verifiers of this instance, known to all of them by the database. */
export const peers = (db: Database) => ({
  record: async (batch: readonly SeenPeer[]): Promise<void> => {
    await sql`select record_peers(${JSON.stringify(batch)}::jsonb)`.execute(db)
  },

  forget: async (name: string): Promise<void> => {
    await sql`select forget_peer(${name})`.execute(db)
  },

  /** Those that were seen within an hour, 1,000 at most, servers first, with what each obeys of one organization. */
  find: async (organizationId: string): Promise<Peer[]> =>
    (
      await sql<Row>`select name, kind, applied, allowance_ms, seen_ago_ms, number, version, after_ms
        from find_peers(${organizationId})`.execute(db)
    ).rows.map(toPeer),
})
