import { describe, expect, test } from 'vitest'
import { createVerifier } from '../src/index.ts'
import { resourceKey, type ScriptedServer } from './scripted-server.ts'
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
import { atOnce, isAsking, says, trial } from './world.ts'

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

  test.each([undefined, {}, { organization: undefined }])('%j names none', async (question) => {
    const it = await trial()
    await it.verifier.verify(managedSecret(), question)
    expect(asked(it.server)[0]).not.toHaveProperty('organization')
  })

  test.each(['', null, 0, false, {}, ['org_a', 'org_b'], 'x'.repeat(101)])(
    '%j is nobody, and no question',
    async (organization) => {
      const it = await trial()
      expect(atOnce(it.verifier.verify(managedSecret(), { organization: organization as unknown as string }))).toEqual({
        active: false,
        reason: 'unknown',
      })
    },
  )
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
