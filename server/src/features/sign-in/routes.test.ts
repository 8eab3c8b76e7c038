import { hash, randomBytes } from 'node:crypto'
import type { KyselyPlugin } from 'kysely'
import { expect, test, vi } from 'vitest'
import * as z from 'zod'
import { describeOnBoth, type TestDatabase } from '../../../test/databases.ts'
import { type Harness, harness, password, publicUrl } from '../../../test/harness.ts'
import { cookiesOf, freshSession, signIn, startOfSignIn } from '../../../test/sign-in.ts'
import { signInRoutes } from './routes.ts'

// Each password that is set or checked costs scrypt its due, and a busy machine several times that.
vi.setConfig({ testTimeout: 120_000 })

const onBoth = (name: string, tests: (app: () => Promise<Harness>, open: () => Promise<TestDatabase>) => void) =>
  describeOnBoth(name, (open) => {
    let app: Promise<Harness> | undefined
    tests(() => {
      app ??= open().then((database) => harness(database))
      return app
    }, open)
  })

/** An answer without what always differs. */
const shown = ({ status, body, headers }: Awaited<ReturnType<Harness['call']>>) => {
  const names = [...headers.keys()].filter((name) => name !== 'date')
  return { status, body, headers: names.map((name) => `${name}: ${headers.get(name)}`) }
}

onBoth('sign-in', (app, open) => {
  test('200: an email in any spelling and its password start a session, and the audit log says so', async () => {
    const it = await app()
    const { admin, events } = await it.newOrganization()
    const answer = await signIn(it, ` ${admin.email.toUpperCase()} `)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const [cookie = '', ...others] = answer.headers.getSetCookie()
    expect(others).toEqual([])
    expect(cookie).toMatch(/^portcullis\.session_token=[^;]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/)
    const me = await it.call('GET', '/api/v1/me', { as: { cookie: cookiesOf(answer.headers) } })
    expect(me.body.user).toMatchObject({ id: admin.userId, email: admin.email })
    await it.signIn.settled()
    const [event] = await events('?action=session.signed_in')
    expect(event).toMatchObject({
      actor: { kind: 'member', id: admin.accountId },
      target: { kind: 'member', id: admin.accountId },
      after: { factor: 'password' },
      ip: '192.0.2.1',
    })
    expect(JSON.stringify(event)).not.toContain(answer.body.token)
  })

  test('401: a wrong password and an unknown email are answered alike; only the known person’s organization hears of it', async () => {
    const it = await app()
    const { admin, events } = await it.newOrganization()
    const wrong = await signIn(it, admin.email, 'not the right password')
    const unknown = await signIn(it, 'nobody@example.com', 'not the right password')
    expect(wrong).toMatchObject({ status: 401, body: { code: 'INVALID_EMAIL_OR_PASSWORD' } })
    expect(shown(wrong)).toEqual(shown(unknown))
    await it.signIn.settled()
    const refused = await events('?action=session.refused')
    expect(refused).toMatchObject([{ actor: { kind: 'anonymous', id: null }, target: { id: admin.accountId } }])
    expect(JSON.stringify(refused)).not.toContain('not the right password')
  })

  test('401: the database is asked the same of a known and of an unknown person, so that time tells nothing either', async () => {
    const it = await app()
    const { db } = await open()
    const { admin } = await it.newOrganization()
    const asked: string[] = []
    const recorder: KyselyPlugin = {
      transformQuery: ({ node }) => {
        asked.push(node.kind)
        return node
      },
      transformResult: async ({ result }) => result,
    }
    const recorded = startOfSignIn({ db: db.withPlugin(recorder) }, publicUrl, ['x'.repeat(40)])
    const questions = async (email: string) => {
      asked.length = 0
      const body = { email, password: 'not the right password' }
      expect((await recorded.ask('POST', '/sign-in/email', undefined, body)).status).toBe(401)
      const before = [...asked]
      await recorded.settled()
      return before
    }
    const known = await questions(admin.email)
    expect(known.length).toBeGreaterThan(3)
    expect(await questions('nobody@example.com')).toEqual(known)
  })

  test('200: a person of two organizations signs in once, and both audit logs say so', async () => {
    const it = await app()
    const [one, two] = [await it.newOrganization(), await it.newOrganization()]
    const invited = await it.call('POST', `${two.path}/invitations`, {
      as: two.admin,
      body: { emails: [one.admin.email], role: 'member' },
    })
    const secret = invited.body.invitations[0].acceptUrl.split('/').at(-1)
    await it.call('POST', `/api/v1/invitations/${secret}/accept`, { as: one.admin, body: {} })
    await freshSession(it, one.admin.email)
    await it.signIn.settled()
    expect(await one.events('?action=session.signed_in')).toHaveLength(1)
    expect(await two.events('?action=session.signed_in')).toHaveLength(1)
  })

  test('200: sign-out ends the session', async () => {
    const it = await app()
    const { admin } = await it.newOrganization()
    const as = await freshSession(it, admin.email)
    const out = await it.call('POST', '/api/auth/sign-out', { as, body: {} })
    expect(out.status).toBe(200)
    expect(out.headers.getSetCookie().join()).toContain('portcullis.session_token=; Max-Age=0')
    expect((await it.call('GET', '/api/v1/me', { as })).status).toBe(401)
  })
})

onBoth('sessions', (app, open) => {
  test('200: they are listed, and one or all others are ended', async () => {
    const it = await app()
    const { admin } = await it.newOrganization()
    const [here, there, elsewhere] = [
      await freshSession(it, admin.email),
      await freshSession(it, admin.email),
      await freshSession(it, admin.email),
    ]
    const listed = await it.call('GET', '/api/auth/list-sessions', { as: here })
    expect(listed.status).toBe(200)
    expect(listed.body).toHaveLength(4)
    const { session } = (await it.call('GET', '/api/auth/get-session', { as: there })).body
    const ended = await it.call('POST', '/api/auth/revoke-session', { as: here, body: { token: session.token } })
    expect(ended.status).toBe(200)
    expect((await it.call('GET', '/api/v1/me', { as: there })).status).toBe(401)
    expect((await it.call('GET', '/api/v1/me', { as: elsewhere })).status).toBe(200)
    await it.call('POST', '/api/auth/revoke-other-sessions', { as: here, body: {} })
    expect((await it.call('GET', '/api/v1/me', { as: elsewhere })).status).toBe(401)
    expect((await it.call('GET', '/api/v1/me', { as: here })).status).toBe(200)
  })

  test('200, and nothing is ended: a session of somebody else', async () => {
    const it = await app()
    const [{ admin }, stranger] = [await it.newOrganization(), await it.newOrganization()]
    const { session } = (await it.call('GET', '/api/auth/get-session', { as: admin })).body
    await it.call('POST', '/api/auth/revoke-session', { as: stranger.admin, body: { token: session.token } })
    expect((await it.call('GET', '/api/v1/me', { as: admin })).status).toBe(200)
  })

  test('401 without one, and null where a session is asked about', async () => {
    const it = await app()
    expect(await it.call('GET', '/api/auth/get-session')).toMatchObject({ status: 200, body: null })
    for (const path of ['list-sessions']) {
      expect(await it.call('GET', `/api/auth/${path}`)).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } })
    }
    const forged = { cookie: 'portcullis.session_token=abc.def' }
    expect((await it.call('GET', '/api/v1/me', { as: forged })).status).toBe(401)
  })

  test('a session rolls on at most once a day, and ends for good after 90 days', async () => {
    const it = await app()
    const { owner } = await open()
    const { admin } = await it.newOrganization()
    const daysFromNow = (days: number) => new Date(Date.now() + days * 86_400_000)
    const set = (begun: number, ends: number) =>
      owner
        .updateTable('sessions')
        .set({ created_at: daysFromNow(begun), expires_at: daysFromNow(ends) })
        .where('user_id', '=', admin.userId)
        .execute()
    const rolled = async () => {
      const { status, body, headers } = await it.call('GET', '/api/auth/get-session', { as: admin })
      expect(status).toBe(200)
      const days = body && Math.round((Date.parse(body.session.expiresAt) - Date.now()) / 86_400_000)
      return { days, cookie: headers.getSetCookie().length > 0 }
    }
    await set(-0.2, 29.8)
    expect(await rolled()).toEqual({ days: 30, cookie: false })
    await set(-5, 28)
    expect(await rolled()).toEqual({ days: 30, cookie: true })
    await set(-80, 5)
    expect(await rolled()).toEqual({ days: 10, cookie: true })
    await set(-91, -1)
    expect(await rolled()).toEqual({ days: null, cookie: true })
    expect((await it.call('GET', '/api/v1/me', { as: admin })).status).toBe(401)
  })
})

onBoth('the own account', (app) => {
  test('200: a new name, trimmed; the audit log of the organization knows both', async () => {
    const it = await app()
    const { admin, events } = await it.newOrganization()
    const renamed = await it.call('POST', '/api/auth/update-user', { as: admin, body: { name: '  Žofie 王 🦔 ' } })
    expect(renamed.status).toBe(200)
    expect((await it.call('GET', '/api/v1/me', { as: admin })).body.user.name).toBe('Žofie 王 🦔')
    await it.signIn.settled()
    const [event] = await events('?action=member.renamed')
    expect(event).toMatchObject({ before: { name: 'Ada Admin' }, after: { name: 'Žofie 王 🦔' } })
  })

  test('400: an email, a picture, another field, or a name that is none changes nothing', async () => {
    const it = await app()
    const { admin } = await it.newOrganization()
    for (const body of [
      { email: 'new@example.com' },
      { name: 'Ada', email: 'new@example.com' },
      { name: 'Ada', image: 'https://example.com/a.png' },
      { name: 'Ada', twoFactorEnabled: true },
      { name: '' },
      { name: '   ' },
      { name: 'a\u0000b' },
      { name: 'a\nb' },
      { name: 'a\ud800b' },
      { name: 'x'.repeat(101) },
      { name: 7 },
      {},
    ]) {
      const answer = await it.call('POST', '/api/auth/update-user', { as: admin, body })
      expect([body, answer.status, answer.body.code]).toEqual([body, 400, 'VALIDATION_ERROR'])
    }
    const { user } = (await it.call('GET', '/api/v1/me', { as: admin })).body
    expect(user).toMatchObject({ name: 'Ada Admin', email: admin.email })
  })

  test('200: a new password ends the other sessions if asked to, and the old one opens nothing', async () => {
    const it = await app()
    const { admin, path } = await it.newOrganization()
    const [here, there] = [await freshSession(it, admin.email), await freshSession(it, admin.email)]
    const change = (newPassword: string, currentPassword = password, revokeOtherSessions = true) =>
      it.call('POST', '/api/auth/change-password', {
        as: here,
        body: { currentPassword, newPassword, revokeOtherSessions },
      })
    expect(await change('another good password', 'not the current one')).toMatchObject({
      status: 400,
      body: { code: 'INVALID_PASSWORD' },
    })
    expect(await change('short')).toMatchObject({ status: 400, body: { code: 'PASSWORD_TOO_SHORT' } })
    expect(await change('password1234')).toMatchObject({ status: 400, body: { code: 'PASSWORD_TOO_COMMON' } })
    expect(await change(admin.email)).toMatchObject({ status: 400, body: { code: 'PASSWORD_TOO_COMMON' } })
    expect((await it.call('GET', '/api/v1/me', { as: there })).status).toBe(200)
    const changed = await change('another good password')
    expect(changed.status).toBe(200)
    expect((await it.call('GET', '/api/v1/me', { as: there })).status).toBe(401)
    expect((await it.call('GET', '/api/v1/me', { as: { cookie: cookiesOf(changed.headers) } })).status).toBe(200)
    expect((await signIn(it, admin.email)).status).toBe(401)
    expect((await signIn(it, admin.email, 'another good password')).status).toBe(200)
    // Two keyboards, one password: it is hashed in its compatible form (NFKC).
    expect((await signIn(it, admin.email, 'another good ｐassword')).status).toBe(200)
    await it.signIn.settled()
    const { cookie } = await freshSession(it, admin.email, 'another good password')
    const log = await it.call('GET', `${path}/audit-events`, { as: { cookie } })
    expect(log.body.items.map((event: { action: string }) => event.action)).toContain('password.changed')
    expect(JSON.stringify(log.body)).not.toContain('another good password')
  })
})

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
        { 'content-type': 'application/json; charset=utf-16' },
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
