import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { Database } from '../src/db/change.ts'
import { openDatabase } from '../src/db/open.ts'
import { newOrganization, newPostgresDatabase, openTestDatabase, type TestDatabase } from './databases.ts'
import { harness } from './harness.ts'

/** What an operator, a hosting company or another application may have set for a database, all of it at once. */
const defaults: Readonly<Record<string, string>> = {
  datestyle: 'German',
  intervalstyle: 'sql_standard',
  timezone: 'Asia/Kolkata',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  array_nulls: 'off',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  search_path: 'elsewhere',
  synchronous_commit: 'off',
  row_security: 'off',
  lock_timeout: '1ms',
}

const setDefault = (db: Database, name: string, value: string) =>
  sql`do $$ begin execute format('alter database %I set ${sql.raw(name)} = %L', current_database(), ${sql.lit(value)}); end $$`.execute(
    db,
  )

/** Opens the same database once more, whose sessions now begin with other settings. */
async function reopenWith(database: TestDatabase, settings: Readonly<Record<string, string>>): Promise<TestDatabase> {
  for (const [name, value] of Object.entries(settings)) await setDefault(database.owner, name, value)
  await database.close()
  const { dataFolder } = database.options
  const synced = database.kind === 'embedded' ? { synced: false } : {}
  const opened = await openDatabase({ ...database.options, dataFolder, ...synced })
  return { ...database, ...opened }
}

for (const kind of ['embedded', 'postgres'] as const) {
  test(`the service works whatever a database's session defaults are [${kind}]`, async () => {
    const first = await openTestDatabase(kind)
    await sql`create schema elsewhere`.execute(first.owner)
    const database = await reopenWith(first, defaults)
    for (const db of [database.db, database.owner]) {
      const shown = await sql<{ commit: string; path: string; isolation: string }>`select
        current_setting('synchronous_commit') as commit, current_setting('search_path') as path,
        current_setting('transaction_isolation') as isolation`.execute(db)
      expect(shown.rows).toEqual([{ commit: 'on', path: 'public, pg_temp', isolation: 'read committed' }])
    }
    const app = await harness(database)
    const acme = await app.newOrganization()
    const member = await acme.newMember()
    const expiresAt = new Date(app.clock.now.getTime() + 86_400_000).toISOString()
    const expiring = await acme.newToken(member, { expiresAt })
    const revoked = await acme.newToken(acme.admin)
    expect((await app.call('DELETE', `${acme.path}/tokens/${revoked.id}`, { as: acme.admin })).status).toBe(204)
    expect(await app.gate.decide(revoked.secret)).toEqual({ active: false, reason: 'revoked' })
    expect(await app.gate.decide(expiring.secret)).toMatchObject({ active: true })
    const read = await app.call('GET', `${acme.path}/tokens/${expiring.id}`, { as: acme.admin })
    expect(read.body.expiresAt).toBe(expiresAt)
    app.clock.now = new Date(app.clock.now.getTime() + 86_400_001)
    expect(await app.gate.decide(expiring.secret)).toMatchObject({ active: false, reason: 'expired' })
    expect((await acme.setCreation({ creation: 'none' })).status).toBe(200)
    await app.close()
    await first.drop().catch(() => undefined)
  }, 60_000)
}

test('a stronger synchronous_commit stays as it is; a weaker one than the flush of the standby does not', async () => {
  for (const [configured, effective] of [
    ['remote_apply', 'remote_apply'],
    ['remote_write', 'on'],
    ['local', 'on'],
  ] as const) {
    const database = await reopenWith(await openTestDatabase('postgres'), { synchronous_commit: configured })
    const { rows } = await sql<{ value: string }>`select current_setting('synchronous_commit') as value`.execute(
      database.db,
    )
    expect(rows).toEqual([{ value: effective }])
    await database.close()
    await database.drop().catch(() => undefined)
  }
})

test('migrations of an empty database go to the schema public, whatever the search path is', async () => {
  const database = await newPostgresDatabase('template0')
  const options = { databaseUrl: `${database.url}?options=-c%20search_path%3Delsewhere`, dataFolder: '' }
  const opened = await openDatabase(options)
  await newOrganization(opened)
  const { rows } = await sql<{ schema: string }>`select distinct schemaname as schema from pg_tables
    where tablename in ('organizations', 'tokens')`.execute(opened.owner)
  expect(rows).toEqual([{ schema: 'public' }])
  await opened.close()
  await database.drop()
})

test('a database that is set to read-only is unavailable: at the start, and while it is open', async () => {
  const database = await newPostgresDatabase()
  const readOnly = `${database.url}?options=-c%20default_transaction_read_only%3Don`
  await expect(openDatabase({ databaseUrl: readOnly, dataFolder: '' })).rejects.toMatchObject({ code: '25006' })
  const opened = await openDatabase({ databaseUrl: database.url, dataFolder: '' })
  await opened.feed.after(0, 1)
  await setDefault(opened.owner, 'default_transaction_read_only', 'on')
  await expect(
    sql`set default_transaction_read_only = on; insert into setups values ('x', now(), now())`.execute(opened.db),
  ).rejects.toMatchObject({ code: '25006' })
  await expect
    .poll(() =>
      sql`select 1`.execute(opened.db).then(
        () => 'answered',
        (error) => error.code,
      ),
    )
    .toBe('25006')
  expect(opened.isWritable()).toBe(false)
  await opened.close()
  await database.drop()
})
