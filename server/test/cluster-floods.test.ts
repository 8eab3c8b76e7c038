import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { newSecret } from '../src/features/tokens/rules.ts'
import { type Answer, type Cluster, resourceKey, startCluster, type Tenant } from './cluster.ts'
import { heal, Trial } from './cluster-watch.ts'

/** Less than any flood weighs, and more than a busy process has at hand anyway. */
const mostBytes = 100 * 1024 * 1024

/** Of bytes that compress to nothing: what a process would pay for remembering it. */
const text = (bytes: number) => randomBytes(bytes).toString('base64url')
const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const foreign = () => ({ iss: `https://${text(9)}.example`, sub: text(8000), aud: 'api', exp: 4e9 })

const floods = {
  'that look like nothing': { count: 8_000, make: () => text(12_000), reason: 'malformed' },
  'that are well-formed and were never given out': {
    count: 4_000,
    make: () => newSecret('member', randomBytes),
    reason: 'unknown',
  },
  'of issuers whom nobody registered': {
    count: 10_000,
    make: () => [json({ alg: 'RS256' }), json(foreign()), text(256)].join('.'),
    reason: 'untrusted_issuer',
  },
}

describe('floods do no harm to good tokens, nor to P11', () => {
  let cluster: Cluster
  let tenants: [Tenant, Tenant]
  beforeAll(async () => {
    cluster = await startCluster()
    tenants = [await cluster.tenant(), await cluster.newTenant('Beta')]
  })
  afterAll(() => cluster?.close())
  afterEach(() => heal(cluster, tenants))

  /** Asks process 1 about distinct tokens, so many at once, until all were asked. */
  async function flood({ count, make }: { count: number; make: () => string }): Promise<Set<string>> {
    let left = count
    const seen = new Set<string>()
    const lane = async () => {
      while (left > 0) {
        left -= 1
        const { status, body }: Answer = await cluster.introspect(1, make())
        seen.add(status === 200 ? body.reason : String(status))
      }
    }
    await Promise.all(Array.from({ length: 64 }, lane))
    return seen
  }

  for (const [kind, { reason, ...of }] of Object.entries(floods)) {
    test(`distinct tokens ${kind}: none is remembered, and the good ones are answered throughout`, async () => {
      const trial = await Trial.begin(cluster, tenants, 25)
      // What it takes to be busy is taken by then; what is left would be what it keeps.
      await flood({ ...of, count: of.count / 10 })
      const before = cluster.at(1).residentBytes
      expect([...(await flood(of))]).toEqual([reason])
      expect(cluster.at(1).residentBytes - before).toBeLessThan(mostBytes)
      const flooding = flood({ ...of, count: of.count / 10 })
      await trial.refused(await trial.save())
      await flooding
      await trial.verdict()
      expect(Object.keys(trial.counts).toSorted()).toEqual(['accepted', 'revoked', 'suspended'])
      expect(await cluster.metric(1, 'portcullis_remembered_tokens')).toBeLessThan(20)
    }, 120_000)
  }

  const openStream = async (): Promise<Socket> => {
    const socket = connect(cluster.at(1).port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.write(`GET /v1/changes HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${resourceKey}\r\n\r\n`)
    return socket
  }

  test('a thousand readers of changes who never read: saves are answered and bind, memory is bounded, more are refused', async () => {
    const streams = await Promise.all(Array.from({ length: 1000 }, openStream))
    // Each has its first bytes, and is never read again.
    await Promise.all(streams.map((it) => once(it, 'readable').then(() => it.pause())))
    const oneMore = await openStream()
    expect(String((await once(oneMore, 'data'))[0])).toMatch(/^HTTP\/1.1 503 /)
    const before = cluster.at(1).residentBytes
    const trial = await Trial.begin(cluster, tenants, 25)
    await trial.refused(await trial.save())
    for (let n = 0; n < 100; n += 1) await cluster.newToken(tenants[1], n % 3)
    await trial.verdict()
    expect(Object.keys(trial.counts).toSorted()).toEqual(['accepted', 'revoked', 'suspended'])
    expect(cluster.at(1).residentBytes - before).toBeLessThan(mostBytes)
    for (const it of [...streams, oneMore]) it.destroy()
  }, 120_000)
})
