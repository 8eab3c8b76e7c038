import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Cluster, startCluster, type Tenant } from './cluster.ts'
import { VerifierProcess, VerifierTrial } from './cluster-verifier.ts'
import { heal } from './cluster-watch.ts'
import { TcpProxy } from './tcp-proxy.ts'

/**
 * Two servers on one PostgreSQL: the first saves, the second serves the verifier of a third process, through a wire.
 * Whatever happens to the second, to its wires or to the verifier: nothing is accepted later than P11 allows.
 */
describe('P11 and N3 with a verifier in another process', () => {
  let cluster: Cluster
  let tenants: [Tenant, Tenant]
  let wire: TcpProxy
  let verifier: VerifierProcess
  beforeAll(async () => {
    cluster = await startCluster({ count: 2, wired: [1] })
    tenants = [await cluster.tenant(), await cluster.newTenant('Beta')]
    wire = await TcpProxy.open(`http://127.0.0.1:${cluster.at(1).port}`)
    verifier = await VerifierProcess.start(wire.through())
  })
  afterAll(async () => {
    await verifier?.close()
    await wire?.close()
    await cluster?.close()
  })
  afterEach(async () => {
    wire.pass()
    verifier.resume()
    await heal(cluster, tenants)
  })
  const begin = () => VerifierTrial.begin(cluster, tenants, verifier)

  test('P11: no call later than a second after the save is accepted', async () => {
    const trial = await begin()
    await trial.refused(await trial.save())
    await trial.verdict()
    const outcomes = [...trial.suspending.list, ...trial.revoking.list].map((it) => it.outcome)
    expect([...new Set(outcomes)].toSorted()).toEqual(['accepted', 'revoked', 'suspended'])
  })

  test.each(['stop', 'kill'] as const)('N3: its server ends by %s and is started anew', async (end) => {
    const trial = await begin()
    const ended = cluster.at(1)[end]()
    const bound = await trial.save()
    await ended
    await trial.unavailable(bound)
    await cluster.at(1).start()
    await trial.refused(bound)
    await trial.verdict()
  })

  test('N3: its server is in a black hole, and what was said into it arrives late', async () => {
    const trial = await begin()
    wire.blackHole()
    const bound = await trial.save()
    await trial.unavailable(bound)
    wire.pass()
    await trial.refused(bound)
    await trial.verdict()
  })

  test.each(['cut', 'blackHole'] as const)(
    'N3: the stream of changes alone has a %s: the server is asked',
    async (fault) => {
      const trial = await begin()
      wire[fault]({ onlyListen: true })
      const bound = await trial.save()
      await trial.refused(bound)
      wire.pass()
      await trial.verdict()
    },
  )

  test('N3: PostgreSQL hangs for its server, which has no lease to lend', async () => {
    const trial = await begin()
    cluster.at(1).wire.blackHole()
    const bound = await trial.save()
    await trial.unavailable(bound)
    cluster.at(1).wire.pass()
    await trial.refused(bound)
    await trial.verdict()
  })

  test('N3: its server is frozen', async () => {
    const trial = await begin()
    cluster.at(1).pause()
    const bound = await trial.save()
    await trial.unavailable(bound)
    cluster.at(1).resume()
    await trial.refused(bound)
    await trial.verdict()
  })

  test('N3: the verifier is frozen for ten seconds: not one acceptance when it is back', async () => {
    const trial = await begin()
    verifier.pause()
    const bound = await trial.save()
    await new Promise((resolve) => setTimeout(resolve, 10_000))
    verifier.resume()
    await trial.refused(bound)
    await trial.verdict()
  })
})
