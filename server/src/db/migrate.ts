import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { applyMigrations } from './apply-migrations.ts'
import { grantTo } from './grants.ts'
import * as first from './migrations/001-first.ts'
import * as tokensByName from './migrations/002-tokens-by-name.ts'
import * as expiryNotices from './migrations/003-expiry-notices.ts'
import * as externalTokens from './migrations/004-external-tokens.ts'
import * as previewFeatures from './migrations/005-preview-features.ts'
import * as manyProcesses from './migrations/006-many-processes.ts'
import * as publicAddress from './migrations/007-public-address.ts'
import * as mails from './migrations/008-mails.ts'
import * as provenAddresses from './migrations/009-proven-addresses.ts'
import * as issuers from './migrations/010-issuers.ts'
import * as judgedChanges from './migrations/011-judged-changes.ts'
import * as beforeStop from './migrations/012-before-stop.ts'
import * as readPosition from './migrations/013-read-position.ts'
import type { Tables } from './tables.ts'

/** Every migration, in order. Named here rather than found in a folder, so that what runs can be read. */
const migrations: Record<string, Migration> = {
  '001-first': first,
  '002-tokens-by-name': tokensByName,
  '003-expiry-notices': expiryNotices,
  '004-external-tokens': externalTokens,
  '005-preview-features': previewFeatures,
  '006-many-processes': manyProcesses,
  '007-public-address': publicAddress,
  '008-mails': mails,
  '009-proven-addresses': provenAddresses,
  '010-issuers': issuers,
  '011-judged-changes': judgedChanges,
  '012-before-stop': beforeStop,
  '013-read-position': readPosition,
}

/** The role that the service takes on when its login owns the tables. One per cluster; databases share it. */
export const serviceRole = 'portcullis_service'

/** Ours alone in this database, whoever else uses advisory locks: 'port' in ASCII. */
const lockKey = 0x706f7274

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? '')
const insufficientPrivilege = '42501'
/** There is no such role: said by `set role`, and by `grant`. */
const noRole = ['22023', '42704']
/** Another database of the cluster made the same role, or granted it, in the same moment. */
const racing = ['42710', '23505', 'XX000']

export interface Migrated {
  applied: string[]
  /** A newer version has been here. Its schema works for us too (rolling restarts), and is left alone. */
  ahead: boolean
  /** Whether the service can be held by the wall: false when no role could be made for it. */
  wall: boolean
}

/**
 * Brings the schema up to date and gives the service its rights. `db` is the owner's. Of several processes that start
 * together one works and the others wait for it. `loginRole` is the service's own login if it has one; otherwise
 * `portcullis_service` is made, for the service to take on.
 */
export const migrate = (db: Kysely<Tables>, loginRole?: string): Promise<Migrated> =>
  db.connection().execute(async (connection) => {
    // Also for the grants: two processes that alter the same privileges disturb each other.
    await sql`select pg_advisory_lock(${sql.lit(lockKey)})`.execute(connection)
    try {
      return await migrateAlone(connection, loginRole)
    } finally {
      await sql`select pg_advisory_unlock(${sql.lit(lockKey)})`.execute(connection)
    }
  })

async function migrateAlone(db: Kysely<Tables>, loginRole: string | undefined): Promise<Migrated> {
  const role = loginRole ?? ((await canTakeOn(db, serviceRole)) ? serviceRole : undefined)
  const wall = role !== undefined
  if (await isAhead(db)) return { applied: [], ahead: true, wall }
  const applied = await applyMigrations(db, migrations)
  await noteMigrations(db)
  await grantTo(db as Kysely<unknown>, role)
  return { applied, ahead: false, wall }
}

/** What the schema says of itself. Kysely's table is its owner's alone; the note of it on `instance` is for everybody. */
async function readSchemaNote(db: Kysely<Tables>) {
  const found = await sql<{ exists: boolean; readable: boolean; noted: string | null }>`
    select migration is not null as exists, coalesce(has_table_privilege(migration, 'select'), false) as readable,
      obj_description(to_regclass('public.instance'), 'pg_class') as noted
    from to_regclass('public.kysely_migration') as migration`.execute(db)
  return found.rows[0] ?? { exists: false, readable: false, noted: null }
}

/** The migrations that a database has been through; none for an empty one. */
export async function doneMigrations(db: Kysely<Tables>): Promise<string[]> {
  const { exists, readable, noted } = await readSchemaNote(db)
  if (!exists) return []
  if (!readable) return JSON.parse(noted ?? '[]') as string[]
  const done = await sql<{ name: string }>`select name from public.kysely_migration order by name`.execute(db)
  return done.rows.map((it) => it.name)
}

/** So that a process with the service's login alone sees whether the schema is as its version wants it. */
async function noteMigrations(db: Kysely<Tables>): Promise<void> {
  const done = JSON.stringify(await doneMigrations(db))
  if ((await readSchemaNote(db)).noted !== done) await sql`comment on table instance is ${sql.lit(done)}`.execute(db)
}

const isAhead = async (db: Kysely<Tables>): Promise<boolean> =>
  (await doneMigrations(db)).some((name) => !(name in migrations))

/** What `migrate` would do, for `portcullis doctor`. */
export async function pendingMigrations(db: Kysely<Tables>): Promise<string[]> {
  const done = await doneMigrations(db)
  return Object.keys(migrations).filter((name) => !done.includes(name))
}

/** Makes the role if it is missing, and sees whether this login may take it on; managed databases may forbid either. */
async function canTakeOn(db: Kysely<Tables>, role: string): Promise<boolean> {
  const attempts = [
    async () => undefined,
    () => sql`create role ${sql.id(role)} nologin`.execute(db),
    () => sql`grant ${sql.id(role)} to current_user`.execute(db),
    () => sql`grant ${sql.id(role)} to current_user`.execute(db),
  ]
  for (const attempt of attempts) {
    try {
      await attempt()
    } catch (error) {
      if (![insufficientPrivilege, ...noRole, ...racing].includes(codeOf(error))) throw error
    }
    if (await taken(db, role)) return true
  }
  return false
}

async function taken(db: Kysely<Tables>, role: string): Promise<boolean> {
  try {
    await sql`set role ${sql.id(role)}`.execute(db)
    await sql`reset role`.execute(db)
    return true
  } catch (error) {
    if ([insufficientPrivilege, ...noRole].includes(codeOf(error))) return false
    throw error
  }
}
