import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { describeOnBoth, type TestDatabase } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'
import { identityProvider, signers } from '../../../test/identity-provider.ts'
import { openDatabase } from '../../db/open.ts'
import { maxProviders } from './rules.ts'

type Organization = Awaited<ReturnType<Harness['newOrganization']>>

describeOnBoth('OAuth providers', (open, kind) => {
  let app: Harness
  let database: TestDatabase
  let idp: Awaited<ReturnType<typeof identityProvider>>
  let acme: Organization
  /** How many requests wait for an answer that never comes. */
  let waiting = 0
  const silent = createServer((req) => {
    waiting += 1
    req.socket.on('close', () => {
      waiting -= 1
    })
  })
  const silentUrl = () => `http://127.0.0.1:${(silent.address() as AddressInfo).port}/jwks`

  beforeAll(async () => {
    database = await open()
    app = await harness(database, { allowedJwksHosts: ['127.0.0.1'] })
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening))
  })
  afterAll(() => {
    silent.closeAllConnections()
    silent.close()
  })
  beforeEach(async () => {
    idp = await identityProvider(() => app.clock.now)
    acme = await app.newOrganization()
    return () => idp.close()
  })

  const wanted = (more: object = {}) => ({
    name: 'Okta',
    issuer: idp.issuer,
    jwksUrl: idp.jwksUrl,
    audiences: ['api'],
    ...more,
  })
  const create = (more: object = {}, org = acme) =>
    app.call('POST', `${org.path}/oauth-providers`, { as: org.admin, body: wanted(more) })
  const newProvider = async (more: object = {}): Promise<string> => {
    const made = await create(more)
    expect(made).toMatchObject({ status: 201 })
    return made.body.id
  }
  const at = (id: string, rest = '') => `${acme.path}/oauth-providers/${id}${rest}`
  const get = async (id: string) => (await app.call('GET', at(id), { as: acme.admin })).body
  const patch = (id: string, body: object) => app.call('PATCH', at(id), { as: acme.admin, body })
  const refresh = async (id: string) => (await app.call('POST', at(id, '/refresh-keys'), { as: acme.admin })).body.keys
  const map = async (providerId: string, accountId: string, subject = 'robot'): Promise<string> => {
    const body = { accountId, providerId, subject }
    return (await app.call('POST', `${acme.path}/account-mappings`, { as: acme.admin, body })).body.id
  }
  /** Events of a provider, oldest first. */
  const eventsOf = async (id: string) => (await acme.events(`?targetId=${id}`)).reverse()
  const told = async (id: string) => (await eventsOf(id)).map((it) => it.action)
  /** The last entry of the feed that names this provider: another's keys may be stored at any moment. */
  const lastForget = async (id: string) => {
    const entries = await database.owner
      .selectFrom('feed')
      .select('forget')
      .orderBy('number', 'desc')
      .limit(50)
      .execute()
    return entries.find(({ forget }) => forget.some((it) => it.id === id))?.forget
  }

  test('201: registered with the defaults of E1, read by admins, with its event; its keys come afterwards', async () => {
    const made = await create()
    expect(made.status).toBe(201)
    const { id } = made.body
    expect(made.body).toEqual({
      ...wanted(),
      id: expect.stringMatching(/^idp_/),
      algorithms: ['RS256', 'ES256'],
      subjectClaim: 'sub',
      scopeClaim: 'scope',
      requireScope: false,
      clockTolerance: 30,
      maxLifetime: 86_400,
      enabled: true,
      createdAt: app.clock.now.toISOString(),
      mappingCount: 0,
      keys: { fetchedAt: null, count: 0, lastError: null },
    })
    const keys = { fetchedAt: app.clock.now.toISOString(), count: 1, lastError: null }
    await expect.poll(() => get(id)).toEqual({ ...made.body, keys })
    const { items } = (await app.call('GET', `${acme.path}/oauth-providers`, { as: acme.admin })).body
    expect(items).toEqual([{ ...made.body, keys }])
    const operator = { kind: 'operator', id: null, name: 'Portcullis' }
    expect(await eventsOf(id)).toMatchObject([
      { action: 'oauth_provider.created', target: { kind: 'oauth_provider', name: 'Okta' }, after: wanted() },
      { action: 'oauth_provider.keys_changed', actor: operator, before: null, after: { keys: [expect.any(String)] } },
    ])
  })

  test('201: a provider that never answers is registered at once, and delays no other', async () => {
    const made = await create({ jwksUrl: silentUrl() })
    await expect.poll(() => waiting).toBe(1)
    expect(made).toMatchObject({ status: 201, body: { keys: { fetchedAt: null, count: 0, lastError: null } } })
    expect(await refresh(await newProvider({ audiences: ['other'] }))).toMatchObject({ count: 1 })
    expect((await patch(made.body.id, { jwksUrl: idp.jwksUrl })).status).toBe(200)
  })

  test('200: listed page by page', async () => {
    const ids = [await newProvider(), await newProvider({ audiences: ['b'] }), await newProvider({ audiences: ['c'] })]
    const list = async (query: string) =>
      (await app.call('GET', `${acme.path}/oauth-providers?${query}`, { as: acme.admin })).body
    const first = await list('limit=2')
    const second = await list(`limit=2&cursor=${first.nextCursor}`)
    expect([...first.items, ...second.items].map((it: { id: string }) => it.id)).toEqual(ids)
    expect(second.nextCursor).toBeNull()
  })

  test('409: two of one organization share no issuer and audience, disabled or not; other organizations do', async () => {
    await newProvider({ audiences: ['a', 'b'], enabled: false })
    for (const audiences of [['b'], ['x', 'a'], ['b', 'a']])
      expect(await create({ audiences })).toMatchObject({ status: 409, body: { code: 'provider_conflict' } })
    const globex = await app.newOrganization()
    expect((await create({ audiences: ['a', 'b'] }, globex)).status).toBe(201)
    expect((await create({ audiences: ['A'] })).status).toBe(201)
    expect((await create({ audiences: ['a'], issuer: `${idp.issuer}/` })).status).toBe(201)
  })

  test('409: nor do two that are registered, or changed, at once', async () => {
    const made = await Promise.all([create(), create(), create()])
    expect(made.map((it) => it.status).sort()).toEqual([201, 409, 409])
    const ids = [await newProvider({ audiences: ['b'] }), await newProvider({ audiences: ['c'] })]
    const moved = await Promise.all(ids.map((id) => patch(id, { audiences: ['z', id] })))
    expect(moved.map((it) => it.status).sort()).toEqual([200, 409])
  })

  test('200: changed field by field, each change with what differs and what is to be forgotten', async () => {
    const id = await newProvider()
    await refresh(id)
    const changes = [
      { name: 'Okta EU', requireScope: true },
      { audiences: ['api', 'more'], algorithms: ['EdDSA'] },
      { subjectClaim: 'client_id', scopeClaim: 'roles', clockTolerance: 0, maxLifetime: 60 },
      { enabled: false },
    ]
    for (const change of changes) {
      const before = await get(id)
      const answer = await patch(id, change)
      expect(answer).toMatchObject({ status: 200, body: { ...before, ...change } })
      const kept = Object.fromEntries(Object.keys(change).map((name) => [name, before[name]]))
      expect((await eventsOf(id)).at(-1)).toMatchObject({ action: 'oauth_provider.updated', after: change })
      expect((await eventsOf(id)).at(-1)?.before).toEqual(kept)
      expect(await lastForget(id)).toEqual([
        { kind: 'provider', id },
        { kind: 'issuer', id: idp.issuer },
      ])
    }
    const events = await told(id)
    expect((await patch(id, { ...changes[3], name: 'Okta EU' })).status).toBe(200)
    expect((await patch(id, {})).status).toBe(200)
    expect(await told(id)).toEqual(events)
  })

  test('409: an audience that another provider has cannot be taken; its own can be kept', async () => {
    const id = await newProvider({ audiences: ['mine'] })
    await newProvider({ audiences: ['taken'] })
    const refused = await patch(id, { audiences: ['mine', 'taken'], enabled: false })
    expect(refused).toMatchObject({ status: 409, body: { code: 'provider_conflict' } })
    expect(await get(id)).toMatchObject({ audiences: ['mine'], enabled: true })
    expect((await patch(id, { audiences: ['mine', 'free'] })).status).toBe(200)
  })

  test('409: the subject claim is fixed while accounts are mapped, and free again without', async () => {
    const id = await newProvider()
    await refresh(id)
    const mapping = await map(id, await acme.newServiceAccount())
    const events = await told(id)
    const refused = await patch(id, { subjectClaim: 'client_id' })
    expect(refused).toMatchObject({ status: 409, body: { code: 'provider_in_use' } })
    expect((await patch(id, { subjectClaim: 'sub', enabled: true })).status).toBe(200)
    expect(await told(id)).toEqual(events)
    await app.call('DELETE', `${acme.path}/account-mappings/${mapping}`, { as: acme.admin })
    expect((await patch(id, { subjectClaim: 'client_id' })).status).toBe(200)
  })

  test.each([
    [{ issuer: 'okta' }, 'issuer'],
    [{ issuer: 'https://idp.example?x' }, 'issuer'],
    [{ issuer: 'https://idp.example/ ' }, 'issuer'],
    [{ jwksUrl: 'http://idp.example/jwks' }, 'jwksUrl'],
    [{ jwksUrl: 'https://10.0.0.1/jwks' }, 'jwksUrl'],
    [{ jwksUrl: 'https://[::ffff:10.0.0.1]/jwks' }, 'jwksUrl'],
    [{ jwksUrl: 'https://0x7f.1.1.1/jwks' }, 'jwksUrl'],
    [{ jwksUrl: 'https://me:secret@idp.example/jwks' }, 'jwksUrl'],
    [{ jwksUrl: 'file:///etc/passwd' }, 'jwksUrl'],
    [{ audiences: [] }, 'audiences'],
    [{ audiences: ['a', 'a'] }, 'audiences'],
    [{ audiences: Array.from({ length: 21 }, (_, i) => `${i}`) }, 'audiences'],
    [{ algorithms: ['HS256'] }, 'algorithms.0'],
    [{ algorithms: ['none'] }, 'algorithms.0'],
    [{ algorithms: [] }, 'algorithms'],
    [{ subjectClaim: 'email' }, 'subjectClaim'],
    [{ subjectClaim: 'upn' }, 'subjectClaim'],
    [{ subjectClaim: 'name' }, 'subjectClaim'],
    [{ subjectClaim: 'preferred_username' }, 'subjectClaim'],
    [{ clockTolerance: 61 }, 'clockTolerance'],
    [{ clockTolerance: -1 }, 'clockTolerance'],
    [{ maxLifetime: 59 }, 'maxLifetime'],
    [{ keys: {} }, 'keys'],
  ])('422: %j, at registering and at changing', async (fault, path) => {
    const before = (await app.call('GET', `${acme.path}/oauth-providers`, { as: acme.admin })).body
    expect(await create(fault)).toMatchObject({ status: 422, body: { errors: [{ path }] } })
    expect((await app.call('GET', `${acme.path}/oauth-providers`, { as: acme.admin })).body).toEqual(before)
    const id = await newProvider()
    expect(await patch(id, fault)).toMatchObject({ status: 422, body: { errors: [{ path }] } })
  })

  test('422: the issuer is fixed once it is registered', async () => {
    const id = await newProvider()
    const refused = await patch(id, { issuer: idp.issuer })
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: 'issuer' }] } })
  })

  test('422: an organization has at most 20 providers', async () => {
    for (let i = 0; i < maxProviders; i++) await newProvider({ audiences: [`${i}`] })
    const refused = await create({ audiences: ['one more'] })
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: 'issuer' }] } })
    const [first] = (await app.call('GET', `${acme.path}/oauth-providers`, { as: acme.admin })).body.items
    await app.call('DELETE', at(first.id), { as: acme.admin })
    expect((await create({ audiences: ['one more'] })).status).toBe(201)
  })

  test('204: deleted with its keys and mappings, whose ids the event lists', async () => {
    const id = await newProvider()
    const accounts = [await acme.newServiceAccount(), acme.admin.accountId]
    const mappings = [await map(id, accounts[0]!), await map(id, accounts[1]!, 'ada')].sort()
    expect((await get(id)).mappingCount).toBe(2)
    expect((await app.call('DELETE', at(id), { as: acme.admin })).status).toBe(204)
    expect((await eventsOf(id)).at(-1)).toMatchObject({
      action: 'oauth_provider.deleted',
      before: { ...wanted(), mappings },
    })
    expect(await lastForget(id)).toEqual([
      { kind: 'provider', id },
      { kind: 'issuer', id: idp.issuer },
    ])
    const left = await app.call('GET', `${acme.path}/account-mappings`, { as: acme.admin })
    expect(left.body.items).toEqual([])
    expect((await app.call('DELETE', at(id), { as: acme.admin })).status).toBe(404)
  })

  describe('keys (E7)', () => {
    test('200: a refresh stores what it found, tells of a changed set alone, and keeps the last good one', async () => {
      const id = await newProvider()
      const first = await refresh(id)
      expect(first).toMatchObject({ count: 1, lastError: null })
      const events = await told(id)
      app.clock.now = new Date(app.clock.now.getTime() + 1000)
      expect(await refresh(id)).toEqual({ ...first, fetchedAt: app.clock.now.toISOString() })
      expect(await told(id)).toEqual(events)
      idp.state.keys = [signers.first, signers.second]
      expect(await refresh(id)).toMatchObject({ count: 2 })
      const [old, changed] = (await eventsOf(id)).filter((it) => it.action === 'oauth_provider.keys_changed')
      expect(changed?.before).toEqual(old?.after)
      expect(changed?.after).toMatchObject({ keys: { length: 2 } })
      expect(await lastForget(id)).toEqual([{ kind: 'provider', id }])
      const good = (await get(id)).keys
      idp.state.down = true
      app.clock.now = new Date(app.clock.now.getTime() + 1000)
      expect(await refresh(id)).toEqual({ ...good, lastError: expect.stringContaining('cannot be reached') })
      expect(await told(id)).toHaveLength(events.length + 1)
    })

    test('200: a provider that withdraws all its keys has none, and that is told', async () => {
      const id = await newProvider()
      await refresh(id)
      idp.state.keys = []
      expect(await refresh(id)).toMatchObject({ count: 0, fetchedAt: expect.any(String) })
      expect((await eventsOf(id)).at(-1)).toMatchObject({ after: { keys: [] } })
    })

    test('200: another address drops the keys of the one before, and its own are fetched', async () => {
      const id = await newProvider()
      await refresh(id)
      await patch(id, { jwksUrl: silentUrl() })
      const rows = database.owner.selectFrom('provider_keys').where('provider_id', '=', id)
      expect(await rows.select(['jwks_url', 'key_set', 'fetched_at', 'last_error']).execute()).toEqual([
        { jwks_url: silentUrl(), key_set: null, fetched_at: null, last_error: null },
      ])
      const other = await identityProvider(() => app.clock.now)
      other.state.keys = [signers.second]
      const moved = await patch(id, { jwksUrl: other.jwksUrl })
      expect(moved.body.keys).toEqual({ fetchedAt: null, count: 0, lastError: null })
      await expect.poll(async () => (await get(id)).keys.count).toBe(1)
      other.close()
      expect((await eventsOf(id)).map((it) => it.action)).toEqual([
        'oauth_provider.created',
        'oauth_provider.keys_changed',
        'oauth_provider.updated',
        'oauth_provider.updated',
        'oauth_provider.keys_changed',
      ])
      expect((await eventsOf(id)).at(-1)?.before).toBeNull()
    })

    test.runIf(kind === 'postgres')('200: another process shows the same, and takes the set over', async () => {
      const id = await newProvider()
      await refresh(id)
      const opened = await openDatabase(database.options)
      const second = await harness({ ...database, ...opened }, { allowedJwksHosts: ['127.0.0.1'] })
      second.clock.now = app.clock.now
      const seen = async () => (await second.call('GET', at(id), { as: acme.admin })).body.keys
      const provider = { id, organizationId: acme.id, jwksUrl: idp.jwksUrl }
      const kids = async () => (await second.deps.keys.of(provider))?.keys.map((it) => it.kid)
      expect(await kids()).toEqual(['first'])
      const { fetches } = idp.state
      idp.state.keys = [signers.second]
      const here = await refresh(id)
      expect(await seen()).toEqual(here)
      await second.lease.renew()
      expect([await kids(), idp.state.fetches]).toEqual([['second'], fetches + 1])
      await second.lease.close()
      await opened.close()
    })
  })

  describe('discovery (E1)', () => {
    const discover = (issuer: string) =>
      app.call('POST', `${acme.path}/oauth-providers/discover`, { as: acme.admin, body: { issuer } })

    test('200: finds the JWKS address', async () =>
      expect(await discover(idp.issuer)).toMatchObject({ status: 200, body: { jwksUrl: idp.jwksUrl } }))

    test.each([
      ['another spelling of the issuer', () => `${idp.issuer}/`],
      ['no metadata there', () => `${idp.issuer}/nowhere`],
      ['an address of the operator’s network', () => 'https://10.0.0.1'],
      ['plain http that is not on the list', () => 'http://idp.example'],
    ])('422: %s', async (_name, issuer) => {
      const errors = [{ path: 'issuer', message: expect.any(String) }]
      expect(await discover(issuer())).toMatchObject({ status: 422, body: { errors } })
    })
  })

  test('404: foreign, absent and malformed ids are alike', async () => {
    const globex = await app.newOrganization()
    const foreign = (await create({}, globex)).body.id as string
    for (const id of [foreign, `${foreign.slice(0, -1)}0`, 'idp_1']) {
      const calls = [
        ['GET', ''],
        ['DELETE', ''],
        ['PATCH', '', { name: 'Mine' }],
        ['POST', '/refresh-keys'],
        ['POST', '/check', { token: 'a' }],
      ] as const
      for (const [method, rest, body] of calls) {
        const answer = await app.call(method, at(id, rest), { as: acme.admin, body })
        expect(answer).toMatchObject({ status: 404, body: { code: 'not_found', detail: 'Not found' } })
      }
    }
    expect((await app.call('GET', `${globex.path}/oauth-providers/${foreign}`, { as: globex.admin })).status).toBe(200)
  })
})
