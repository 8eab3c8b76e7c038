import type { KyselyPlugin } from 'kysely'
import { expect, test, vi } from 'vitest'
import { type Harness, password, publicUrl } from '../../../test/harness.ts'
import { onBoth } from '../../../test/harness-on-both.ts'
import { cookiesOf, freshSession, signIn, startOfSignIn } from '../../../test/sign-in.ts'

// Each password that is set or checked costs scrypt its due, and a busy machine several times that.
vi.setConfig({ testTimeout: 120_000 })
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
    expect(others).toEqual([expect.stringContaining('portcullis.device=')])
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
