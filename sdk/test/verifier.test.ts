import { describe, expect, test } from 'vitest'
import { createVerifier } from '../src/index.ts'
import { resourceKey, type ScriptedServer, sendJson } from './scripted-server.ts'
import {
  accountA,
  activeAnswer,
  externalAnswer,
  externalSecret,
  inactiveAnswer,
  managedSecret,
  organizationA,
  organizationB,
  tokenA,
} from './tokens.ts'
import { atOnce, isAsking, trial } from './world.ts'

const says = (server: ScriptedServer, answer: unknown) => {
  server.answers.introspect = (res) => sendJson(res, answer, server.headOf(server.point))
}
const asked = (server: ScriptedServer) =>
  server.asked
    .filter(({ door }) => door === 'introspect')
    .map(({ body }) => Object.fromEntries(new URLSearchParams(body)))

describe('what is said', () => {
  test('of a good managed token', async () => {
    const it = await trial()
    says(it.server, activeAnswer({ exp: 1_999_999_999 }))
    expect(await it.verifier.verify(managedSecret())).toEqual({
      active: true,
      organizationId: organizationA,
      account: {
        id: accountA,
        kind: 'member',
        username: 'ada@example.com',
        role: 'admin',
        groups: [{ id: 'grp_01jd7z0000e1a8m3r5t7v9x1z3', name: 'ops' }],
      },
      token: { source: 'managed', id: tokenA, subject: accountA, expiresAtMs: 1_999_999_999_000 },
    })
  })

  test('of a good external token', async () => {
    const it = await trial()
    says(it.server, externalAnswer({ exp: 1_999_999_999, scope: 'read write' }))
    expect(await it.verifier.verify(externalSecret())).toMatchObject({
      active: true,
      token: {
        source: 'external',
        providerId: 'idp_01jd7z0000e1a8m3r5t7v9x1z3',
        issuer: 'https://idp.example',
        subject: 'subject-1',
        scope: 'read write',
        expiresAtMs: 1_999_999_999_000,
      },
    })
  })

  test('N4: of an external token that nobody is mapped to, whose organization it is', async () => {
    const it = await trial()
    const facts = { organization_id: organizationA, sub: 'x', iss: 'https://idp.example', provider_id: 'idp_x' }
    says(it.server, { active: false, reason: 'unmapped_subject', ...facts })
    expect(await it.verifier.verify(externalSecret())).toEqual({
      active: false,
      reason: 'unmapped_subject',
      whose: { organizationId: organizationA, subject: 'x', issuer: 'https://idp.example', providerId: 'idp_x' },
    })
  })

  test.each([
    ['garbage', 'garbage'],
    ['a managed token with a wrong checksum', `${managedSecret().slice(0, -1)}-`],
    ['no text', undefined as unknown as string],
    ['an encrypted token', 'a.b.c.d.e'],
  ])('T9: %s is malformed, and costs no request', async (_what, credential) => {
    const it = await trial()
    expect(atOnce(it.verifier.verify(credential))).toEqual({ active: false, reason: 'malformed' })
    expect(it.server.count('introspect')).toBe(0)
  })
})

describe('what is remembered of bad tokens', () => {
  test.each(['unknown', 'revoked', 'owner_removed'])('%s: yes', async (reason) => {
    const it = await trial()
    says(it.server, { active: false, reason })
    const token = managedSecret()
    await it.verifier.verify(token)
    expect(atOnce(it.verifier.verify(token))).toEqual({ active: false, reason })
  })

  test.each(['suspended', 'expired'])('%s: under its account and organization', async (reason) => {
    const it = await trial()
    says(it.server, inactiveAnswer(reason))
    const token = managedSecret()
    await it.verifier.verify(token)
    expect(atOnce(it.verifier.verify(token))).toMatchObject({ active: false, reason, whose: { tokenId: tokenA } })
  })

  test.each(['untrusted_issuer', 'invalid_signature', 'expired', 'unmapped_subject', 'provider_disabled'])(
    '%s of an external token: no',
    async (reason) => {
      const it = await trial()
      says(it.server, { active: false, reason })
      const token = externalSecret()
      await it.verifier.verify(token)
      expect(isAsking(it.verifier.verify(token))).toBe(true)
    },
  )

  test('E4: unknown for a named organization says nothing of the token by itself', async () => {
    const it = await trial()
    const token = managedSecret()
    await it.verifier.verify(token, { organization: organizationB })
    expect(isAsking(it.verifier.verify(token, { organization: organizationB }))).toBe(false)
    says(it.server, activeAnswer())
    expect(await it.verifier.verify(token)).toMatchObject({ active: true })
    expect(await it.verifier.verify(token, { organization: organizationA })).toMatchObject({ active: true })
    expect(await it.verifier.verify(token, { organization: organizationB })).toEqual({
      active: false,
      reason: 'unknown',
    })
  })
})

describe('E4: the organization that a request names', () => {
  test('is asked with', async () => {
    const it = await trial()
    await it.verifier.verify(managedSecret(), { organization: organizationB })
    expect(asked(it.server)).toMatchObject([{ organization: organizationB }])
  })

  test('of a known managed token: another one is unknown, without a question', async () => {
    const it = await trial()
    says(it.server, activeAnswer())
    const token = managedSecret()
    await it.verifier.verify(token)
    expect(atOnce(it.verifier.verify(token, { organization: organizationA }))).toMatchObject({ active: true })
    expect(atOnce(it.verifier.verify(token, { organization: organizationB }))).toMatchObject({ reason: 'unknown' })
  })

  test('of an external token: each is a question of its own', async () => {
    const it = await trial()
    says(it.server, externalAnswer())
    const token = externalSecret()
    await it.verifier.verify(token)
    await it.verifier.verify(token, { organization: organizationA })
    expect(isAsking(it.verifier.verify(token))).toBe(false)
    expect(isAsking(it.verifier.verify(token, { organization: organizationA }))).toBe(false)
    says(it.server, { active: false, reason: 'untrusted_issuer' })
    expect(await it.verifier.verify(token, { organization: organizationB })).toMatchObject({ active: false })
  })

  test.each([undefined, '', null])('%j names none', async (organization) => {
    const it = await trial()
    await it.verifier.verify(managedSecret(), { organization: organization as string })
    expect(asked(it.server)[0]).not.toHaveProperty('organization')
  })

  test.each([{}, ['org_a', 'org_b'], 'x'.repeat(101)])('%j is nobody, and no question', async (organization) => {
    const it = await trial()
    expect(atOnce(it.verifier.verify(managedSecret(), { organization: organization as string }))).toEqual({
      active: false,
      reason: 'unknown',
    })
  })
})

describe('time passes', () => {
  test('exp is looked at on every call, and then whose it was is said', async () => {
    const it = await trial()
    says(it.server, activeAnswer({ exp: it.clock.nowMs / 1000 + 60 }))
    const token = managedSecret()
    await it.verifier.verify(token)
    it.clock.nowMs += 59_999
    expect(atOnce(it.verifier.verify(token))).toMatchObject({ active: true })
    it.clock.nowMs += 1
    expect(atOnce(it.verifier.verify(token))).toMatchObject({
      active: false,
      reason: 'expired',
      whose: { organizationId: organizationA, account: { id: accountA }, tokenId: tokenA },
    })
  })

  test('a suspended token expires, too', async () => {
    const it = await trial()
    says(it.server, { ...inactiveAnswer('suspended'), exp: it.clock.nowMs / 1000 + 60 })
    const token = managedSecret()
    await it.verifier.verify(token)
    expect(atOnce(it.verifier.verify(token))).toMatchObject({ reason: 'suspended' })
    it.clock.nowMs += 60_000
    expect(atOnce(it.verifier.verify(token))).toMatchObject({ reason: 'expired' })
  })

  test('a wall clock that is an hour late or early moves no lease', async () => {
    const it = await trial()
    says(it.server, activeAnswer())
    const token = managedSecret()
    await it.verifier.verify(token)
    for (const ms of [3_600_000, -7_200_000]) {
      it.clock.nowMs += ms
      expect(atOnce(it.verifier.verify(token))).toMatchObject({ active: true })
    }
  })

  test('an external token is asked about anew after a minute, and after its exp', async () => {
    const it = await trial()
    const { server, verifier, clock } = it
    says(server, externalAnswer({ exp: clock.nowMs / 1000 + 3_600 }))
    const token = externalSecret()
    await verifier.verify(token)
    const pass = async (ms: number) => {
      clock.monotonicMs += ms
      while (!verifier.stats().leaseHolds) await server.next('head')
    }
    await pass(59_999)
    expect(isAsking(verifier.verify(token))).toBe(false)
    await pass(1)
    expect(isAsking(verifier.verify(token))).toBe(true)
    await verifier.verify(token)
    expect(isAsking(verifier.verify(token))).toBe(false)
    clock.nowMs += 3_600_000
    expect(isAsking(verifier.verify(token))).toBe(true)
  })
})

describe('T8: use is reported', () => {
  test('as far as the server did not see it, in one report, when the verifier is closed', async () => {
    const it = await trial()
    says(it.server, activeAnswer())
    const [one, other] = [managedSecret(), managedSecret()]
    await it.verifier.verify(one)
    for (let i = 0; i < 3; i += 1) it.verifier.verify(one)
    it.clock.nowMs += 5_000
    it.verifier.verify(one)
    says(it.server, activeAnswer({ token_id: 'tok_other' }))
    await it.verifier.verify(other)
    it.verifier.verify(other)
    it.verifier.verify('garbage')
    const report = it.server.next('usage')
    await it.verifier.close()
    const { body, headers } = await report
    const lastUsedAt = '2026-11-24T10:20:05.000Z'
    expect(headers['content-type']).toBe('application/json')
    expect(JSON.parse(body)).toEqual([
      { tokenId: tokenA, day: '2026-11-24', count: 4, lastUsedAt },
      { tokenId: 'tok_other', day: '2026-11-24', count: 1, lastUsedAt },
    ])
  })

  test('now and then by itself, and again when the server was away', async () => {
    const it = await trial({ world: { usageMs: 20 } })
    says(it.server, activeAnswer())
    const token = managedSecret()
    await it.verifier.verify(token)
    it.server.answers.usage = (res) => void res.writeHead(503).end()
    const first = it.server.next('usage')
    it.verifier.verify(token)
    await first
    it.verifier.verify(token)
    it.server.answers.usage = it.server.usual.usage
    let counted = 0
    while (counted !== 2) counted = JSON.parse((await it.server.next('usage')).body)[0].count
  })

  test('a thousand tokens a report', async () => {
    const it = await trial()
    let tokens = 0
    it.server.answers.introspect = (res) => {
      tokens += 1
      sendJson(res, activeAnswer({ token_id: `tok_${tokens}` }), it.server.headOf(it.server.point))
    }
    for (let batch = 0; batch < 7; batch += 1) {
      const secrets = Array.from({ length: 143 }, managedSecret)
      await Promise.all(secrets.map((token) => it.verifier.verify(token)))
      for (const token of secrets) it.verifier.verify(token)
    }
    await it.verifier.close()
    const sizes = it.server.asked.filter(({ door }) => door === 'usage').map(({ body }) => JSON.parse(body).length)
    expect(sizes).toEqual([1_000, 1])
  }, 60_000)

  test('what the server does not take is given up, and told', async () => {
    const it = await trial()
    says(it.server, activeAnswer())
    const token = managedSecret()
    await it.verifier.verify(token)
    it.verifier.verify(token)
    it.server.answers.usage = (res) => void res.writeHead(422).end()
    await it.verifier.close()
    expect(it.watched.seen).toContainEqual({ type: 'usage_lost', uses: 1 })
    expect(it.server.count('usage')).toBe(1)
  })

  test('callers that shared a look-up count one by one', async () => {
    const it = await trial()
    says(it.server, activeAnswer())
    const token = managedSecret()
    await Promise.all([1, 2, 3].map(() => it.verifier.verify(token)))
    const report = it.server.next('usage')
    await it.verifier.close()
    expect(JSON.parse((await report).body)).toMatchObject([{ count: 2 }])
  })
})

describe('presence', () => {
  test('each question for the head says who asks, and what it has applied for how long', async () => {
    const it = await trial({ outageMs: 5_000, world: { renewMs: 5 } })
    const { server, clock } = it
    server.change()
    while (it.verifier.stats().applied !== server.point.number) await server.next('head')
    clock.monotonicMs += 400
    let { query, headers } = await server.next('head')
    // Questions that were on their way know nothing of it.
    while (query.get('agoMs') === '0') ({ query, headers } = await server.next('head'))
    expect(Object.fromEntries(query)).toEqual({
      verifier: 'test',
      outageMs: '5000',
      applied: '8',
      agoMs: '400',
      since: '7',
    })
    expect(headers.authorization).toBe(`Bearer ${resourceKey}`)
  })

  test('closed: it says that it leaves, refuses all, ends its stream, and may be closed twice', async () => {
    const it = await trial()
    says(it.server, activeAnswer())
    const token = managedSecret()
    await it.verifier.verify(token)
    await Promise.all([it.verifier.close(), it.verifier.close()])
    const leaving = it.server.asked.filter(({ query }) => query.get('leaving') === 'true')
    expect(leaving).toHaveLength(1)
    expect(it.server.asked.at(-1)).toBe(leaving[0])
    expect(atOnce(it.verifier.verify(token))).toEqual({ active: false, reason: 'unavailable' })
    await expect(it.verifier.ready()).rejects.toThrow('closed')
    while (it.server.streams.size > 0) await new Promise((resolve) => setImmediate(resolve))
  })
})

describe('what can be watched', () => {
  test('how each decision was reached', async () => {
    const it = await trial()
    says(it.server, activeAnswer())
    const token = managedSecret()
    await it.verifier.verify(token)
    it.verifier.verify(token)
    it.verifier.verify('garbage')
    expect(it.watched.seen.filter(({ type }) => type === 'decided')).toEqual([
      { type: 'decided', from: 'server', active: true },
      { type: 'decided', from: 'memory', active: true },
      { type: 'decided', from: 'form', active: false, reason: 'malformed' },
    ])
  })

  test('stats', async () => {
    const it = await trial()
    says(it.server, activeAnswer())
    await it.verifier.verify(managedSecret())
    it.server.answers.head = () => undefined
    it.clock.monotonicMs += 1_200
    expect(it.verifier.stats()).toEqual({ remembered: 1, leaseHolds: false, leaseAgeMs: 1_200, applied: 7, head: 7 })
  })
})

test('with the usual clocks and intervals: ready, decides, closes', async () => {
  const { server } = await trial()
  says(server, activeAnswer())
  const verifier = createVerifier({ url: server.url, key: resourceKey })
  await verifier.ready()
  const token = managedSecret()
  expect(await verifier.verify(token)).toMatchObject({ active: true })
  expect(atOnce(verifier.verify(token))).toMatchObject({ active: true })
  await verifier.close()
})
