import { existsSync, renameSync, rmSync } from 'node:fs'
import { Kysely, PostgresDialect, sql } from 'kysely'
import type { Database } from './change.ts'
import { embeddedFolder, OperatorError, prepareDataFolder, protectDataFolder } from './data-folder.ts'
import { embeddedFeed } from './embedded/feed-source.ts'
import { keepHouse } from './embedded/housekeeping.ts'
import { Session } from './embedded/session.ts'
import { syncTree } from './embedded/synced-folder.ts'
import { Turns } from './embedded/turns.ts'
import type { FeedSource } from './feed.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import { findMissingRights } from './grants.ts'
import { type Load, lentInTurns } from './lending.ts'
import { doneMigrations, type Migrated, migrate, pendingMigrations, serviceRole } from './migrate.ts'
import { defaultStatementMs } from './postgres/connect.ts'
import { PostgresFeed } from './postgres/feed-source.ts'
import { PrimaryPool } from './postgres/pool.ts'
import { refuseTransactionPooling } from './postgres/pooling.ts'
import type { Tables } from './tables.ts'

export interface OpenDatabase {
  kind: 'embedded' | 'postgres'
  /** The service's own access, behind the wall: it owns nothing, and row-level security binds it (O1). */
  db: Database
  /** The owner's access, past the wall: for migrations and operator commands alone. */
  owner: Database
  feed: FeedSource
  migrated: Migrated
  /** One login both owns the tables and serves, so the second wall for O1 is weaker (or, without a role, not there). */
  weakWall: boolean
  /** The embedded folder's lock with the socket for commands. */
  lock?: FolderLock
  /** The service's connections, at most. */
  connections: number
  /** How busy they are. */
  load: () => Load
  /** False where the service's connections lead to a standby or a read-only database. */
  isWritable: () => boolean
  close: () => Promise<void>
}

export interface OpenOptions {
  /** PostgreSQL; undefined: the embedded database in `dataFolder`. */
  databaseUrl?: string | undefined
  dataFolder: string
  /** The owner of the tables; undefined: `databaseUrl` does both. */
  migrationUrl?: string | undefined
  /** Tests, which never lose power, need not wait for the disk at each commit of the embedded database. */
  synced?: boolean
  /** Connections of the service's pool. */
  poolSize?: number
  /** Longest statement of the service. */
  statementMs?: number
  /** False: a database that was never made is an error, since the command was meant for another one. */
  mayCreate?: boolean
}

const kysely = (dialect: PostgresDialect): Database => new Kysely<Tables>({ dialect })

/** Opens the database and brings its schema up to date. Rejects when it is away: trying again is the caller's. */
export const openDatabase = (options: OpenOptions): Promise<OpenDatabase> =>
  options.databaseUrl === undefined ? openEmbedded(options) : openPostgres(options.databaseUrl, options)

async function openEmbedded(options: OpenOptions): Promise<OpenDatabase> {
  const { dataFolder, synced = true, statementMs, mayCreate = true } = options
  prepareDataFolder(dataFolder, mayCreate)
  const lock = await lockFolder(dataFolder)
  const folder = embeddedFolder(dataFolder)
  const turns = new Turns({ folder, synced }, serviceRole, statementMs ?? defaultStatementMs)
  const owner = kysely(new PostgresDialect({ pool: turns.poolFor('owner') }))
  const { pool, load } = lentInTurns(turns.poolFor('service'), 1, () => turns.load)
  const stopHousekeeping = keepHouse(owner)
  const close = async () => {
    stopHousekeeping()
    await turns.close()
    await lock.release()
  }
  try {
    if (!existsSync(folder)) {
      await make(folder, synced)
      protectDataFolder(dataFolder)
    }
    const migrated = await migrate(owner)
    return {
      kind: 'embedded',
      db: kysely(new PostgresDialect({ pool })),
      owner,
      feed: embeddedFeed(turns),
      migrated,
      weakWall: false,
      lock,
      connections: 1,
      load,
      // The feed, which uses the same session, says so.
      isWritable: () => true,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Makes a new database beside its place and moves it there whole: a first start that is killed leaves no ruin. */
async function make(folder: string, synced: boolean): Promise<void> {
  const making = `${folder}.making`
  rmSync(making, { recursive: true, force: true })
  const session = await Session.open({ folder: making, synced }, () => undefined)
  await session.close()
  if (synced) syncTree(making)
  renameSync(making, folder)
}

async function openPostgres(
  url: string,
  { migrationUrl, poolSize = 10, statementMs, mayCreate = true }: OpenOptions,
): Promise<OpenDatabase> {
  const ownerPool = new PrimaryPool({ url: migrationUrl ?? url, max: 2, name: 'portcullis owner', statementMs: 0 })
  const owner = kysely(new PostgresDialect({ pool: ownerPool }))
  try {
    for (const address of new Set([url, migrationUrl ?? url])) await refuseTransactionPooling(address)
    const mayNotOwn = migrationUrl === undefined && (await isServiceLogin(owner))
    const login =
      mayNotOwn || (migrationUrl !== undefined && !isSameLogin(url, migrationUrl)) ? await loginOf(url) : undefined
    if (!mayCreate) await requireSchema(owner, url)
    const migrated = mayNotOwn ? await requireMigrated(owner) : await migrate(owner, login?.name)
    const role = login === undefined && migrated.wall ? serviceRole : undefined
    const connections = new PrimaryPool({ url, role, max: poolSize, name: 'portcullis', statementMs })
    const { pool, load } = lentInTurns(connections, poolSize, () => connections.load)
    const feed = new PostgresFeed(url, role, () => connections.retireAll())
    return {
      kind: 'postgres',
      db: kysely(new PostgresDialect({ pool })),
      get owner() {
        if (!mayNotOwn) return owner
        // Its reads would silently be empty: row-level security shows this login nothing.
        throw new OperatorError(needsOwner)
      },
      feed,
      migrated,
      weakWall: login === undefined || login.powerful,
      connections: poolSize,
      load,
      isWritable: () => connections.isWritable,
      close: async () => {
        await feed.close()
        await Promise.all([connections.end(), ownerPool.end()])
      },
    }
  } catch (error) {
    await ownerPool.end()
    throw withCode(error)
  }
}

const needsOwner =
  'This command needs the owner of the tables, and DATABASE_URL names a login that owns none. Set PORTCULLIS_MIGRATION_URL.'

/** Whether this login can only serve: the tables are there, and they are another's. */
async function isServiceLogin(db: Database): Promise<boolean> {
  const found = await sql<{ foreign: boolean }>`
    select not (rolsuper or pg_has_role(current_user, relowner, 'member')) as foreign
    from pg_roles, pg_class where rolname = current_user and pg_class.oid = to_regclass('public.organizations')`.execute(
    db,
  )
  return found.rows[0]?.foreign === true
}

/** For commands that do not create a database: one in which there are no tables was not the one that was meant. */
async function requireSchema(db: Database, url: string): Promise<void> {
  if ((await doneMigrations(db)).length > 0) return
  throw new OperatorError(
    `There is no Portcullis in the database ${new URL(url).pathname.slice(1)}, and this command does not create one. ` +
      'Correct DATABASE_URL, or run `portcullis migrate` first.',
  )
}

/** What `migrate` answers, for a login that may not migrate: the owner must have done it before. */
async function requireMigrated(db: Database): Promise<Migrated> {
  const missing = (await findMissingRights(db)).map((table) => table.replace('public.', ''))
  const pending = missing.length === 0 ? await pendingMigrations(db) : []
  if (missing.length + pending.length === 0) return { applied: [], ahead: false, wall: true }
  const why =
    pending.length > 0
      ? `The database is not up to date (pending: ${pending.join(', ')})`
      : `The login of DATABASE_URL lacks rights in the database (on ${missing.join(', ')})`
  throw new OperatorError(
    `${why}, and that login does not own the tables. Run \`portcullis migrate\` with PORTCULLIS_MIGRATION_URL set to their owner.`,
    1,
  )
}

/** `pg` gives its own time-outs and broken connections no code; what waits for the database goes by codes. */
function withCode(error: unknown): unknown {
  if (error instanceof Error && !('code' in error) && /timeout|terminated|Client has encountered/i.test(error.message))
    return Object.assign(error, { code: 'ETIMEDOUT' })
  return error
}

/** Two addresses with one login: the service would log in as the owner, so it takes on a role as if there were one address. */
const isSameLogin = (url: string, migrationUrl: string) => new URL(url).username === new URL(migrationUrl).username

/** The role that the service logs in as, to which the owner grants what it needs; `powerful`: no wall would bind it. */
async function loginOf(url: string): Promise<{ name: string; powerful: boolean }> {
  const pool = new PrimaryPool({ url, max: 1, name: 'portcullis' })
  try {
    const rows = await pool.query<{ name: string; powerful: boolean }>(`
      select rolname::text as name, rolsuper or rolbypassrls
        or exists (select from pg_tables where schemaname = 'public' and pg_has_role(tableowner, 'member')) as powerful
      from pg_roles where rolname = current_user`)
    return rows[0] as { name: string; powerful: boolean }
  } finally {
    await pool.end()
  }
}
