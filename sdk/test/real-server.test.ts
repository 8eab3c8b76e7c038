import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { describeOnBoth } from '../../server/test/databases.ts'
import { type Harness, harness, resourceKey } from '../../server/test/harness.ts'
import { identityProvider } from '../../server/test/identity-provider.ts'
import { type Listening, listen } from '../../server/test/listen.ts'
import { readOptions } from '../src/options.ts'
import { startVerifier, type Verifier } from '../src/verifier.ts'
import { usualWorld } from '../src/world.ts'
import { atOnce } from './world.ts'

type Organization = Awaited<ReturnType<Harness['newOrganization']>>

describeOnBoth('a verifier beside the real server', (open) => {
  let it: Harness
  let server: Listening
  let verifier: Verifier
  let org: Organization

  beforeAll(async () => {
    it = await harness(await open(), { allowedJwksHosts: ['127.0.0.1'] })
    server = await listen(it)
    verifier = startVerifier(readOptions({ url: server.url, key: resourceKey, name: 'api@test' }), {
      ...usualWorld,
      nowMs: () => it.clock.now.getTime(),
    })
    await verifier.ready()
  })
  afterAll(async () => {
    await verifier.close()
    await server.close()
  })
  beforeEach(async () => {
    org = await it.newOrganization()
  })

  /** Resolves when the verifier has applied all that was answered so far, and may decide. */
  const settled = async () => {
    await it.lease.renew()
    const { applied } = it.lease
    while ((verifier.stats().applied ?? -1) < applied || !verifier.stats().leaseHolds)
      await new Promise((resolve) => setImmediate(resolve))
  }

  /** The next answer comes from memory: what was kept is vouched for. */
  const remembered = async (token: string) => {
    for (;;) {
      await verifier.verify(token)
      const answer = verifier.verify(token)
      if (!(answer instanceof Promise)) return answer
      await answer
    }
  }

  test('P2, P3, P11: a saved none is obeyed, and so is its end; memory decides before and after', async () => {
    const { id, secret } = await org.newToken()
    expect(await remembered(secret)).toMatchObject({
      active: true,
      organizationId: org.id,
      account: { id: org.admin.accountId, role: 'admin', username: org.admin.email },
      token: { source: 'managed', id, subject: org.admin.accountId },
    })
    for (const [creation, expected] of [
      ['none', { active: false, reason: 'suspended', whose: { organizationId: org.id, tokenId: id } }],
      ['all', { active: true }],
    ] as const) {
      expect((await org.setCreation({ creation })).status).toBe(200)
      await settled()
      expect(await verifier.verify(secret)).toMatchObject(expected)
      expect(await remembered(secret)).toMatchObject(expected)
    }
  })

  test('P11: without waiting for anything, a save takes effect by itself', async () => {
    const { secret } = await org.newToken()
    await remembered(secret)
    await org.setCreation({ creation: 'none' })
    while ((await verifier.verify(secret)).active) await new Promise((resolve) => setImmediate(resolve))
    await org.setCreation({ creation: 'all' })
    while (!(await verifier.verify(secret)).active) await new Promise((resolve) => setImmediate(resolve))
  })

  test('T4: a refreshed token has a new secret, and the old one opens nothing', async () => {
    const { id, secret } = await org.newToken()
    await remembered(secret)
    const refreshed = await it.call('POST', `${org.path}/tokens/${id}/refresh`, { as: org.admin, body: {} })
    await settled()
    expect(await verifier.verify(secret)).toEqual({ active: false, reason: 'revoked' })
    expect(await verifier.verify(refreshed.body.secret)).toMatchObject({ active: true, token: { id } })
  })

  test('T5, O5, O9: deleted, removed, another role', async () => {
    const member = await org.newMember()
    const [kept, deleted] = [await org.newToken(member), await org.newToken(member)]
    await remembered(kept.secret)
    await remembered(deleted.secret)
    await it.call('DELETE', `${org.path}/tokens/${deleted.id}`, { as: org.admin })
    await it.call('PATCH', `${org.path}/members/${member.accountId}`, { as: org.admin, body: { role: 'admin' } })
    await settled()
    expect(await verifier.verify(deleted.secret)).toEqual({ active: false, reason: 'revoked' })
    expect(await verifier.verify(kept.secret)).toMatchObject({ active: true, account: { role: 'admin' } })
    await it.call('DELETE', `${org.path}/members/${member.accountId}`, { as: org.admin })
    await settled()
    expect(await verifier.verify(kept.secret)).toEqual({ active: false, reason: 'owner_removed' })
    expect(await remembered(kept.secret)).toEqual({ active: false, reason: 'owner_removed' })
  })

  test('T3: an expiration passes while it is remembered', async () => {
    const expiresAt = new Date(it.clock.now.getTime() + 60_000).toISOString()
    const { secret } = await org.newToken(org.admin, { expiresAt })
    expect(await remembered(secret)).toMatchObject({ active: true })
    const before = it.clock.now
    it.clock.now = new Date(before.getTime() + 60_000)
    const local = await verifier.verify(secret)
    expect(local).toMatchObject({ active: false, reason: 'expired', whose: { organizationId: org.id } })
    expect(await server.introspect(secret)).toMatchObject({ active: false, reason: 'expired' })
    it.clock.now = before
  })

  test('P7, E6: external tokens are not touched by the switch, and are by their mapping and provider', async () => {
    const idp = await identityProvider(() => it.clock.now)
    const provider = await org.newProvider(idp)
    const accountId = await org.newServiceAccount('member', 'Deploy')
    const mapping = await it.call('POST', `${org.path}/account-mappings`, {
      as: org.admin,
      body: { accountId, providerId: provider, subject: 'robot' },
    })
    const token = idp.token({ sub: 'robot' })
    await settled()
    const active = { active: true, account: { id: accountId }, token: { source: 'external', providerId: provider } }
    expect(await remembered(token)).toMatchObject(active)
    await org.setCreation({ creation: 'none' })
    await settled()
    expect(await remembered(token)).toMatchObject(active)
    await it.call('PATCH', `${org.path}/oauth-providers/${provider}`, { as: org.admin, body: { enabled: false } })
    await settled()
    expect(await verifier.verify(token)).toMatchObject({ active: false, reason: 'provider_disabled' })
    await it.call('PATCH', `${org.path}/oauth-providers/${provider}`, { as: org.admin, body: { enabled: true } })
    await settled()
    expect(await remembered(token)).toMatchObject(active)
    await it.call('DELETE', `${org.path}/account-mappings/${mapping.body.id}`, { as: org.admin })
    await settled()
    expect(await verifier.verify(token)).toMatchObject({ active: false, reason: 'unmapped_subject' })
    await idp.close()
  })

  test('E4: a token that is named for another organization is unknown, in memory as on the server', async () => {
    const { secret } = await org.newToken()
    const other = await it.newOrganization()
    expect(await verifier.verify(secret, { organization: other.id })).toEqual({ active: false, reason: 'unknown' })
    expect(await remembered(secret)).toMatchObject({ active: true })
    expect(atOnce(verifier.verify(secret, { organization: other.id }))).toEqual({ active: false, reason: 'unknown' })
    expect(await verifier.verify(secret, { organization: org.id })).toMatchObject({ active: true })
  })

  // The last one, since this process ends its streams for good, as one that stops does.
  test('P11, N3: without a stream the lease ends by itself, and the server is asked each time', async () => {
    const { secret } = await org.newToken()
    await remembered(secret)
    it.endStreams()
    await org.setCreation({ creation: 'none' })
    while ((await verifier.verify(secret)).active) await new Promise((resolve) => setImmediate(resolve))
    await org.setCreation({ creation: 'all' })
    expect(await verifier.verify(secret)).toMatchObject({ active: true })
    expect(verifier.stats().leaseHolds).toBe(false)
  })
})

describeOnBoth('what a verifier tells the server', (open) => {
  test('T8: uses that it decided are in the usage of the organization; P11: it is seen to obey, and to leave', async () => {
    const it = await harness(await open())
    const server = await listen(it)
    const verifier = startVerifier(readOptions({ url: server.url, key: resourceKey, name: 'api@test' }), usualWorld)
    await verifier.ready()
    const org = await it.newOrganization()
    await org.choosePreviews(['token-insights'])
    const { id, secret } = await org.newToken()
    await verifier.verify(secret)
    while (verifier.verify(secret) instanceof Promise) await verifier.verify(secret)
    for (let i = 0; i < 5; i += 1) expect(atOnce(verifier.verify(secret))).toMatchObject({ active: true })

    await org.setCreation({ creation: 'groups', groupIds: [await org.newGroup()] })
    const confirmed = async (): Promise<{ name: string; kind: string; version: number }[]> =>
      (await it.call('GET', `${org.path}/settings/propagation`, { as: org.admin })).body.confirmed
    const { version } = (await it.call('GET', `${org.path}/settings`, { as: org.admin })).body
    const obeys = { name: 'api@test', kind: 'verifier', version }
    while (!(await confirmed()).some((peer) => peer.name === obeys.name && peer.version === version))
      await it.lease.renew()
    expect(await confirmed()).toContainEqual(expect.objectContaining(obeys))

    await verifier.close()
    const used = (await it.call('GET', `${org.path}/tokens/usage?days=7`, { as: org.admin })).body
    const { count } = used.tokens.find((token: { tokenId: string }) => token.tokenId === id)
    expect(count).toBeGreaterThanOrEqual(5)
    while ((await confirmed()).some(({ name }) => name === obeys.name)) await it.lease.renew()
    await server.close()
  })
})
