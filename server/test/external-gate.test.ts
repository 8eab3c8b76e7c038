import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { describeOnBoth } from './databases.ts'
import { type Harness, harness, resourceKey } from './harness.ts'
import { identityProvider, signers } from './identity-provider.ts'
import { listen } from './listen.ts'

type Organization = Awaited<ReturnType<Harness['newOrganization']>>

describeOnBoth('external tokens at every door', (open) => {
  let it: Harness
  let server: Awaited<ReturnType<typeof listen>>
  let idp: Awaited<ReturnType<typeof identityProvider>>
  let org: Organization
  let providerId: string
  let accountId: string
  let mappingId: string

  beforeAll(async () => {
    it = await harness(await open(), { allowedJwksHosts: ['127.0.0.1'] })
    server = await listen(it)
  })
  afterAll(() => server.close())

  const register = async (at: Organization, over: Record<string, unknown> = {}): Promise<string> => {
    const made = await it.call('POST', `${at.path}/oauth-providers`, {
      as: at.admin,
      body: { name: 'Foreign', issuer: idp.issuer, jwksUrl: idp.jwksUrl, audiences: ['api'], ...over },
    })
    expect(made).toMatchObject({ status: 201 })
    return made.body.id
  }
  const map = async (at: Organization, account: string, provider: string, subject = 'robot'): Promise<string> => {
    const made = await it.call('POST', `${at.path}/account-mappings`, {
      as: at.admin,
      body: { accountId: account, providerId: provider, subject },
    })
    expect(made).toMatchObject({ status: 201 })
    return made.body.id
  }
  const change = async (path: string, body?: unknown, method = 'PATCH') => {
    const answer = await it.call(method, `${org.path}${path}`, { as: org.admin, body })
    expect(answer.status).toBeLessThan(300)
    return answer.body
  }

  beforeEach(async () => {
    idp = await identityProvider(() => it.clock.now)
    org = await it.newOrganization()
    providerId = await register(org)
    accountId = await org.newServiceAccount('member', 'Deploy')
    mappingId = await map(org, accountId, providerId)
    return () => idp.close()
  })

  const introspect = async (token: string, organization?: string) => {
    const response = await fetch(`${server.url}/oauth2/introspect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${resourceKey}` },
      body: new URLSearchParams({ token, ...(organization !== undefined && { organization }) }),
    })
    const body = (await response.json()) as Record<string, unknown>
    return response.status === 200 ? body : { status: response.status, code: body.code }
  }
  const reason = async (token: string, organization?: string) => {
    const { active, reason: why, code } = await introspect(token, organization)
    return active === true ? 'good' : (why ?? code)
  }
  const forward = (token: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/forward-auth`, { headers: { authorization: `Bearer ${token}`, ...headers } })
  const api = (token: string, path = '/api/v1/me', headers: Record<string, string> = {}) =>
    server.call('GET', path, { as: { token }, headers })

  test('200: introspection tells whose it is, also from memory, and under No members it is the only way in', async () => {
    const managed = await org.newToken(org.admin, { accountId })
    expect(await org.setCreation({ creation: 'none' })).toMatchObject({ status: 200 })
    expect(await reason(managed.secret)).toBe('suspended')
    const token = idp.token({ scope: 'read write' })
    const seconds = Math.floor(it.clock.now.getTime() / 1000)
    const told = {
      active: true,
      sub: 'robot',
      iss: idp.issuer,
      exp: seconds + 600,
      iat: seconds,
      scope: 'read write',
      token_type: 'Bearer',
      username: 'Deploy',
      organization_id: org.id,
      account_id: accountId,
      account_kind: 'service_account',
      role: 'member',
      groups: [],
      provider_id: providerId,
      token_source: 'external',
    }
    expect(await introspect(token)).toEqual(told)
    expect(await introspect(token)).toEqual(told)
    expect(idp.state.fetches).toBe(1)
  })

  test('200: forward-auth answers all six headers, the token’s id empty', async () => {
    const groupId = await org.newGroup([accountId])
    const answer = await forward(idp.token())
    expect(answer.status).toBe(200)
    const headers = ['organization', 'account', 'account-kind', 'role', 'groups', 'token']
    expect(headers.map((name) => answer.headers.get(`x-portcullis-${name}`))).toEqual([
      ...[org.id, accountId, 'service_account', 'member', groupId, ''],
    ])
    expect((await forward(idp.token(), { 'x-portcullis-require-role': 'admin' })).status).toBe(403)
  })

  test('200: the management API takes it with its account’s role, and P12 lets it lower the gate', async () => {
    const token = idp.token()
    expect(await api(token)).toMatchObject({
      status: 200,
      body: { account: { id: accountId, role: 'member' }, organizations: [{ id: org.id }] },
    })
    expect(await api(token, `${org.path}/tokens`)).toMatchObject({ status: 200 })
    expect(await api(token, `${org.path}/audit-events`)).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    await change(`/service-accounts/${accountId}`, { role: 'admin' })
    expect(await org.setCreation({ creation: 'none' }, { token })).toMatchObject({ status: 200 })
    expect(await api(token)).toMatchObject({ status: 200 })
  })

  /** E6, E7, O5: what an admin or the provider does, and the reason from then on. */
  const endings: [name: string, end: () => Promise<unknown>, reason: string][] = [
    [
      'its provider was disabled',
      () => change(`/oauth-providers/${providerId}`, { enabled: false }),
      'provider_disabled',
    ],
    [
      'its provider was deleted',
      () => change(`/oauth-providers/${providerId}`, undefined, 'DELETE'),
      'untrusted_issuer',
    ],
    [
      'its audience was taken away',
      () => change(`/oauth-providers/${providerId}`, { audiences: ['b'] }),
      'invalid_claims',
    ],
    [
      'its algorithm is allowed no more',
      () => change(`/oauth-providers/${providerId}`, { algorithms: ['ES256'] }),
      'invalid_signature',
    ],
    [
      'its mapping was deleted',
      () => change(`/account-mappings/${mappingId}`, undefined, 'DELETE'),
      'unmapped_subject',
    ],
    [
      'its account was removed',
      () => change(`/service-accounts/${accountId}`, undefined, 'DELETE'),
      'unmapped_subject',
    ],
    [
      'its key was withdrawn',
      async () => {
        idp.state.keys = [signers.second]
        await change(`/oauth-providers/${providerId}/refresh-keys`, undefined, 'POST')
      },
      'invalid_signature',
    ],
    [
      'its key’s name was given to another key',
      async () => {
        idp.state.keys = [signers.impostor]
        await change(`/oauth-providers/${providerId}/refresh-keys`, undefined, 'POST')
      },
      'invalid_signature',
    ],
  ]
  test.each(endings)('401 at once: %s', async (_name, end, expected) => {
    const [seen, other] = [idp.token(), idp.token({ jti: 'never seen before' })]
    expect([await reason(seen), (await forward(seen)).status, (await api(seen)).status]).toEqual(['good', 200, 200])
    await end()
    expect([await reason(seen), await reason(other)]).toEqual([expected, expected])
    expect((await forward(seen)).headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(await api(seen)).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
  })

  test('what was taken away comes back: enabled again, mapped again, the key listed again', async () => {
    const token = idp.token()
    await change(`/oauth-providers/${providerId}`, { enabled: false })
    expect(await reason(token)).toBe('provider_disabled')
    await change(`/oauth-providers/${providerId}`, { enabled: true })
    expect(await reason(token)).toBe('good')
    await change(`/account-mappings/${mappingId}`, undefined, 'DELETE')
    expect(await reason(token)).toBe('unmapped_subject')
    mappingId = await map(org, accountId, providerId)
    expect(await reason(token)).toBe('good')
    idp.state.keys = [signers.second]
    await change(`/oauth-providers/${providerId}/refresh-keys`, undefined, 'POST')
    expect(await reason(token)).toBe('invalid_signature')
    idp.state.keys = [signers.second, signers.first]
    await change(`/oauth-providers/${providerId}/refresh-keys`, undefined, 'POST')
    expect(await reason(token)).toBe('good')
  })

  test('E7: a new key is found by the first token that it signs', async () => {
    expect(await reason(idp.token())).toBe('good')
    idp.state.keys = [signers.second, signers.first]
    expect(await reason(idp.token({}, signers.second))).toBe('good')
  })

  test('503: a provider whose keys were never had, whatever door, and nobody else is slower for it', async () => {
    const broken = await identityProvider(() => it.clock.now)
    broken.state.down = true
    const id = await register(org, { name: 'Broken', issuer: broken.issuer, jwksUrl: broken.jwksUrl })
    await map(org, accountId, id, 'lost')
    const token = broken.token({ sub: 'lost' })
    expect(await introspect(token)).toEqual({ status: 503, code: 'unavailable' })
    expect([(await forward(token)).status, (await api(token)).status]).toEqual([503, 503])
    expect(await reason(idp.token())).toBe('good')
    broken.close()
  })

  test('N4: of an expired token, and of one that nobody is mapped to, the resource server is told whose it was', async () => {
    const [token, stranger] = [idp.token(), idp.token({ sub: 'stranger' })]
    expect(await reason(token)).toBe('good')
    const whose = { organization_id: org.id, sub: 'robot', iss: idp.issuer, provider_id: providerId }
    expect(await introspect(stranger)).toEqual({
      active: false,
      reason: 'unmapped_subject',
      ...{ ...whose, sub: 'stranger' },
    })
    it.clock.now = new Date(it.clock.now.getTime() + 700_000)
    const owner = { account_id: accountId, account_kind: 'service_account', username: 'Deploy' }
    expect(await introspect(token)).toEqual({ active: false, reason: 'expired', ...whose, ...owner })
    const forged = `${token.slice(0, -8)}AAAAAAAA`
    expect(await introspect(forged)).toEqual({ active: false, reason: 'invalid_signature' })
  })

  describe('E4: an issuer that several organizations registered', () => {
    let other: Organization
    let otherProvider: string
    let otherAccount: string
    beforeEach(async () => {
      other = await it.newOrganization('Globex')
      otherProvider = await register(other)
      otherAccount = await other.newServiceAccount()
    })

    test('a registration disturbs nobody; a mapping of the same subject makes a name necessary, also for what is remembered', async () => {
      const token = idp.token()
      expect(await introspect(token)).toMatchObject({ active: true, organization_id: org.id })
      const mapping = await map(other, otherAccount, otherProvider)
      expect(await reason(token)).toBe('ambiguous_organization')
      expect((await forward(token)).headers.get('www-authenticate')).toContain('IB-Context')
      expect(await introspect(token, org.id)).toMatchObject({ active: true, account_id: accountId })
      expect(await introspect(token, other.id)).toMatchObject({ active: true, account_id: otherAccount })
      expect((await forward(token, { 'ib-context': other.id })).headers.get('x-portcullis-account')).toBe(otherAccount)
      expect((await api(token)).status).toBe(401)
      expect((await api(token, '/api/v1/me', { 'ib-context': other.id })).body.account.id).toBe(otherAccount)
      expect((await api(token, `${org.path}/settings`)).status).toBe(200)
      expect((await api(token, `${other.path}/settings`)).status).toBe(200)
      await it.call('DELETE', `${other.path}/account-mappings/${mapping}`, { as: other.admin })
      expect(await introspect(token)).toMatchObject({ active: true, organization_id: org.id })
    })

    test('named for an organization that does not know it: refused, and its path does not exist', async () => {
      const third = await it.newOrganization('Initech')
      const token = idp.token()
      expect(await reason(token, other.id)).toBe('unmapped_subject')
      expect(await reason(token, third.id)).toBe('untrusted_issuer')
      expect(await reason(token, 'no id \u0000 at all')).toBe('untrusted_issuer')
      const absent = 'org_00000000000000000000000000'
      const answers = [third.path, `/api/v1/organizations/${absent}`].map((path) => api(token, `${path}/settings`))
      for (const { status, body } of await Promise.all(answers)) expect([status, body.code]).toEqual([404, 'not_found'])
    })

    test('E7: keys belong to their provider: another’s key of the same name opens nothing here', async () => {
      const evil = await identityProvider(() => it.clock.now)
      evil.state.keys = [signers.impostor]
      const mallory = await it.newOrganization('Evil')
      const id = await register(mallory, { issuer: idp.issuer, jwksUrl: evil.jwksUrl })
      await map(mallory, await mallory.newServiceAccount('admin'), id, 'mallory')
      const forged = idp.token({}, signers.impostor)
      expect(await reason(forged)).toBe('invalid_signature')
      expect(await introspect(idp.token({ sub: 'mallory' }, signers.impostor))).toMatchObject({
        active: true,
        organization_id: mallory.id,
      })
      expect(await introspect(idp.token())).toMatchObject({ active: true, organization_id: org.id })
      evil.close()
    })
  })

  test('T2: 422 when what an external token creates or refreshes would outlive it; a session is not limited', async () => {
    const as = { token: idp.token() }
    const end = Math.floor(it.clock.now.getTime() / 1000) + 60
    const short = { token: idp.token({ exp: end }) }
    const [within, beyond] = [new Date(end * 1000), new Date(end * 1000 + 1)]
    const create = (who: { token: string } | { cookie: string }, expiresAt?: Date | null) =>
      it.call('POST', `${org.path}/tokens`, {
        as: who,
        body: { name: 'made', ...(expiresAt !== undefined && { expiresAt }) },
      })
    const tooLate = {
      status: 422,
      body: { errors: [{ path: 'expiresAt', message: expect.stringContaining('token that you use') }] },
    }
    for (const expiresAt of [undefined, null, beyond]) expect(await create(short, expiresAt)).toMatchObject(tooLate)
    expect(await create(as)).toMatchObject(tooLate)
    const made = await create(short, within)
    expect(made).toMatchObject({ status: 201, body: { token: { expiresAt: within.toISOString() } } })
    const refresh = (expiresAt?: Date | null) =>
      it.call('POST', `${org.path}/tokens/${made.body.token.id}/refresh`, {
        as: short,
        body: { ...(expiresAt !== undefined && { expiresAt }) },
      })
    for (const expiresAt of [undefined, null, beyond]) expect(await refresh(expiresAt)).toMatchObject(tooLate)
    expect(await refresh(within)).toMatchObject({ status: 200 })
    // An admin's external token is limited for service accounts as well.
    await change(`/service-accounts/${accountId}`, { role: 'admin' })
    const other = await org.newServiceAccount('member', 'Other')
    const onBehalf = (expiresAt: Date | null) =>
      it.call('POST', `${org.path}/tokens`, { as: short, body: { name: 'made', accountId: other, expiresAt } })
    expect(await onBehalf(null)).toMatchObject(tooLate)
    expect(await onBehalf(within)).toMatchObject({ status: 201 })
    expect(await create(org.admin, null)).toMatchObject({ status: 201, body: { token: { expiresAt: null } } })
  })

  test('a token of an issuer that nobody registered asks for the issuer once, and for its claims never', async () => {
    const { lookups } = it.deps
    const { findExternal, findSubjectClaims } = lookups
    const asked: unknown[] = []
    Object.assign(lookups, {
      findSubjectClaims: (issuer: string) => {
        asked.push(issuer)
        return findSubjectClaims(issuer)
      },
      findExternal: (question: Parameters<typeof findExternal>[0]) => {
        asked.push(question.claims)
        return findExternal(question)
      },
    })
    try {
      const stranger = `https://${crypto.randomUUID()}.example`
      for (let n = 0; n < 20; n += 1)
        expect(await reason(idp.token({ iss: stranger, sub: `robot ${n}` }))).toBe('untrusted_issuer')
      expect(await reason(idp.token({ iss: `https://${'x'.repeat(500)}.example` }))).toBe('untrusted_issuer')
      // More than once only while other changes pass, such as the keys of the provider that was just registered.
      expect([new Set(asked), asked.length < 5]).toEqual([new Set([stranger]), true])
      asked.length = 0
      // A registration is in effect at once, for what is remembered too, and only claims that can be a subject are sent.
      await register(org, { issuer: stranger, audiences: ['api'] })
      expect(await reason(idp.token({ iss: stranger }))).not.toBe('untrusted_issuer')
      expect(asked).toEqual([stranger, { sub: 'robot' }])
    } finally {
      Object.assign(lookups, { findExternal, findSubjectClaims })
    }
  })

  describe('E5: the scope', () => {
    const roleId = async (name: string) =>
      (await it.call('GET', org.path, { as: org.admin })).body.roles.find(
        (role: { name: string }) => role.name === name,
      ).id as string

    test('403: a role above the account’s, or a role of nobody, with the challenge of RFC 6750', async () => {
      const tokens = [idp.token({ scope: await roleId('admin') }), idp.token({ scope: crypto.randomUUID() })]
      for (const token of tokens) {
        expect(await introspect(token)).toEqual({ active: false, reason: 'insufficient_scope' })
        const answer = await forward(token)
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
          403,
          expect.stringContaining('error="insufficient_scope"'),
        ])
        const own = await api(token)
        expect(own).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } })
        expect(own.headers.get('www-authenticate')).toMatch(/error="insufficient_scope".*resource_metadata=/)
      }
    })

    test('403 when a word of the scope holds a role that is not ours in another spelling', async () => {
      await change(`/service-accounts/${accountId}`, { role: 'admin' })
      const foreign = crypto.randomUUID()
      for (const scope of [
        `role:${foreign}`,
        `urn:uuid:${foreign}`,
        `{${foreign}}`,
        `"${foreign}"`,
        foreign.slice(0, -1),
      ])
        expect([scope, await reason(idp.token({ scope }))]).toEqual([scope, 'insufficient_scope'])
      expect(await introspect(idp.token({ scope: `role:${await roleId('member')}` }))).toMatchObject({ role: 'member' })
    })

    test('T2: an admin’s token narrowed to member reads as one, and makes no token', async () => {
      await change(`/service-accounts/${accountId}`, { role: 'admin' })
      const token = idp.token({ scope: ['openid', await roleId('member')] })
      expect(await introspect(token)).toMatchObject({ active: true, role: 'member', scope: expect.any(String) })
      expect((await forward(token)).headers.get('x-portcullis-role')).toBe('member')
      expect(await api(token, `${org.path}/audit-events`)).toMatchObject({ status: 403 })
      const made = await server.call('POST', `${org.path}/tokens`, { as: { token }, body: { name: 'more' } })
      expect(made).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    })

    test('O9: a role that changes is in effect on the next request, for what is remembered too', async () => {
      const token = idp.token({ scope: await roleId('admin') })
      expect(await reason(token)).toBe('insufficient_scope')
      await change(`/service-accounts/${accountId}`, { role: 'admin' })
      expect(await introspect(token)).toMatchObject({ active: true, role: 'admin' })
      await change(`/service-accounts/${accountId}`, { role: 'member' })
      expect(await reason(token)).toBe('insufficient_scope')
      await change(`/oauth-providers/${providerId}`, { requireScope: true })
      expect(await reason(idp.token())).toBe('insufficient_scope')
    })
  })

  test('hostile texts are refused with a reason, by every door, and none is a 5xx', async () => {
    const good = idp.token()
    const hostile = [
      `${good}.`,
      good.replace('.', '..'),
      `${'['.repeat(10_000)}.x.y`,
      Buffer.from(`${'['.repeat(5_000)}`)
        .toString('base64url')
        .concat('.e30.e30'),
      `${good.slice(0, -1)}=`,
      idp.token({ sub: 'a\u0000b' }),
      idp.token({ sub: '\ud800' }),
      idp.token({ iss: 'x\u0000' }),
      idp.token({ aud: ['\u0000', 'api'] }),
      idp.token({ '\u0000': 'x' }),
    ]
    for (const token of hostile) {
      expect(['malformed', 'untrusted_issuer', 'unmapped_subject', 'good']).toContain(await reason(token))
      expect((await forward(token)).status).toBeLessThan(500)
      expect((await api(token)).status).toBeLessThan(500)
    }
    const long = `${'e'.repeat(500_000)}.${'e'.repeat(500_000)}.e`
    expect([undefined, 'malformed', 'payload_too_large', 'bad_request']).toContain(await reason(long))
  })
})
