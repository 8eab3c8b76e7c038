import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createVerifier, type Verifier } from '../../sdk/src/index.ts'
import { type Cluster, resourceKey, startCluster, type Tenant } from './cluster.ts'
import { boundMs } from './cluster-watch.ts'
import { TcpProxy } from './tcp-proxy.ts'

/** Half of them revoke a token, half move a gate; more by PORTCULLIS_RACE_ROUNDS. */
const rounds = Number(process.env.PORTCULLIS_RACE_ROUNDS ?? 100) / 2
const lanes = 12

/** What somebody answers about a token. */
type Ask = () => Promise<string>

/**
 * N3: a record that was read before a change, and is remembered after it was forgotten, would be believed from then on.
 * So records that nobody remembers are asked for while they change, by every process and by a verifier. Wires hold back
 * what was read, and not what tells of changes: without them hardly any answer would be older than what it overtakes.
 */
describe('N3: what was read while a change passed is not kept', () => {
  let cluster: Cluster
  let tenants: Tenant[]
  let wire: TcpProxy
  let verifier: Verifier
  beforeAll(async () => {
    cluster = await startCluster({ wired: [1, 2] })
    tenants = [await cluster.tenant(), ...(await Promise.all(['Beta', 'Gamma'].map((it) => cluster.newTenant(it))))]
    wire = await TcpProxy.open(`http://127.0.0.1:${cluster.at(1).port}`)
    verifier = createVerifier({ url: wire.through(), key: resourceKey })
    await verifier.ready()
    for (const it of [wire, cluster.at(1).wire, cluster.at(2).wire]) it.delay(40, { exceptListen: true })
  })
  afterAll(async () => {
    await verifier?.close()
    await wire?.close()
    await cluster?.close()
  })

  const outcomeOf = (it: { active: true } | { active: false; reason: string }) => (it.active ? 'accepted' : it.reason)
  const askers = (secret: string): Ask[] => [
    ...[0, 1, 2].map((it) => async () => outcomeOf((await cluster.introspect(it, secret)).body)),
    async () => outcomeOf(await verifier.verify(secret)),
  ]

  /** A question to each, somewhere in the time that a change takes: as long as the last one did. */
  let changeMs = 50
  const early = (asks: readonly Ask[]) => Promise.all(asks.map((ask) => delay(Math.random() * changeMs).then(ask)))

  /** P11, when all that was asked before is answered; and from then on for good. */
  async function holds(asks: readonly Ask[], now: string, change: Promise<number>): Promise<void> {
    const asked = early(asks)
    const begunAt = performance.now()
    const answeredAt = await change
    changeMs = answeredAt - begunAt
    const settle = async (ask: Ask) => {
      for (;;) {
        const sentAt = performance.now()
        if ((await ask()) === now) return
        expect(sentAt).toBeLessThan(answeredAt + boundMs)
        await delay(15)
      }
    }
    // First: a later look-up would put right what an earlier one had put wrong.
    await asked
    await Promise.all(asks.map(settle))
    expect(await Promise.all(asks.map((ask) => ask()))).toEqual(asks.map(() => now))
  }

  test(`${rounds} tokens are revoked while they are looked up for the first time`, async () => {
    const tenant = tenants[0] as Tenant
    let left = rounds
    const lane = async () => {
      while (left > 0) {
        left -= 1
        const { id, secret } = await cluster.newToken(tenant)
        await holds(askers(secret), 'revoked', cluster.revoke(tenant, id))
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
  }, 3_600_000)

  test(`${rounds} times a gate is moved back while the setting is looked up anew`, async () => {
    const lane = async (tenant: Tenant) => {
      const asks = askers((await cluster.newToken(tenant)).secret)
      for (let round = 0; round < rounds / tenants.length; round += 1) {
        const [first, second, now] =
          round % 2 ? (['all', 'none', 'suspended'] as const) : (['none', 'all', 'accepted'] as const)
        // Forgotten by this, it is looked up while the next change is on its way.
        await cluster.setGate(tenant, first)
        await holds(asks, now, cluster.setGate(tenant, second))
      }
    }
    await Promise.all(tenants.map(lane))
  }, 3_600_000)
})
