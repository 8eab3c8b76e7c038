import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { describeOnBoth, type TestDatabase } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'

type Organization = Awaited<ReturnType<Harness['newOrganization']>>

describeOnBoth('account mappings', (open) => {
  let app: Harness
  let database: TestDatabase
  let acme: Organization
  let provider: string
  let robot: string

  beforeAll(async () => {
    database = await open()
    // Where nobody listens: these tests need no keys.
    app = await harness(database, { allowedJwksHosts: ['127.0.0.1'] })
  })
  beforeEach(async () => {
    acme = await app.newOrganization()
    provider = await newProvider(acme)
    robot = await acme.newServiceAccount('member', 'Robot')
  })

  const newProvider = async (org: Organization, more: object = {}): Promise<string> => {
    const at = { issuer: 'https://idp.example/', jwksUrl: 'http://127.0.0.1:1/jwks', audiences: ['api'] }
    const body = { name: 'Okta', ...at, ...more }
    const made = await app.call('POST', `${org.path}/oauth-providers`, { as: org.admin, body })
    expect(made).toMatchObject({ status: 201 })
    return made.body.id
  }
  const create = (more: object = {}) =>
    app.call('POST', `${acme.path}/account-mappings`, {
      as: acme.admin,
      body: { accountId: robot, providerId: provider, subject: 'robot', ...more },
    })
  const newMapping = async (more: object = {}): Promise<string> => {
    const made = await create(more)
    expect(made).toMatchObject({ status: 201 })
    return made.body.id
  }
  const on = (method: string, id: string, body?: unknown) =>
    app.call(method, `${acme.path}/account-mappings/${id}`, { as: acme.admin, body })
  const list = async (query = '') =>
    (await app.call('GET', `${acme.path}/account-mappings${query}`, { as: acme.admin })).body
  const idsOf = ({ items }: { items: { id: string }[] }) => items.map((it) => it.id)
  const lastFeed = async () =>
    (await database.owner.selectFrom('feed').select('forget').orderBy('number', 'desc').limit(1).executeTakeFirst())
      ?.forget
  const lastEvent = async () => (await acme.events('?limit=1'))[0]

  test('201: ties an account to a subject; created, renamed and deleted, each with its event', async () => {
    const made = await create({ displayName: ' CI robot ' })
    expect(made.status).toBe(201)
    const { id } = made.body
    expect(made.body).toEqual({
      id: expect.stringMatching(/^map_/),
      accountId: robot,
      account: { id: robot, kind: 'service_account', name: 'Robot' },
      providerId: provider,
      provider: { id: provider, name: 'Okta' },
      subject: 'robot',
      displayName: 'CI robot',
      createdAt: app.clock.now.toISOString(),
    })
    expect(await lastFeed()).toEqual([{ kind: 'issuer', id: 'https://idp.example/' }])
    expect(await list()).toEqual({ items: [made.body], nextCursor: null })
    expect((await on('PATCH', id, { displayName: 'Robot of CI' })).body).toEqual({
      ...made.body,
      displayName: 'Robot of CI',
    })
    expect(await lastFeed()).toEqual([])
    expect((await on('PATCH', id, { displayName: 'Robot of CI' })).status).toBe(200)
    expect((await on('DELETE', id)).status).toBe(204)
    expect(await lastFeed()).toEqual([{ kind: 'issuer', id: 'https://idp.example/' }])
    expect((await list()).items).toEqual([])
    const account = { id: robot, kind: 'service_account', name: 'Robot' }
    expect((await acme.events(`?targetId=${id}`)).reverse()).toMatchObject([
      {
        action: 'account_mapping.created',
        target: { kind: 'account_mapping', id, name: 'robot' },
        before: null,
        after: { account, provider: { id: provider, name: 'Okta' }, subject: 'robot', displayName: 'CI robot' },
      },
      { action: 'account_mapping.updated', before: { displayName: 'CI robot' }, after: { displayName: 'Robot of CI' } },
      { action: 'account_mapping.deleted', before: { account, subject: 'robot', displayName: 'Robot of CI' } },
    ])
  })

  test('201: members and service accounts, of either role; a name is optional, and subjects are kept exactly', async () => {
    const mia = await acme.newMember()
    const ids = [await newMapping(), await newMapping({ accountId: mia.accountId, subject: 'Robot' })]
    ids.push(await newMapping({ accountId: acme.admin.accountId, subject: 'auth0|é 王' }))
    const { items } = await list()
    expect(items.map((it: { subject: string; displayName: string }) => [it.subject, it.displayName])).toEqual([
      ['robot', ''],
      ['Robot', ''],
      ['auth0|é 王', ''],
    ])
    expect(idsOf({ items })).toEqual(ids)
  })

  test('200: listed page by page, of an account and of a provider', async () => {
    const other = await newProvider(acme, { audiences: ['other'] })
    const bot = await acme.newServiceAccount()
    const a = await newMapping()
    const b = await newMapping({ providerId: other })
    const c = await newMapping({ accountId: bot, subject: 'bot' })
    expect(idsOf(await list(`?accountId=${robot}`))).toEqual([a, b])
    expect(idsOf(await list(`?providerId=${provider}`))).toEqual([a, c])
    expect(idsOf(await list(`?providerId=${other}&accountId=${bot}`))).toEqual([])
    const first = await list('?limit=2')
    expect([...idsOf(first), ...idsOf(await list(`?limit=2&cursor=${first.nextCursor}`))]).toEqual([a, b, c])
  })

  test('409: an account has one mapping per provider, and a subject is one account’s there', async () => {
    await newMapping()
    const bot = await acme.newServiceAccount()
    const again = await create({ subject: 'other' })
    expect(again).toMatchObject({ status: 409, body: { code: 'mapping_exists' } })
    expect(await create()).toMatchObject({ status: 409, body: { code: 'mapping_exists' } })
    expect(await create({ accountId: bot })).toMatchObject({ status: 409, body: { code: 'subject_taken' } })
    const other = await newProvider(acme, { audiences: ['other'] })
    await newMapping({ providerId: other })
    const globex = await app.newOrganization()
    const [there, theirs] = [await newProvider(globex), await globex.newServiceAccount()]
    const body = { accountId: theirs, providerId: there, subject: 'robot' }
    const foreign = await app.call('POST', `${globex.path}/account-mappings`, { as: globex.admin, body })
    expect(foreign.status).toBe(201)
  })

  test('409: nor by two admins at once', async () => {
    const bots = [robot, await acme.newServiceAccount(), await acme.newServiceAccount()]
    const same = await Promise.all(bots.map((accountId) => create({ accountId })))
    expect(same.map((it) => it.body.code ?? it.status).sort()).toEqual([201, 'subject_taken', 'subject_taken'])
    const other = await newProvider(acme, { audiences: ['other'] })
    const twice = await Promise.all(['a', 'b'].map((subject) => create({ providerId: other, subject })))
    expect(twice.map((it) => it.body.code ?? it.status).sort()).toEqual([201, 'mapping_exists'])
  })

  describe('422: what a mapping ties must be of this organization', () => {
    const absent = (prefix: string) => `${prefix}_01h455vb4pex5vsknk084sn02q`

    test('foreign and absent ids are told alike, each with its path', async () => {
      const globex = await app.newOrganization()
      const foreign = { accountId: await globex.newServiceAccount(), providerId: await newProvider(globex) }
      const errors = [
        { path: 'accountId', message: 'There is no such account in this organization.' },
        { path: 'providerId', message: 'There is no such OAuth provider in this organization.' },
      ]
      for (const ids of [foreign, { accountId: absent('svc'), providerId: absent('idp') }]) {
        expect(await create(ids)).toMatchObject({ status: 422, body: { errors } })
        const [account, theirs] = [{ accountId: ids.accountId }, { providerId: ids.providerId }]
        expect(await create(account)).toMatchObject({ status: 422, body: { errors: [errors[0]] } })
        expect(await create(theirs)).toMatchObject({ status: 422, body: { errors: [errors[1]] } })
        for (const [i, query] of [`?accountId=${ids.accountId}`, `?providerId=${ids.providerId}`].entries()) {
          const asked = await app.call('GET', `${acme.path}/account-mappings${query}`, { as: acme.admin })
          expect(asked).toMatchObject({ status: 422, body: { errors: [errors[i]] } })
        }
      }
      expect((await list()).items).toEqual([])
    })

    test('an invited member has not joined yet, and a removed account is gone', async () => {
      const body = { emails: [app.newEmail()], role: 'member' }
      const invited = await app.call('POST', `${acme.path}/invitations`, { as: acme.admin, body })
      const { accountId } = invited.body.invitations[0]
      expect(await create({ accountId })).toMatchObject({
        status: 422,
        body: { errors: [{ path: 'accountId', message: 'This member has not joined yet.' }] },
      })
      await app.call('DELETE', `${acme.path}/service-accounts/${robot}`, { as: acme.admin })
      expect(await create()).toMatchObject({ status: 422, body: { errors: [{ path: 'accountId' }] } })
    })
  })

  test.each([
    [{ subject: '' }, 'subject'],
    [{ subject: ' robot' }, 'subject'],
    [{ subject: 'robot\u00a0' }, 'subject'],
    [{ subject: 'ro\nbot' }, 'subject'],
    [{ subject: 'x'.repeat(256) }, 'subject'],
    [{ displayName: 'x'.repeat(101) }, 'displayName'],
    [{ displayName: 'a\u2028b' }, 'displayName'],
    [{ accountId: 'grp_01h455vb4pex5vsknk084sn02q' }, 'accountId'],
    [{ email: 'ada@example.com' }, 'email'],
  ])('422: %j', async (fault, path) => {
    expect(await create(fault)).toMatchObject({ status: 422, body: { errors: [{ path }] } })
    expect((await create({ subject: 'x'.repeat(255) })).status).toBe(201)
  })

  test.each(['subject', 'accountId', 'providerId'])('422: the %s of a mapping is fixed', async (field) => {
    const id = await newMapping()
    const refused = await on('PATCH', id, { displayName: 'a', [field]: 'x' })
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: field }] } })
  })

  test('404: foreign, absent and malformed ids are alike', async () => {
    const globex = await app.newOrganization()
    const body = { accountId: globex.admin.accountId, providerId: await newProvider(globex), subject: 'ada' }
    const made = await app.call('POST', `${globex.path}/account-mappings`, { as: globex.admin, body })
    const foreign: string = made.body.id
    for (const id of [foreign, `${foreign.slice(0, -1)}0`, 'map_1']) {
      for (const answer of [await on('PATCH', id, { displayName: 'Mine' }), await on('DELETE', id)])
        expect(answer).toMatchObject({ status: 404, body: { code: 'not_found', detail: 'Not found' } })
    }
    const theirs = await app.call('GET', `${globex.path}/account-mappings`, { as: globex.admin })
    expect(theirs.body.items).toMatchObject([{ id: foreign, displayName: '' }])
  })

  describe('what goes with an account (O5)', () => {
    test('204: a deleted service account takes its mappings along; the event lists them, the issuers are forgotten', async () => {
      const other = await newProvider(acme, { issuer: 'https://other.example', audiences: ['other'] })
      const ids = [await newMapping(), await newMapping({ providerId: other })].sort()
      expect((await app.call('DELETE', `${acme.path}/service-accounts/${robot}`, { as: acme.admin })).status).toBe(204)
      expect(await lastEvent()).toMatchObject({ action: 'service_account.deleted', before: { mappings: ids } })
      expect(await lastFeed()).toEqual([
        { kind: 'account', id: robot },
        { kind: 'issuer', id: 'https://idp.example/' },
        { kind: 'issuer', id: 'https://other.example' },
      ])
      expect((await list()).items).toEqual([])
      await newMapping({ accountId: await acme.newServiceAccount() })
    })

    test('204: so does a removed member, whom an invitation of the same address does not bring back', async () => {
      const mia = await acme.newMember()
      const id = await newMapping({ accountId: mia.accountId })
      const kept = await newMapping({ subject: 'other' })
      await app.call('DELETE', `${acme.path}/members/${mia.accountId}`, { as: acme.admin })
      expect(await lastEvent()).toMatchObject({ action: 'member.removed', before: { mappings: [id] } })
      const body = { emails: [mia.email], role: 'member' }
      expect((await app.call('POST', `${acme.path}/invitations`, { as: acme.admin, body })).status).toBe(201)
      expect(idsOf(await list())).toEqual([kept])
    })
  })

  test('200: No members warns until an account is mapped at an enabled provider (P9)', async () => {
    const warned = async (creation = 'none') => {
      const body = { apiTokens: { creation } }
      const { warnings } = (await app.call('POST', `${acme.path}/settings/impact`, { as: acme.admin, body })).body
      return warnings.map((it: { code: string }) => it.code)
    }
    const enable = (enabled: boolean) =>
      app.call('PATCH', `${acme.path}/oauth-providers/${provider}`, { as: acme.admin, body: { enabled } })
    expect(await warned()).toEqual(['no_external_access'])
    const id = await newMapping()
    expect(await warned()).toEqual([])
    await enable(false)
    expect([await warned(), await warned('all')]).toEqual([['no_external_access'], []])
    await enable(true)
    expect(await warned()).toEqual([])
    await on('DELETE', id)
    expect(await warned()).toEqual(['no_external_access'])
    await newMapping()
    await app.call('DELETE', `${acme.path}/service-accounts/${robot}`, { as: acme.admin })
    expect(await warned()).toEqual(['no_external_access'])
    const globex = await app.newOrganization()
    const mapped = { accountId: globex.admin.accountId, providerId: await newProvider(globex), subject: 'ada' }
    await app.call('POST', `${globex.path}/account-mappings`, { as: globex.admin, body: mapped })
    expect(await warned()).toEqual(['no_external_access'])
  })

  test('200: an account’s ability tells whether external tokens are there, allowed or not', async () => {
    const ability = async () =>
      (await app.call('GET', `${acme.path}/tokens/ability`, { as: acme.admin })).body as Record<string, unknown>
    expect(await ability()).toEqual({ allowed: true, externalTokens: true })
    await acme.setCreation({ creation: 'none' })
    expect(await ability()).toMatchObject({ allowed: false, code: 'token_creation_disabled', externalTokens: true })
    const body = { enabled: false }
    await app.call('PATCH', `${acme.path}/oauth-providers/${provider}`, { as: acme.admin, body })
    expect(await ability()).toMatchObject({ allowed: false, externalTokens: false })
  })
})
