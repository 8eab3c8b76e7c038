import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

type Privilege = 'select' | 'insert' | 'update' | 'delete'
const all = ['select', 'insert', 'update', 'delete'] as const

/**
 * What the service may do to each table, row-level security apart: the least that it needs. A table that is missing here
 * does not compile. Audit events can only be added (A2), tokens and accounts are never deleted; the feed, the
 * counters of use, the notices of expirations and the peers are reached through functions alone.
 */
const privileges: Record<keyof Tables, readonly Privilege[]> = {
  organizations: ['select', 'insert', 'update'],
  token_settings: ['select', 'insert', 'update'],
  selected_groups: ['select', 'insert', 'delete'],
  accounts: ['select', 'insert', 'update'],
  invitations: all,
  mails: ['select', 'insert', 'delete'],
  groups: all,
  group_members: all,
  tokens: ['select', 'insert', 'update'],
  token_secrets: ['select', 'insert', 'update'],
  token_uses: ['select'],
  token_last_uses: ['select'],
  expiry_notices: [],
  expiry_digests: [],
  oauth_providers: all,
  provider_keys: all,
  account_mappings: all,
  preview_settings: ['select', 'insert', 'update'],
  preview_choices: ['select', 'insert', 'delete'],
  preview_feedback: ['select', 'insert'],
  catalogues: [],
  audit_events: ['select', 'insert'],
  feed: [],
  feed_head: [],
  peers: [],
  confirmations: [],
  setups: all,
  instance: ['select', 'insert', 'update'],
  users: all,
  sessions: all,
  user_credentials: all,
  verifications: all,
  two_factors: all,
  fresh_starts: all,
  rate_limits: all,
}

/** Every table, by name. */
export const tableNames = Object.keys(privileges)

/**
 * Gives `role` exactly what stands above, whatever it had before, and execution of the functions that it calls; takes
 * both from everybody else. One statement, since every start of a process does this. Without a role (a database where
 * none could be made) the owner serves, and others are still kept out.
 */
export async function grantTo(db: Kysely<unknown>, role: string | undefined): Promise<void> {
  const grantee = role === undefined ? undefined : sql.id(role)
  const others = grantee ? sql`${grantee}, public` : sql`public`
  const statements = Object.entries(privileges).flatMap(([table, granted]) => [
    sql`revoke all on ${sql.table(table)} from ${others}`,
    ...(grantee && granted.length > 0
      ? [sql`grant ${sql.raw(granted.join(', '))} on ${sql.table(table)} to ${grantee}`]
      : []),
  ])
  for (const signature of await calledFunctions(db)) {
    statements.push(sql`revoke all on function ${sql.raw(signature)} from public`)
    if (grantee) statements.push(sql`grant execute on function ${sql.raw(signature)} to ${grantee}`)
  }
  if (grantee) statements.push(sql`grant usage on schema public to ${grantee}`)
  await sql`do $grants$ begin ${sql.join(statements, sql.raw('; '))}; end $grants$`.execute(db)
}

/** The tables on which the current login lacks a right that the service needs. */
export async function findMissingRights(db: Kysely<Tables>): Promise<string[]> {
  const needed = Object.entries(privileges).flatMap(([table, granted]) =>
    granted.map((privilege) => sql`(${`public.${table}`}, ${privilege})`),
  )
  const found = await sql<{ table: string }>`
    select distinct needed."table" as "table" from (values ${sql.join(needed)}) as needed ("table", privilege)
    where not coalesce(has_table_privilege(to_regclass(needed."table"), needed.privilege), false) order by 1`.execute(
    db,
  )
  return found.rows.map(({ table }) => table)
}

/** The signatures of all SECURITY DEFINER functions of the schema and of `begin_change`, quoted where they must be. */
async function calledFunctions(db: Kysely<unknown>): Promise<string[]> {
  const found = await sql<{ signature: string }>`
    select oid::regprocedure::text as signature from pg_proc
    where (prosecdef or proname = 'begin_change') and pronamespace = 'public'::regnamespace order by 1`.execute(db)
  return found.rows.map((it) => it.signature)
}
