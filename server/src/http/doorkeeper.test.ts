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
