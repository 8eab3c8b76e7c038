import { type Kysely, sql } from 'kysely'

/**
 * Whether a person's address is proven (O11). Nobody is after this migration: earlier versions marked every address as
 * verified, also where an admin had only been shown the link. Better Auth's `email_verified` stays for the version
 * before, and nothing reads it. `fresh_starts` holds requests to start a person's sign-in again (O12); `secret_hash` is
 * that of the mailed invitation which asked.
 */
const statements = [
  'alter table users add column email_proven_at timestamptz',
  'alter table invitations add column refused_attempts integer not null default 0',
  'alter table invitations add column refused_secret_hash text',
  `create table fresh_starts (
    secret_hash text primary key, user_id text not null references users on delete cascade, requested_at timestamptz not null,
    ready_at timestamptz not null, stopped_at timestamptz)`,
  'create index fresh_starts_by_user on fresh_starts (user_id)',
  /* When a fresh start of this person becomes possible, while its invitation is open; the inviting organization stays hidden. */
  `create function find_fresh_start(wanted_user text) returns timestamptz
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
      select min(f.ready_at) from public.fresh_starts f join public.invitations i on i.secret_hash = f.secret_hash
      where f.user_id = wanted_user and f.stopped_at is null and i.expires_at > now() $$`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
