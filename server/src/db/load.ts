import { sql } from 'kysely'
import type { Database, Writer } from './change.ts'
import { columnsOfTaken, type Snapshot, takenTables } from './dump.ts'
import { doneMigrations } from './migrate.ts'
import { isFirstStart } from './setups.ts'

/** Why an export is not put into this database; nothing was written. */
export class NotLoaded extends Error {
  override name = 'NotLoaded'
}

export type LoadedFacts = Omit<Snapshot, 'rowsOf'>
/** Rows in the order of their tables. */
export type RowBatches = AsyncIterable<{ table: string; rows: readonly string[] }>

/**
 * Puts an export into an empty database, in one transaction: all of it, or, whatever goes wrong, nothing. By the owner's
 * access, since the service may write into one organization alone.
 */
export const load = (owner: Database, facts: LoadedFacts, batches: RowBatches): Promise<void> =>
  owner.transaction().execute(async (tx) => {
    // Reading the file may take a while.
    await sql`set local idle_in_transaction_session_timeout = 0`.execute(tx)
    await mustBeEmpty(tx)
    await mustFit(tx, facts)
    // Links of a first start, and catalogues that an instance without organizations published.
    await tx.deleteFrom('setups').execute()
    await tx.deleteFrom('catalogues').execute()
    for await (const { table, rows } of batches) await insert(tx, facts, { table, rows })
    for (const { table } of takenTables) await mustBeComplete(tx, facts, table)
    await goOnAfter(tx, facts.feedHead)
    for (const { table } of takenTables) await sql`analyze ${sql.table(table)}`.execute(tx)
  })

/** Until commit nobody else founds a first organization. */
async function mustBeEmpty(tx: Writer): Promise<void> {
  const someone = await tx.selectFrom('users').select('id').limit(1).executeTakeFirst()
  if ((await isFirstStart(tx)) && !someone) return
  throw new NotLoaded('this database is in use; it has an organization or a person. Import into an empty one.')
}

async function mustFit(tx: Writer, { migrations, tables }: LoadedFacts): Promise<void> {
  const done = await doneMigrations(tx)
  const newer = migrations.filter((it) => !done.includes(it))
  if (newer.length > 0) {
    throw new NotLoaded(
      `the export is of a newer version (${newer.join(', ')}). Import it with that version or a later one.`,
    )
  }
  const known = await columnsOfTaken(tx)
  for (const [table, { columns }] of Object.entries(tables)) {
    const strange = columns.find((it) => !known.get(table)?.includes(it))
    if (!known.has(table) || strange !== undefined) {
      throw new NotLoaded(`the export has what this version does not know: ${table}${strange ? `.${strange}` : ''}.`)
    }
  }
}

/** An older version's rows lack newer columns; those take their defaults, as when that version still runs beside this one. */
async function insert(
  tx: Writer,
  { tables }: LoadedFacts,
  { table, rows }: { table: string; rows: readonly string[] },
) {
  const columns = sql.join((tables[table]?.columns ?? []).map((it) => sql.id(it)))
  try {
    await sql`insert into ${sql.table(table)} (${columns}) select ${columns}
      from jsonb_populate_recordset(null::${sql.table(table)}, ${`[${rows.join(',')}]`}::jsonb)`.execute(tx)
  } catch (error) {
    // Classes 22 and 23: values that are none, and rows that contradict others.
    if (!/^2[23]/.test(String((error as { code?: unknown }).code))) throw error
    throw new NotLoaded(`its rows of ${table} do not fit: ${(error as Error).message}.`)
  }
}

async function mustBeComplete(tx: Writer, { tables }: LoadedFacts, table: string): Promise<void> {
  const expected = tables[table]?.rows ?? 0
  const counted = await sql<{ rows: number }>`select count(*) as rows from ${sql.table(table)}`.execute(tx)
  const rows = counted.rows[0]?.rows
  if (rows !== expected) throw new NotLoaded(`the export promises ${expected} rows of ${table} and has ${rows}.`)
}

/**
 * Numbers of the feed never go back, and whoever followed either history must see that this is another one: one number
 * is left out, which makes processes forget everything, and the entry has a mark of its own.
 */
async function goOnAfter(tx: Writer, exportedHead: number): Promise<void> {
  const { rows } = await sql<{ head: number }>`
    update feed_head set head = greatest(head, ${exportedHead}::bigint) + 2 returning head`.execute(tx)
  const number = rows[0]?.head ?? 0
  await tx.insertInto('feed').values({ number, organization_id: '', forget: '[]', at: new Date() }).execute()
  await sql`select pg_notify('portcullis_feed', ${`${number}`})`.execute(tx)
}
