import { existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { Client as Connection } from 'pg'
import { expect, inject, onTestFinished, test } from 'vitest'
import { type OpenDatabase, openDatabase } from '../src/db/open.ts'
import { type DatabaseKind, newPostgresDatabase, openTestDatabase } from './databases.ts'
import { Chance, rounds } from './faults-rounds.ts'
import { type Place, Site } from './faults-site.ts'

const migrations = readdirSync(join(import.meta.dirname, '../src/db/migrations'))
  .map((it) => it.replace(/\.ts$/, ''))
  .toSorted()

/** Everything that the catalogue knows of our schema, as text. */
async function schemaOf({ owner }: OpenDatabase): Promise<string[]> {
  const { rows } = await sql<{ it: string }>`
    select 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || coalesce(column_default, '') as it
      from information_schema.columns where table_schema = 'public'
    union all select indexdef from pg_indexes where schemaname = 'public'
    union all select 'policy ' || tablename || ' ' || policyname || coalesce(qual, '') from pg_policies where schemaname = 'public'
    union all select 'function ' || oid::regprocedure || prosrc from pg_proc where pronamespace = 'public'::regnamespace
    union all select 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint
      where connamespace = 'public'::regnamespace
    union all select 'right ' || table_name || ' ' || privilege_type from information_schema.role_table_grants
      where table_schema = 'public' and grantee = 'portcullis_service'
    order by 1`.execute(owner)
  return rows.map((it) => it.it)
}

/** Each migration was done once, the schema is that of an undisturbed start, and the first admin is there once. */
async function expectMigratedOnce(place: Place, kind: DatabaseKind): Promise<void> {
  const undisturbed = await openTestDatabase(kind)
  const opened = await openDatabase(place)
  const done = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(opened.owner)
  expect(done.rows.map((it) => it.name)).toEqual(migrations)
  expect(await schemaOf(opened)).toEqual(await schemaOf(undisturbed))
  const users = await opened.owner.selectFrom('users').select('email').execute()
  expect(users).toEqual([{ email: 'ada@example.com' }])
  await opened.close()
  await undisturbed.drop()
}

async function expectWorking(site: Site): Promise<void> {
  await site.signIn()
  const { body } = await site.inside('POST', '/tokens', { name: 'ci' })
  expect(await site.decision(body.secret)).toBe('accepted')
}

async function newEmptyPlace(kind: DatabaseKind): Promise<Place> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'portcullis-data-'))
  if (kind === 'embedded') return { dataFolder }
  const { url, drop } = await newPostgresDatabase('template0')
  onTestFinished(drop)
  return { dataFolder, databaseUrl: url }
}

async function newSite(place: Place): Promise<Site> {
  const site = await Site.prepare(place)
  onTestFinished(() => site.close())
  return site
}

/** Whatever makes this table, in whatever transaction, waits there for as long as the connection is open. */
async function holdAt(url: string, table: string) {
  const admin = new URL(inject('servers').admin)
  admin.pathname = new URL(url).pathname
  const connection = new Connection({ connectionString: admin.href })
  await connection.connect()
  await connection.query(`create schema held;
    create function held.wait() returns event_trigger language plpgsql security definer as $$ begin
      if exists (select from pg_event_trigger_ddl_commands() where object_identity = 'public.${table}') then
        perform pg_advisory_xact_lock_shared(1);
      end if; end $$;
    create event trigger held_wait on ddl_command_end when tag in ('CREATE TABLE') execute function held.wait();
    select pg_advisory_lock(1)`)
  /** Who waits: at the table (1), or for whoever migrates. */
  const waiting = async () => {
    const { rows } = await connection.query<{ objid: string }>(
      "select objid from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())",
    )
    return rows.map((it) => Number(it.objid)).toSorted((a, b) => a - b)
  }
  const release = async () => {
    await connection.query('drop event trigger held_wait; drop schema held cascade')
    await connection.end()
  }
  return { waiting, release }
}

/** The advisory lock of migrations. */
const migrationLock = 0x706f7274

test('PostgreSQL: of two processes that start together one is killed inside the migration: the other does all of it, once', async () => {
  const place = await newEmptyPlace('postgres')
  const held = await holdAt(place.databaseUrl as string, 'peers')
  const [first, second] = [await newSite(place), await newSite(place)]
  const killed = first.process.start().catch(() => undefined)
  await expect.poll(held.waiting, { timeout: 60_000 }).toEqual([1])
  const started = second.process.start()
  await expect.poll(held.waiting, { timeout: 60_000 }).toEqual([1, migrationLock])
  expect(await second.waitsFor()).toEqual(['the database'])
  await first.process.kill()
  await killed
  await held.release()
  await started
  await expectWorking(second)
  await first.process.start()
  await expectWorking(first)
  await Promise.all([first.process.stop(), second.process.stop()])
  await expectMigratedOnce(place, 'postgres')
}, 180_000)

test.each<DatabaseKind>(['embedded', 'postgres'])(
  `a first start that is killed ${rounds} times, each time somewhere else, and then started twice: one migration, all of it [%s]`,
  { timeout: 120_000 + rounds * 20_000 },
  async (kind) => {
    const chance = new Chance(kind === 'embedded' ? 5 : 6)
    let place = await newEmptyPlace(kind)
    for (let round = 1; round <= rounds; round += 1) {
      const [first, second] = [await newSite(place), await newSite(place)]
      const starting = [first, second].map((it) =>
        it.process.start().then(
          () => 'ready',
          () => 'ended',
        ),
      )
      // The database is made first, and then migrated; both are to be hit.
      const begun =
        round % 2 === 0 && kind === 'embedded' ? () => existsSync(join(place.dataFolder, 'database')) : () => true
      await expect.poll(begun, { timeout: 60_000, interval: 5 }).toBe(true)
      await chance.moment(kind === 'embedded' ? 1500 : 800)
      await Promise.all([first.process.kill(), second.process.kill()])
      // What was done already cannot be interrupted once more.
      const done = (await Promise.all(starting)).includes('ready')
      if (round < rounds && done) place = await newEmptyPlace(kind)
    }
    const sites = [await newSite(place), await newSite(place)]
    const started = await Promise.allSettled(sites.map((it) => it.process.start()))
    // A folder belongs to one process, so there the other one says so and ends; on PostgreSQL both serve.
    const ready = sites.filter((_, n) => started[n]?.status === 'fulfilled')
    expect(ready).toHaveLength(kind === 'embedded' ? 1 : 2)
    for (const it of ready) await expectWorking(it)
    await Promise.all(sites.map((it) => it.process.stop()))
    await expectMigratedOnce(place, kind)
  },
)
