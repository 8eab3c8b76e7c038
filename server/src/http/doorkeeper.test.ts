import { beforeAll, expect, test } from 'vitest'
import { describeOnBoth } from '../../test/databases.ts'
import { type Harness, harness, publicUrl } from '../../test/harness.ts'

describeOnBoth('credentials of the management API', (open) => {
  let it: Harness
  let org: Awaited<ReturnType<Harness['newOrganization']>>
  let token: string
  beforeAll(async () => {
    it = await harness(await open())
    org = await it.newOrganization()
    token = (await org.newToken()).secret
  })
  const me = (headers: Record<string, string>, query = '') => it.call('GET', `/api/v1/me${query}`, { headers })
  const bearer = () => ({ authorization: `Bearer ${token}` })

  test('200: a token, a session, and the scheme in any case', async () => {
    expect((await me(bearer())).status).toBe(200)
    expect((await me({ cookie: org.admin.cookie })).status).toBe(200)
    expect((await me({ authorization: `bEARER ${token}` })).status).toBe(200)
  })

  test('400: two credentials at once, each good by itself', async () => {
    for (const headers of [
      { ...bearer(), cookie: org.admin.cookie },
      { authorization: `Bearer ${token}, Bearer ${token}` },
    ]) {
      const answer = await me(headers)
      expect(answer).toMatchObject({ status: 400, body: { code: 'bad_request' } })
    }
  })

  test('400: a token in a query is refused, and not repeated', async () => {
    for (const query of [`?access_token=${token}`, `?anything=${token}`, '?access_token=x']) {
      const answer = await me({}, query)
      expect(answer).toMatchObject({ status: 400, body: { code: 'bad_request' } })
      expect(JSON.stringify(answer.body)).not.toContain(token)
    }
  })

  test('400: IB-Context that is no id, or names another organization than the path', async () => {
    const other = await it.newOrganization('Globex')
    expect((await me({ ...bearer(), 'ib-context': 'Acme' })).status).toBe(400)
    const path = `${org.path}/settings`
    expect((await it.call('GET', path, { headers: { ...bearer(), 'ib-context': other.id } })).status).toBe(400)
    expect((await it.call('GET', path, { headers: { ...bearer(), 'ib-context': org.id } })).status).toBe(200)
  })

  test.each(['', ' ', ','])('200: an empty IB-Context counts as absent: %j', async (value) => {
    expect((await me({ ...bearer(), 'ib-context': value })).status).toBe(200)
    expect((await me({ cookie: org.admin.cookie, 'ib-context': value })).status).toBe(200)
  })

  test.each(['Basic dXNlcjpwYXNz', 'Negotiate YII=', 'NTLM TlRM', 'Digest username="a", realm="b"'])(
    '200: credentials of a proxy in front of the console do not break a session: %s',
    async (authorization) => {
      const headers = { cookie: org.admin.cookie, authorization }
      expect((await me(headers)).status).toBe(200)
      const renamed = await it.call('PATCH', org.path, {
        body: { name: 'Acme' },
        headers: { ...headers, origin: publicUrl },
      })
      expect(renamed.status).toBe(200)
      expect((await it.call('PATCH', org.path, { body: { name: 'Acme' }, headers })).status).toBe(403)
      expect((await me({ authorization })).status).toBeGreaterThanOrEqual(400)
    },
  )

  test('400: Basic beside a session does not hide a token', async () => {
    for (const authorization of [`Basic dXNlcjpwYXNz, Bearer ${token}`, `Digest a="b", bearer ${token}`]) {
      expect((await me({ cookie: org.admin.cookie, authorization })).status).toBe(400)
    }
  })

  test.each(['application/json;charset=utf8', 'application/json; charset=ISO-8859-1', 'application/json;'])(
    '200: parameters of the media type have no effect: %s',
    async (type) => {
      const headers = { cookie: org.admin.cookie, origin: publicUrl, 'content-type': type }
      expect((await it.call('PATCH', org.path, { body: { name: 'Größe' }, headers })).status).toBe(200)
      expect((await it.call('POST', '/api/auth/update-user', { body: { name: 'Ada' }, headers })).status).toBe(200)
    },
  )

  test.each(['-gzip', '--gzip', ';br', '-zstd', ';;;'])(
    '200: an ETag that a proxy extended, or 412 when it is an old one: %s',
    async (suffix) => {
      const save = (path: string, body: unknown, ifMatch: string) =>
        it.call('PUT', `${org.path}/${path}`, { as: org.admin, body, headers: { 'if-match': ifMatch } })
      for (const [path, body] of [
        ['settings', { apiTokens: { creation: 'all' } }],
        ['preview-features', { enabled: [] }],
      ] as const) {
        const etag = (await it.call('GET', `${org.path}/${path}`, { as: org.admin })).headers.get('etag') ?? ''
        expect((await save(path, body, `"${etag.slice(1, -1)}${suffix}"`)).status).toBe(200)
        expect((await save(path, body, `W/"99${suffix}"`)).status).toBe(412)
      }
    },
  )

  test('422: a time that a database does not hold, in every parameter and field', async () => {
    const call = (method: string, path: string, body?: unknown) =>
      it.call(method, `${org.path}/${path}`, { as: org.admin, body })
    const { id } = await org.newToken()
    for (const time of [
      '0000-01-01T00:00:00Z',
      '0000-12-31T23:59:59Z',
      '0001-01-01T00:00:00+23:59',
      '9999-12-31T23:59:59-23:59',
    ]) {
      const query = encodeURIComponent(time)
      for (const answer of [
        await call('GET', `audit-events?from=${query}`),
        await call('GET', `audit-events?to=${query}`),
        await call('GET', `audit-events/export?format=csv&from=${query}`),
        await call('GET', `audit-events/export?format=ndjson&to=${query}`),
        await call('POST', 'tokens', { name: 'ci', expiresAt: time }),
        await call('POST', `tokens/${id}/refresh`, { expiresAt: time }),
      ])
        expect(answer, time).toMatchObject({ status: 422, body: { code: 'invalid_request' } })
    }
    for (const [from, to] of [['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z']])
      expect((await call('GET', `audit-events?from=${from}&to=${to}`)).body.items.length).toBeGreaterThan(0)
  })

  test('the organization is the one that the path names, not one in a query', async () => {
    const other = await it.newOrganization('Globex')
    const query = `?next=/organizations/${other.id}`
    const headers = { ...bearer(), 'ib-context': org.id }
    expect((await it.call('GET', `${org.path}/settings${query}`, { headers })).status).not.toBe(400)
    expect((await me(headers, query)).status).toBe(200)
    expect((await me({ ...headers, 'ib-context': other.id }, query)).status).toBe(401)
    // Decoded by the router, so that it is compared as what it names.
    const encoded = `/api/v1/organizations/${org.id.replace('_', '%5F')}/settings`
    expect((await it.call('GET', encoded, { headers })).status).toBe(200)
    expect((await it.call('GET', encoded, { headers: { ...headers, 'ib-context': other.id } })).status).toBe(400)
  })

  test('401: a managed token that is named for another organization is unknown', async () => {
    const other = await it.newOrganization('Globex')
    const [named, unknown] = [
      await me({ ...bearer(), 'ib-context': other.id }),
      await me({ authorization: 'Bearer nonsense' }),
    ]
    expect(named.status).toBe(401)
    expect(named.headers.get('www-authenticate')).toBe(unknown.headers.get('www-authenticate'))
  })

  test('401: without credentials the challenge names the metadata and no error', async () => {
    const answer = await me({})
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer resource_metadata="${publicUrl}/.well-known/oauth-protected-resource"`,
    )
  })

  test('401: a bad one is told apart, in words that help', async () => {
    for (const authorization of ['Bearer nonsense', 'Bearer', 'Basic YTpi', 'Bearer a b']) {
      const answer = await me({ authorization })
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toMatch(
        /^Bearer error="invalid_token", error_description="[\x20-\x7e]+", resource_metadata="/,
      )
    }
  })

  test('403: a change by session from anywhere but the console', async () => {
    const rename = (headers: Record<string, string>) =>
      it.call('PATCH', org.path, { body: { name: 'Acme' }, headers: { cookie: org.admin.cookie, ...headers } })
    expect((await rename({})).status).toBe(403)
    expect((await rename({ origin: 'https://evil.example' })).status).toBe(403)
    expect((await rename({ origin: 'null' })).status).toBe(403)
    expect((await rename({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await rename({ origin: publicUrl })).status).toBe(200)
    expect((await rename({ 'sec-fetch-site': 'same-origin' })).status).toBe(200)
  })
})
