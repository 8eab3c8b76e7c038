import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { startCluster } from './cluster.ts'
import { newPostgresDatabase } from './databases.ts'

const migrations = readdirSync(join(import.meta.dirname, '../src/db/migrations'))
  .map((it) => it.replace(/\.ts$/, ''))
  .toSorted()

test('processes that start together on an empty database: all become ready, schema and first admin are there once', async () => {
  const { url, appUrl, drop } = await newPostgresDatabase('template0')
  const cluster = await startCluster({ count: 4, database: { url: appUrl, migrationUrl: url, drop } })
  onTestFinished(() => cluster.close())
  const tenant = await cluster.tenant()
  const { secret } = await cluster.newToken(tenant, 3)
  for (const number of cluster.processes.keys())
    expect((await cluster.introspect(number, secret)).body).toMatchObject({ active: true })

  const owner = new Client({ connectionString: url })
  await owner.connect()
  const column = async (query: string) => (await owner.query(query)).rows.map((it) => it.it)
  expect(await column('select name as it from kysely_migration order by name')).toEqual(migrations)
  expect(await column('select id as it from organizations')).toEqual([tenant.id])
  expect(await column('select count(*)::int as it from users')).toEqual([1])
  await owner.end()
})
