import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
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

test('a process that waits for PostgreSQL: what a proxy asks elsewhere is 503 at once, a change waits and happens once', async () => {
  const cluster = await startCluster({ count: 2, wired: [1] })
  onTestFinished(() => cluster.close())
  const tenant = await cluster.tenant()
  const { secret } = await cluster.newToken(tenant)
  const late = cluster.at(1)
  await late.kill()
  late.wire.cut()
  const started = late.start()
  const ask = () => cluster.introspect(1, secret).then((it) => it.status)
  await vi.waitFor(async () => expect(await ask()).toBe(503), { timeout: 30_000 })
  const change = cluster.call(1, 'POST', `${tenant.path}/groups`, { name: 'Waiters' })
  let answered = false
  void change.finally(() => {
    answered = true
  })
  for (let n = 0; n < 20; n += 1) expect(await ask()).toBe(503)
  expect(answered).toBe(false)
  late.wire.pass()
  expect((await change).status).toBe(201)
  await started
  expect((await cluster.call(0, 'GET', `${tenant.path}/groups`)).body.items).toHaveLength(1)
})
