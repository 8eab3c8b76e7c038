import { hash, randomBytes } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import * as z from 'zod'
import { password, publicUrl } from '../../../test/harness.ts'
import { onBoth } from '../../../test/harness-on-both.ts'
import { signInRoutes } from './routes.ts'

// Each password that is set or checked costs scrypt its due, and a busy machine several times that.
vi.setConfig({ testTimeout: 120_000 })
onBoth('the door', (app, open) => {
  test('404: every route of Better Auth that the console does not use, with and without a session', async () => {
    const it = await app()
    const { admin } = await it.newOrganization()
    const mounted = new Set(signInRoutes.map(({ method, path }) => `${method} ${path}`))
    const theirs = Object.values(
      it.signIn.auth.api as Record<string, { path?: string; options?: { method?: unknown } }>,
    )
      .filter(({ path }) => path !== undefined)
      .flatMap(({ path, options }) => [options?.method ?? 'GET'].flat().map((method) => `${method} ${path}`))
    expect(theirs.length).toBeGreaterThan(30)
    expect([...mounted].filter((it) => !theirs.includes(it))).toEqual([])
    for (const route of theirs.filter((it) => !mounted.has(it))) {
      const [method = '', path = ''] = route.split(' ')
      for (const as of [undefined, admin]) {
        const body = method === 'POST' ? {} : undefined
        const answer = await it.call(method, `/api/auth${path}`, { as, body })
        expect([route, answer.status, answer.body]).toEqual([route, 404, { code: 'NOT_FOUND', message: 'Not found' }])
      }
    }
  })

  test('404: other methods, other spellings of a path, and the bare prefix', async () => {
    const it = await app()
    for (const [method, path] of [
      ['GET', '/sign-in/email'],
      ['PUT', '/sign-in/email'],
      ['POST', '/get-session'],
      ['HEAD', '/get-session'],
      ['OPTIONS', '/sign-in/email'],
      ['POST', '/sign-in/email/'],
      ['POST', '/sign-in//email'],
      ['POST', '/sign-in%2Femail'],
      ['POST', '/Sign-In/Email'],
      ['POST', '/../auth/sign-up/email'],
      ['GET', '/reference'],
      ['GET', '/'],
    ] as const) {
      const answer = await it.call(method, `/api/auth${path}`, method === 'POST' ? { body: {} } : {})
      expect([method, path, answer.status]).toEqual([method, path, 404])
    }
  })

  test('exactly these routes are mounted', () => {
    expect(signInRoutes.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /sign-in/email',
      'POST /two-factor/verify-totp',
      'POST /two-factor/verify-backup-code',
      'POST /sign-out',
      'GET /get-session',
      'GET /list-sessions',
      'POST /revoke-session',
      'POST /revoke-other-sessions',
      'POST /update-user',
      'POST /change-password',
      'POST /request-password-reset',
      'POST /reset-password',
      'POST /two-factor/enable',
      'POST /two-factor/disable',
    ])
  })

  const posts = signInRoutes.filter(({ method }) => method === 'POST')
  const wrong = [0, -1e308, true, null, '', [], {}, 'a\u0000b', 'a\ud800b', 'x'.repeat(60_000), ['a'], { a: { b: 1 } }]
  const broken = ['{', '[', 'null', '[]', '7', '"text"', '['.repeat(20_000), '{"__proto__":{"a":1}}', '{"a":1}']
  const good: Record<string, unknown> = {
    email: 'nobody@example.com',
    password: 'a password of nobody',
    newPassword: 'a new password of nobody',
    currentPassword: 'a password of nobody',
    token: 'abc',
    name: 'Ada',
    code: '000000',
  }

  test('400 or 401, never 500: wrong types and hostile texts in every field, and bodies that are no objects', async () => {
    const it = await app()
    const { admin } = await it.newOrganization()
    for (const { path, body: shape } of posts) {
      const names = shape instanceof z.ZodObject ? Object.keys(shape.shape) : []
      const whole = Object.fromEntries(names.filter((name) => name in good).map((name) => [name, good[name]]))
      const bodies = [
        ...names.flatMap((name) => wrong.map((value) => JSON.stringify({ ...whole, [name]: value }))),
        ...names.filter((name) => name in good).map((name) => JSON.stringify({ ...whole, [name]: undefined })),
        JSON.stringify({ ...whole, callbackURL: '/' }),
        ...broken,
      ]
      for (const body of bodies) {
        // An address for each, so that no limit answers first.
        const client = `2001:db8:${randomBytes(2).toString('hex')}:${randomBytes(2).toString('hex')}::1`
        const headers = { 'content-type': 'application/json', 'x-portcullis-client': client }
        const answer = await it.call('POST', `/api/auth${path}`, { as: admin, body, headers })
        const refused = [400, 401, 429].includes(answer.status) && typeof answer.body.message === 'string'
        expect([path, body.slice(0, 100), answer.status, refused]).toEqual([
          path,
          body.slice(0, 100),
          answer.status,
          true,
        ])
      }
    }
  })

  test('413 and 415: 64 KiB of JSON in UTF-8, and nothing else', async () => {
    const it = await app()
    for (const { path } of posts) {
      const ask = (body: string, headers: Record<string, string>) =>
        it.call('POST', `/api/auth${path}`, { body, headers })
      const large = JSON.stringify({ password: 'x'.repeat(65 * 1024) })
      expect(await ask(large, { 'content-type': 'application/json' })).toMatchObject({
        status: 413,
        body: { code: 'PAYLOAD_TOO_LARGE' },
      })
      for (const headers of [
        { 'content-type': 'application/x-www-form-urlencoded' },
        { 'content-type': 'text/plain' },
        { 'content-type': 'multipart/form-data; boundary=x' },
        { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      ]) {
        const answer = await ask('a=b', headers)
        expect(answer).toMatchObject({ status: 415, body: { code: 'UNSUPPORTED_MEDIA_TYPE' } })
      }
    }
  })

  test('403: a change by cookie from another origin, or from none that can be told', async () => {
    const it = await app()
    const { admin } = await it.newOrganization()
    const ask = (headers: Record<string, string>) =>
      it.call('POST', '/api/auth/update-user', { body: { name: 'Eve' }, headers: { cookie: admin.cookie, ...headers } })
    expect((await ask({ origin: 'https://evil.example' })).status).toBe(403)
    expect((await ask({ origin: 'null' })).status).toBe(403)
    expect((await ask({})).status).toBe(403)
    expect((await ask({ origin: 'http://localhost:3001' })).status).toBe(403)
    expect((await it.call('GET', '/api/v1/me', { as: admin })).body.user.name).toBe('Ada Admin')
    expect((await ask({ origin: 'http://127.0.0.1:3000' })).status).toBe(200)
    expect((await ask({ origin: publicUrl })).status).toBe(200)
  })

  test('403: a sign-in that another site’s page sends', async () => {
    const it = await app()
    const { admin } = await it.newOrganization()
    const answer = await it.call('POST', '/api/auth/sign-in/email', {
      body: { email: admin.email, password },
      headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' },
    })
    expect(answer.status).toBe(403)
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  test('nothing that opens anything is stored as it is: passwords, links and challenges are hashes', async () => {
    const it = await app()
    const { owner } = await open()
    const { admin } = await it.newOrganization()
    const link = await it.signIn.resetPassword(admin.email)
    if (!link.ok) throw new Error(link.code)
    const token = new URL(link.value.url).searchParams.get('token') ?? ''
    const stored = JSON.stringify([
      await owner.selectFrom('verifications').selectAll().execute(),
      await owner.selectFrom('user_credentials').selectAll().execute(),
    ])
    expect(stored).not.toContain(token)
    expect(stored).not.toContain(password)
    expect(stored).toContain(hash('sha256', `reset-password:${token}`, 'base64url'))
  })
})
