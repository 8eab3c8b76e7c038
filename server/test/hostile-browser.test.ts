import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from './databases.ts'
import { type Harness, harness, publicUrl, resourceKey } from './harness.ts'
import { type Listening, listen } from './listen.ts'

let database: TestDatabase
let app: Harness
let server: Listening
beforeAll(async () => {
  database = await openTestDatabase('embedded')
  app = await harness(database, { mail: true })
  server = await listen(app)
})
afterAll(async () => {
  await server.close()
  await database.drop()
})

const evil = 'evil.example'

interface Answer {
  status: number
  headers: string
  body: string
}

/** As a client that claims to have reached another host, in every header that says so. */
const asked = (
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
) =>
  new Promise<Answer>((resolve, reject) => {
    const claims = {
      host: evil,
      'x-forwarded-host': evil,
      forwarded: `host=${evil};proto=https`,
      'x-original-host': evil,
      ...headers,
    }
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const req = request(server.url + path, { method, headers: { ...claims, ...type } }, (res) => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (chunk) => {
        text += chunk
      })
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.rawHeaders.join('\n'), body: text }))
    })
    req.on('error', reject)
    req.end(body === undefined ? undefined : JSON.stringify(body))
  })

describe('a Host that nobody knows', () => {
  test('is in no answer: metadata, challenges, refusals, documents', async () => {
    const answers = [
      await asked('GET', '/.well-known/oauth-protected-resource'),
      await asked('GET', '/api/v1/me'),
      await asked('GET', '/api/v1/me', { headers: { authorization: 'Bearer nothing' } }),
      await asked('GET', '/openapi.json'),
      await asked('GET', '/docs'),
      await asked('GET', '/nothing/here'),
      await asked('GET', '/forward-auth/x'),
      await asked('POST', '/oauth2/introspect', { headers: { authorization: `Bearer ${resourceKey}` } }),
    ]
    expect(answers.map((it) => it.status)).toEqual([200, 401, 401, 200, 200, 404, 401, 415])
    for (const { headers, body } of answers) expect(headers + body).not.toContain(evil)
    expect(answers[0]?.body).toContain(publicUrl)
    expect(answers[2]?.headers).toContain(publicUrl)
  })

  test('O3: is in no invitation: its link leads to PORTCULLIS_URL', async () => {
    const { path, admin } = await app.newOrganization()
    const email = app.newEmail()
    const invited = await asked('POST', `${path}/invitations`, {
      body: { emails: [email], role: 'member', groupIds: [] },
      headers: { cookie: admin.cookie, origin: publicUrl },
    })
    expect(invited.status).toBe(201)
    expect(invited.headers + invited.body).not.toContain(evil)
    const mail = app.sent.find((it) => it.to === email)
    expect(mail?.text).toContain(`${publicUrl}/invitations/`)
    expect(JSON.stringify(mail)).not.toContain(evil)
  })

  test('is in no mail for a forgotten password', async () => {
    const { admin } = await app.newOrganization()
    const answer = await asked('POST', '/api/auth/request-password-reset', {
      body: { email: admin.email, redirectTo: `http://${evil}/steal` },
      headers: { origin: publicUrl },
    })
    await app.signIn.settled()
    const mail = app.sent.find((it) => it.to === admin.email)
    expect(answer.body).not.toContain(evil)
    expect(JSON.stringify(mail ?? '')).not.toContain(evil)
    const honest = await asked('POST', '/api/auth/request-password-reset', {
      body: { email: admin.email },
      headers: { origin: publicUrl },
    })
    expect(honest.status).toBe(200)
    await app.signIn.settled()
    const sent = app.sent.find((it) => it.to === admin.email)
    expect(sent?.text).toContain(publicUrl)
    expect(JSON.stringify(sent)).not.toContain(evil)
  })

  test('does not make its own origin one that may change something', async () => {
    const { path, admin } = await app.newOrganization()
    const answer = await asked('POST', `${path}/groups`, {
      body: { name: 'Ours' },
      headers: { cookie: admin.cookie, origin: `http://${evil}` },
    })
    expect(answer.status).toBe(403)
  })
})

describe('what a browser may do with an answer', () => {
  const pages = ['/docs', '/openapi.json', '/api/v1/me', '/api/auth/get-session', '/api/auth/nothing', '/nothing/here']

  test.each(pages)('no script but our files, no frame, no form to elsewhere: %s', async (page) => {
    const { headers } = await app.call('GET', page)
    const policy = headers.get('content-security-policy') ?? ''
    const directives = Object.fromEntries(policy.split('; ').map((it) => [it.split(' ')[0], it]))
    expect(directives).toMatchObject({
      'default-src': "default-src 'self'",
      'script-src': "script-src 'self'",
      'object-src': "object-src 'none'",
      'base-uri': "base-uri 'none'",
      'form-action': "form-action 'self'",
      'frame-ancestors': "frame-ancestors 'none'",
    })
    expect(policy).not.toMatch(/unsafe-eval|script-src[^;]*unsafe|https?:|\*/)
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(headers.get('access-control-allow-origin')).toBeNull()
    expect(headers.get('x-powered-by') ?? headers.get('server')).toBeNull()
  })

  test('pages hold no script of their own and no handler, so the policy has nothing to forbid', async () => {
    const docs: string = (await app.call('GET', '/docs')).body
    const index = readFileSync(join(import.meta.dirname, '../../console/index.html'), 'utf8')
    for (const page of [docs, index]) {
      expect([...page.matchAll(/<script(?![^>]*\bsrc=)[^>]*>/g)]).toEqual([])
      expect(page).not.toMatch(/<[^>]+\son\w+=|javascript:/i)
    }
  })

  test('HSTS where people type https, and not where they type http', async () => {
    const secure = await openTestDatabase('embedded')
    const https = await harness(secure, { publicUrl: 'https://hub.example.com' })
    const hsts = async (of: Harness) => (await of.call('GET', '/docs')).headers.get('strict-transport-security')
    expect(await hsts(https)).toBe('max-age=63072000; includeSubDomains')
    expect(await hsts(app)).toBeNull()
    expect((await fetch(`${server.url}/healthz`)).headers.get('strict-transport-security')).toBeNull()
    await secure.drop()
  })

  test('a preflight from elsewhere is allowed nothing', async () => {
    const answer = await fetch(`${server.url}/api/v1/me`, {
      method: 'OPTIONS',
      headers: { origin: `http://${evil}`, 'access-control-request-method': 'PUT' },
    })
    expect([...answer.headers.keys()].filter((it) => it.startsWith('access-control'))).toEqual([])
  })
})
