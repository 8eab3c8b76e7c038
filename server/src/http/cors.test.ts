import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/databases.ts'
import { type Harness, harness } from '../../test/harness.ts'
import { ask, type RawRequest } from '../../test/raw-http.ts'
import { incomingRequests } from './incoming.ts'
import { createHttpServer, type HttpServer } from './server.ts'

const app = 'https://app.example.com'
const stranger = 'https://stranger.example'

describe.each([
  ['one origin', [app], app],
  ['any origin', ['*'], '*'],
])('PORTCULLIS_CORS_ORIGINS names %s', (_what, corsOrigins, allowed) => {
  let database: TestDatabase
  let client: Harness
  let server: HttpServer
  let port: number
  let token: string
  let org: Awaited<ReturnType<Harness['newOrganization']>>
  beforeAll(async () => {
    database = await openTestDatabase('embedded')
    client = await harness(database, { corsOrigins })
    org = await client.newOrganization()
    token = (await org.newToken()).secret
    server = createHttpServer({
      doors: client.doors,
      router: (request) => client.router.fetch(request),
      incoming: incomingRequests([]),
      metrics: client.metrics,
      log: { info: () => undefined, error: () => undefined },
    })
    port = await server.listen(0, '127.0.0.1')
  })
  afterAll(async () => {
    await server.stop({ announceMs: 0, deadlineMs: 100 })
    await client.lease.close()
    await database.drop()
  })

  const send = (method: string, path: string, headers: RawRequest['headers'] = []) =>
    ask(port, { method, path, headers })
  const preflight = (path: string, origin: string, wanted = 'PUT') =>
    send('OPTIONS', path, [
      ['Origin', origin],
      ['Access-Control-Request-Method', wanted],
      ['Access-Control-Request-Headers', 'authorization,content-type,if-match,ib-context,x-api-key'],
    ])

  test('204 to a preflight, with everything that the API needs and no cookies', async () => {
    for (const path of [
      `${org.path}/settings`,
      '/api/v1/me',
      '/openapi.json',
      '/.well-known/portcullis-token-pattern',
    ]) {
      const { status, headers } = await preflight(path, app)
      expect(status).toBe(204)
      expect(headers['access-control-allow-origin']).toEqual([allowed])
      expect(headers['access-control-allow-methods']?.[0]?.split(', ')).toEqual(
        expect.arrayContaining(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
      )
      const names = headers['access-control-allow-headers']?.[0]?.toLowerCase().split(', ')
      expect(names).toEqual(
        expect.arrayContaining(['authorization', 'content-type', 'if-match', 'ib-context', 'x-api-key']),
      )
      expect(headers).not.toHaveProperty('access-control-allow-credentials')
    }
  })

  test('200 and 401 can be read by the page, the ETag included', async () => {
    for (const [status, value] of [
      [200, token],
      [401, 'nonsense'],
    ] as const) {
      const answer = await send('GET', `${org.path}/settings`, [
        ['Origin', app],
        ['Authorization', `Bearer ${value}`],
      ])
      expect(answer.status).toBe(status)
      expect(answer.headers['access-control-allow-origin']).toEqual([allowed])
      expect(answer.headers['access-control-expose-headers']?.[0]).toContain('ETag')
      expect(answer.headers).not.toHaveProperty('access-control-allow-credentials')
    }
  })

  test('other origins learn nothing unless any may call, and caches keep the answers apart', async () => {
    for (const origin of [stranger, 'null', `${app}.evil.example`, app.toUpperCase()]) {
      const answers = [
        await preflight(`${org.path}/settings`, origin),
        await send('GET', `${org.path}/settings`, [
          ['Origin', origin],
          ['Authorization', `Bearer ${token}`],
        ]),
      ]
      for (const { headers } of answers) {
        expect(headers['access-control-allow-origin']).toEqual(allowed === '*' ? ['*'] : undefined)
        if (allowed !== '*') expect(headers.vary).toEqual(['Origin'])
      }
    }
  })

  test('sign-in, introspection, verifiers and forward-auth are not shared', async () => {
    for (const path of ['/api/auth/sign-in/email', '/oauth2/introspect', '/v1/head', '/forward-auth/x', '/metrics']) {
      const { status, headers } = await preflight(path, app, 'POST')
      expect(status).toBeGreaterThanOrEqual(400)
      expect(headers).not.toHaveProperty('access-control-allow-origin')
    }
  })

  test('403: a change by cookie from a configured origin', async () => {
    const answer = await send('DELETE', `${org.path}/tokens/tok_01jd7z0000e1a8m3r5t7v9x1z3`, [
      ['Origin', app],
      ['Cookie', org.admin.cookie],
    ])
    expect(answer.status).toBe(403)
  })
})
