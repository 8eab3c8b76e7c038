import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Cluster, startCluster, type Tenant } from './cluster.ts'
import { heal, Trial } from './cluster-watch.ts'

/**
 * Three processes on one PostgreSQL. The first saves and has a wire without faults; the others are what the tests
 * disturb. Each test revokes a token and lowers a gate while all are asked on and on.
 */
describe('P11 and N3 with three processes', () => {
  let cluster: Cluster
  let tenants: [Tenant, Tenant]
  beforeAll(async () => {
    cluster = await startCluster({ wired: [1, 2] })
    tenants = [await cluster.tenant(), await cluster.newTenant('Beta')]
  })
  afterAll(() => cluster?.close())
  afterEach(() => heal(cluster, tenants))

  const wires = () => [cluster.at(1).wire, cluster.at(2).wire] as const

  test('P11: no acceptance is sent later than a second after the save; none at all to the process that answered', async () => {
    const trial = await Trial.begin(cluster, tenants)
    await trial.refused(await trial.save())
    await trial.verdict()
    expect(Object.keys(trial.counts).toSorted()).toEqual(['accepted', 'revoked', 'suspended'])
  })

  test('P11: through any process', async () => {
    const trial = await Trial.begin(cluster, tenants)
    await trial.refused(await trial.save(2))
    await trial.verdict()
  })

  test('P11: a network that takes 100 ms each way', async () => {
    for (const it of wires()) it.delay(100)
    const trial = await Trial.begin(cluster, tenants, 50)
    await trial.refused(await trial.save())
    await trial.verdict()
  })

  test('N3: 503 without PostgreSQL, never a yes after the lease; it heals by itself and knows what it missed', async () => {
    const trial = await Trial.begin(cluster, tenants)
    for (const it of wires()) it.cut()
    const bound = await trial.save()
    await trial.unavailable(bound, [1, 2])
    for (const it of wires()) it.pass()
    await trial.refused(bound)
    await trial.verdict()
  })

  test('N3: the connection of the feed alone is lost: every decision asks the database, and nobody is turned away', async () => {
    const trial = await Trial.begin(cluster, tenants)
    const [cut, silent] = wires()
    cut.cut({ onlyListen: true })
    silent.blackHole({ onlyListen: true })
    await trial.refused(await trial.save())
    for (const it of wires()) it.pass()
    await trial.verdict()
    expect(trial.counts.unavailable).toBeUndefined()
  })

  test('P11: a LISTEN that never brings anything: the feed is asked all the same', async () => {
    for (const it of wires()) it.deafen()
    await Promise.all([cluster.at(1).ready(), cluster.at(2).ready()])
    const trial = await Trial.begin(cluster, tenants)
    await trial.refused(await trial.save())
    await trial.verdict()
  })

  test('N3: one process in a black hole, one frozen for ten seconds: not one acceptance when they are back', async () => {
    const trial = await Trial.begin(cluster, tenants, 50)
    const [blackHole] = wires()
    blackHole.blackHole()
    cluster.at(2).pause()
    const bound = await trial.save()
    // Nothing else tells that ten seconds have passed for somebody who does not run.
    const frozen = new Promise((resolve) => setTimeout(resolve, 10_000))
    await trial.unavailable(bound, [1])
    await frozen
    cluster.at(2).resume()
    blackHole.pass()
    await trial.refused(bound)
    await trial.verdict()
  })
})
