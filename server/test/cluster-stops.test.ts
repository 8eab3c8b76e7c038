import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Cluster, startCluster, type Tenant } from './cluster.ts'
import { heal, Trial } from './cluster-watch.ts'
import { type PostgresServer, startPostgres } from './databases-server.ts'

/** Three processes on a PostgreSQL of their own, which can be killed; the clock of the last is an hour ahead. */
describe('P11 and N3 when PostgreSQL or a process stops, or clocks differ', () => {
  let postgres: PostgresServer
  let cluster: Cluster
  let tenants: [Tenant, Tenant]
  beforeAll(async () => {
    postgres = await startPostgres()
    cluster = await startCluster({
      database: { url: postgres.url, drop: postgres.stop },
      preload: { 2: join(import.meta.dirname, 'shifted-clock-child.ts') },
    })
    tenants = [await cluster.tenant(), await cluster.newTenant('Beta')]
  })
  afterAll(() => cluster?.close())
  afterEach(() => heal(cluster, tenants))

  test('P11: clocks that are an hour apart change nothing, whichever of the two answers the save', async () => {
    const { body } = await cluster.call(2, 'POST', `${tenants[0].path}/tokens`, { name: 'from the future' })
    const [there, here] = [new Date(body.token.createdAt).getTime(), Date.now()]
    expect(Math.round((there - here) / 3_600_000)).toBe(1)
    for (const through of [0, 2]) {
      const trial = await Trial.begin(cluster, tenants)
      await trial.refused(await trial.save(through))
      await trial.verdict()
    }
  })

  test('N3: PostgreSQL is killed as soon as the save was answered: 503, never a yes, and nothing is forgotten', async () => {
    const trial = await Trial.begin(cluster, tenants)
    const bound = await trial.save()
    await postgres.kill()
    await trial.unavailable(bound)
    await postgres.restart()
    await trial.refused(bound)
    await trial.verdict()
  })

  test('N3: the first save after PostgreSQL came back binds those who have not found it again yet', async () => {
    const trial = await Trial.begin(cluster, tenants)
    const killed = performance.now()
    await postgres.kill()
    await trial.unavailable(killed)
    await postgres.restart()
    await cluster.at(0).ready()
    await trial.refused(await trial.save())
    await trial.verdict()
  })

  test('P11: a process that is killed and started anew begins with what is true by then', async () => {
    const trial = await Trial.begin(cluster, tenants)
    await cluster.at(1).kill()
    const bound = await trial.save()
    await cluster.at(1).start()
    await trial.refused(bound)
    await trial.verdict()
  })
})
