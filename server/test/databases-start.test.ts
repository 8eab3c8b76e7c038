import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, inject, test } from 'vitest'
import type { Database } from '../src/db/change.ts'
import { sweep } from '../src/db/embedded/housekeeping.ts'
import { FolderHeld, lockFolder } from '../src/db/folder-lock.ts'
import { openDatabase } from '../src/db/open.ts'
import { newDataFolder, newPostgresDatabase, openTestDatabase } from './databases.ts'

/** Every file of the folder, in order: one that is not named in `migrate.ts` is missing here. */
const migrations = readdirSync(join(import.meta.dirname, '../src/db/migrations'))
  .map((it) => it.replace(/\.ts$/, ''))
  .toSorted()

test('processes that start together on an empty database migrate it once', async () => {
  const database = await newPostgresDatabase('template0')
  const options = { databaseUrl: database.url, dataFolder: '' }
  const opened = await Promise.all([1, 2, 3, 4].map(() => openDatabase(options)))
  expect(opened.flatMap((it) => it.migrated.applied)).toEqual(migrations)
  for (const it of opened) expect((await it.feed.after(0, 1)).head).toBe(0)
  await Promise.all(opened.map((it) => it.close()))
  await database.drop()
})

test('databases of one cluster that start together share the role without disturbing one another', async () => {
  const databases = await Promise.all([1, 2, 3, 4].map(() => newPostgresDatabase('template0')))
  const opened = await Promise.all(databases.map(({ url }) => openDatabase({ databaseUrl: url, dataFolder: '' })))
  expect(opened.map((it) => it.migrated.wall)).toEqual([true, true, true, true])
  await Promise.all(opened.map((it) => it.close()))
  for (const it of databases) await it.drop()
})

test('a schema that a newer version made is left alone and works (a rolling restart)', async () => {
  const database = await newPostgresDatabase()
  await asOwnerOf(database.url, "insert into kysely_migration values ('999-newer', now()::text)")
  const opened = await openDatabase({ databaseUrl: database.url, dataFolder: '' })
  expect(opened.migrated).toEqual({ applied: [], ahead: true, wall: true })
  expect((await opened.feed.after(0, 1)).head).toBe(0)
  await opened.close()
  await database.drop()
})

async function asOwnerOf(url: string, statement: string): Promise<void> {
  const opened = await openDatabase({ databaseUrl: url, dataFolder: '' })
  await sql.raw(statement).execute(opened.owner)
  await opened.close()
}

test('a wall that would not bind is called weak: two URLs, yet the service logs in as a superuser', async () => {
  const database = await newPostgresDatabase()
  const powerful = new URL(inject('servers').admin)
  powerful.pathname = `/${database.name}`
  const opened = await openDatabase({ databaseUrl: powerful.href, migrationUrl: database.url, dataFolder: '' })
  expect(opened.weakWall).toBe(true)
  await opened.close()
  const good = await openDatabase({ databaseUrl: database.appUrl, migrationUrl: database.url, dataFolder: '' })
  expect(good.weakWall).toBe(false)
  await good.close()
  await database.drop()
})

test('a wall for one login under two URLs: it serves under a role that owns nothing, and is called weak', async () => {
  const database = await newPostgresDatabase()
  const opened = await openDatabase({ databaseUrl: database.url, migrationUrl: database.url, dataFolder: '' })
  expect(opened.weakWall).toBe(true)
  const { rows } = await sql<{ role: string }>`select current_user::text as role`.execute(opened.db)
  expect(rows).toEqual([{ role: 'portcullis_service' }])
  await opened.close()
  await database.drop()
})

test('a login that was let in before is not, once the functions are ours', async () => {
  const database = await newPostgresDatabase()
  await (await openDatabase({ databaseUrl: database.url, dataFolder: '' })).close()
  const found = await sql<{
    may: boolean
  }>`select has_function_privilege('portcullis_test_app', 'find_token(text)', 'execute') as may`
  const opened = await openDatabase({ databaseUrl: database.url, dataFolder: '' })
  expect((await found.execute(opened.owner)).rows).toEqual([{ may: false }])
  await opened.close()
  await database.drop()
})

test('the folder: one holder; it lets go with a connection still open, and a socket left behind is in nobody’s way', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-lock-'))
  const first = await lockFolder(folder)
  await expect(lockFolder(folder)).rejects.toBeInstanceOf(FolderHeld)
  const idle = connect(first.socketPath)
  await new Promise((resolve) => first.server.once('connection', resolve))
  const ended = new Promise((resolve) => idle.once('close', resolve))
  await first.release()
  await ended
  const second = await lockFolder(folder)
  await second.release()
})

test('a path too long for a socket is refused with what to do', async () => {
  await expect(lockFolder(join(tmpdir(), 'x'.repeat(120)))).rejects.toThrow('PORTCULLIS_DATA')
})

test('a crash inside the embedded database: nothing is answered that did not happen, and it opens again by itself', async () => {
  const opened = await openTestDatabase('embedded')
  const ids = async () =>
    (await opened.db.selectFrom('setups').select('secret_hash').execute()).map((it) => it.secret_hash)
  const insert = (db: Database, id: string) =>
    db
      .insertInto('setups')
      .values({ secret_hash: id, created_at: new Date(0), expires_at: new Date(0) })
      .execute()
  await insert(opened.db, 'kept')
  // Recursion without end overflows the stack under PGlite, which PostgreSQL does not survive there.
  await sql`create function crash(n int) returns int language plpgsql as $$ begin return crash(n + 1) + 1; end $$`.execute(
    opened.owner,
  )
  const changing = opened.owner.transaction().execute(async (tx) => {
    await insert(tx, 'lost')
    await sql`select crash(1)`.execute(tx).catch(() => undefined)
    await insert(tx, 'lost too').catch(() => undefined)
  })
  await expect(changing).rejects.toThrow()
  expect(await ids()).toEqual(['kept'])
  await insert(opened.db, 'after')
  expect(await ids()).toEqual(['kept', 'after'])
  await opened.drop()
})

test('an embedded database that hangs: whoever asked is told so, and it opens again by itself', async () => {
  const dataFolder = newDataFolder()
  const opened = await openDatabase({ dataFolder, synced: false, statementMs: 1000 })
  const one = sql<{ one: number }>`select 1 as one`
  expect((await one.execute(opened.db)).rows).toEqual([{ one: 1 }])
  const endless = sql`select count(*) from generate_series(1, 1000000000000)`.execute(opened.db)
  const next = one.execute(opened.db)
  await expect(endless).rejects.toThrow('The embedded database has stopped')
  expect((await next).rows).toEqual([{ one: 1 }])
  await opened.close()
})

test('the embedded database is swept: dead rows are used again, and the planner knows the tables', async () => {
  const opened = await openTestDatabase('embedded')
  const size = async () =>
    (await sql<{ size: number }>`select pg_relation_size('rate_limits') as size`.execute(opened.owner)).rows[0]?.size
  const rows = Array.from({ length: 500 }, (_, n) => ({ id: `${n}`, key: `${n}`, count: 1, last_request: 1 }))
  await opened.owner.insertInto('rate_limits').values(rows).execute()
  const churn = () => sql`update rate_limits set key = key || '-', count = count + 1`.execute(opened.owner)
  await churn()
  await sweep(opened.owner)
  const before = await size()
  for (let n = 0; n < 5; n += 1) {
    await churn()
    await sweep(opened.owner)
  }
  // Without the sweeps it would be four times as large.
  expect(await size()).toBeLessThan(2 * (before as number))
  const known = await sql<{ reltuples: number }>`select reltuples from pg_class where relname = 'rate_limits'`.execute(
    opened.owner,
  )
  expect(known.rows).toEqual([{ reltuples: 500 }])
  await opened.drop()
})

test('the embedded database: a first start that was killed leaves no ruin, and commits reach the disk', async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'portcullis-first-'))
  mkdirSync(join(dataFolder, 'database.making'))
  writeFileSync(join(dataFolder, 'database.making', 'PG_VERSION'), '18')
  const opened = await openDatabase({ dataFolder })
  const settings = await sql`select current_setting('fsync') as fsync, current_setting('wal_sync_method') as method,
    current_setting('synchronous_commit') as commit, current_setting('full_page_writes') as pages`.execute(opened.db)
  expect(settings.rows).toEqual([{ fsync: 'on', method: 'fsync', commit: 'on', pages: 'on' }])
  expect(opened.migrated.applied).toEqual(migrations)
  await sql`checkpoint`.execute(opened.owner)
  await opened.close()
  expect(readdirSync(dataFolder).toSorted()).toEqual(['database', 'portcullis.lock'])
  rmSync(dataFolder, { recursive: true })
})
