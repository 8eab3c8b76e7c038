import { randomBytes } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import type { Database, Writer } from './change.ts'
import { doneMigrations } from './migrate.ts'
import type { Tables } from './tables.ts'

type Dumped = { order: string } | { left: string }

/**
 * What an export takes of each table, in the order in which foreign keys let it be put back; a table that is missing
 * here does not compile. `order` is the primary key, in whose order a server is read. `left` says why a table stays behind.
 */
export const dumped: Record<keyof Tables, Dumped> = {
  users: { order: 'id' },
  user_credentials: { order: 'id' },
  two_factors: { order: 'id' },
  organizations: { order: 'id' },
  accounts: { order: 'id' },
  groups: { order: 'id' },
  group_members: { order: 'group_id, account_id' },
  token_settings: { order: 'organization_id' },
  selected_groups: { order: 'organization_id, group_id' },
  invitations: { order: 'id' },
  tokens: { order: 'id' },
  token_secrets: { order: 'hash' },
  token_uses: { order: 'token_id, day' },
  token_last_uses: { order: 'token_id' },
  expiry_notices: { order: 'token_id, issued_at, days' },
  expiry_digests: { order: 'organization_id, day' },
  oauth_providers: { order: 'id' },
  provider_keys: { order: 'provider_id' },
  account_mappings: { order: 'id' },
  preview_settings: { order: 'organization_id' },
  preview_choices: { order: 'organization_id, feature_key' },
  preview_feedback: { order: 'id' },
  catalogues: { order: 'number' },
  audit_events: { order: 'organization_id, sequence' },
  sessions: { left: 'holds what signs somebody in, in clear; people sign in again' },
  verifications: { left: 'pending sign-ins and links to choose a password, gone within the hour' },
  mails: { left: 'mails that wait to leave, which a copy must not send a second time, and the results of sent ones' },
  fresh_starts: { left: 'requests that wait for a day; they can be made again' },
  rate_limits: { left: 'counted attempts, of no use elsewhere' },
  setups: { left: 'links of a first start, void once there is an organization' },
  instance: { left: 'where this instance is; another one saves its own address when it starts' },
  feed: { left: 'what processes of this instance must forget; others remember nothing of it' },
  feed_head: { left: 'goes into the header, since numbers never go back' },
  peers: { left: 'processes and verifiers that were seen within the hour' },
  confirmations: { left: 'what those were seen to obey' },
}

interface Taken {
  table: keyof Tables
  order: string
}

/** The tables of an export, those first to which others refer. */
export const takenTables: readonly Taken[] = Object.entries(dumped).flatMap(([table, it]) =>
  'order' in it ? [{ table: table as keyof Tables, order: it.order }] : [],
)

/** All of an instance at one moment. */
export interface Snapshot {
  migrations: string[]
  feedHead: number
  tables: Record<string, { columns: string[]; rows: number }>
  /** The rows of a table as JSON text, written by PostgreSQL so that nothing is lost on the way; some at a time. */
  rowsOf: (table: string) => AsyncGenerator<string[]>
}

/** The columns of each table that is taken, in their order. */
export async function columnsOfTaken(db: Database): Promise<Map<string, string[]>> {
  const found = await sql<{ table: string; columns: string[] }>`
    select c.relname::text as table, jsonb_agg(a.attname order by a.attnum) as columns
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relname in (${sql.join(takenTables.map((it) => it.table))})
    group by c.relname`.execute(db)
  return new Map(found.rows.map((it) => [it.table, it.columns]))
}

/** `counted` names where the rows of a table are counted. */
async function factsOf(
  db: Database,
  feedHead: number,
  counted: (table: string) => RawBuilder<unknown> = sql.table,
): Promise<Omit<Snapshot, 'rowsOf'>> {
  const columns = await columnsOfTaken(db)
  const tables: Snapshot['tables'] = {}
  for (const { table } of takenTables) {
    const found = await sql<{ rows: number }>`select count(*) as rows from ${counted(table)}`.execute(db)
    tables[table] = { columns: columns.get(table) ?? [], rows: found.rows[0]?.rows ?? 0 }
  }
  return { migrations: (await doneMigrations(db)).toSorted(), feedHead, tables }
}

const readHead = async (tx: Writer): Promise<number> =>
  (await tx.selectFrom('feed_head').select('head').executeTakeFirstOrThrow()).head

/** So much is read at a time: rows by number from a server, blocks of 8 KiB from the embedded database. */
const rowsAtOnce = 500
const blocksAtOnce = 32
const blockBytes = 8192

type Work<T> = (snapshot: Snapshot) => Promise<T>

/**
 * Shows all of an instance as it was at one moment, past the wall (`owner`), while others go on changing it. Nothing but
 * what `work` holds is in memory.
 */
export const dump = <T>(kind: 'embedded' | 'postgres', owner: Database, work: Work<T>): Promise<T> =>
  kind === 'postgres' ? dumpOverCursors(owner, work) : dumpByCopy(owner, work)

const atOneMoment = (owner: Database) => owner.transaction().setIsolationLevel('repeatable read')

/** One transaction from the first row to the last; others have connections of their own. */
function dumpOverCursors<T>(owner: Database, work: Work<T>): Promise<T> {
  return atOneMoment(owner).execute(async (tx) => {
    // Whoever takes the rows may write them to a slow disk.
    await sql`set local idle_in_transaction_session_timeout = 0`.execute(tx)
    await sql`set local timezone = 'UTC'`.execute(tx)
    const facts = await factsOf(tx, await readHead(tx))
    const rowsOf = async function* (table: string) {
      const { order } = takenTables.find((it) => it.table === table) as Taken
      await sql`declare exported no scroll cursor for
        select to_jsonb(t)::text as row from ${sql.table(table)} t order by ${sql.raw(order)}`.execute(tx)
      for (;;) {
        const { rows } = await sql<{ row: string }>`fetch ${sql.lit(rowsAtOnce)} from exported`.execute(tx)
        if (rows.length === 0) break
        yield rows.map((it) => it.row)
      }
      await sql`close exported`.execute(tx)
    }
    return work({ ...facts, rowsOf })
  })
}

/**
 * The embedded database has one session, and whoever holds it keeps the gate waiting. So the tables are copied inside the
 * database, which is some twenty times as quick as reading them (unsorted, since sorting is half of the work), and read
 * from the copies in turns with everybody else.
 */
async function dumpByCopy<T>(owner: Database, work: Work<T>): Promise<T> {
  // Temporary tables are found before others, so a copy must not bear the name of what it copies.
  const mark = randomBytes(6).toString('hex')
  const copyOf = (table: string) => sql.table(`exported_${mark}_${table}`)
  const feedHead = await atOneMoment(owner).execute(async (tx) => {
    for (const { table } of takenTables) {
      await sql`create temporary table ${copyOf(table)} as table ${sql.table(table)}`.execute(tx)
    }
    return readHead(tx)
  })
  const rowsOf = async function* (table: string) {
    const copy = copyOf(table)
    const sized = await sql<{
      bytes: number
    }>`select pg_relation_size(${`exported_${mark}_${table}`}::regclass) as bytes`
    const bytes = (await sized.execute(owner)).rows[0]?.bytes ?? 0
    for (let block = 0; block * blockBytes < bytes; block += blocksAtOnce) {
      const { rows } = await sql<{ row: string }>`select to_jsonb(t)::text as row from ${copy} t
        where ctid >= ${`(${block},0)`}::tid and ctid < ${`(${block + blocksAtOnce},0)`}::tid`.execute(owner)
      if (rows.length > 0) yield rows.map((it) => it.row)
    }
  }
  try {
    return await work({ ...(await factsOf(owner, feedHead, copyOf)), rowsOf })
  } finally {
    for (const { table } of takenTables) await sql`drop table if exists ${copyOf(table)}`.execute(owner)
  }
}
