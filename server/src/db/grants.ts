import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

type Privilege = 'select' | 'insert' | 'update' | 'delete'
const all = ['select', 'insert', 'update', 'delete'] as const

/**
 * What the service may do to each table, row-level security apart: the least that it needs. A table that is missing here
 * does not compile. Audit events can only be added (A2), tokens and accounts are never deleted, the feed and the
 * counters of use are reached through functions alone.
 */
const privileges: Record<keyof Tables, readonly Privilege[]> = {
  organizations: ['select', 'insert', 'update'],
  token_settings: ['select', 'insert', 'update'],
  selected_groups: ['select', 'insert', 'delete'],
  accounts: ['select', 'insert', 'update'],
  invitations: all,
  groups: all,
  group_members: all,
  tokens: ['select', 'insert', 'update'],
  token_secrets: ['select', 'insert', 'update'],
  token_uses: ['select'],
  token_last_uses: ['select'],
  audit_events: ['select', 'insert'],
  feed: [],
  feed_head: [],
  setups: all,
  users: all,
  sessions: all,
  user_credentials: all,
  verifications: all,
  two_factors: all,
  rate_limits: all,
}

/** Gives `role` exactly what stands above, whatever it had before, and execution of our SECURITY DEFINER functions. */
export async function grantTo(db: Kysely<unknown>, role: string): Promise<void> {
  const grantee = sql.id(role)
  await db.transaction().execute(async (tx) => {
    await sql`grant usage on schema public to ${grantee}`.execute(tx)
    for (const [table, granted] of Object.entries(privileges)) {
      await sql`revoke all on ${sql.table(table)} from ${grantee}, public`.execute(tx)
      if (granted.length === 0) continue
      await sql`grant ${sql.raw(granted.join(', '))} on ${sql.table(table)} to ${grantee}`.execute(tx)
    }
    for (const signature of await definerFunctions(tx)) {
      await sql`revoke all on function ${sql.raw(signature)} from public`.execute(tx)
      await sql`grant execute on function ${sql.raw(signature)} to ${grantee}`.execute(tx)
    }
  })
}

/** The signatures of all SECURITY DEFINER functions of the schema, quoted where they must be. */
async function definerFunctions(db: Kysely<unknown>): Promise<string[]> {
  const found = await sql<{ signature: string }>`
    select oid::regprocedure::text as signature from pg_proc
    where prosecdef and pronamespace = 'public'::regnamespace order by 1`.execute(db)
  return found.rows.map((it) => it.signature)
}
