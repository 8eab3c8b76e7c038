import { expect, test, vi } from 'vitest'
import { describeOnBoth } from '../../test/databases.ts'
import { harness, password } from '../../test/harness.ts'
import { cookiesOf, freshSession, startOfSignIn } from '../../test/sign-in.ts'

vi.setConfig({ testTimeout: 120_000 })

const old = 'an old secret of thirty-two characters and more'
/** What the harness signs with. */
const testSecret = 'a secret for tests that has more than thirty-two characters'
const current = 'a new secret of thirty-two characters and more'

describeOnBoth('cookies', (open) => {
  test('over https they bear __Host-, and are Secure, HttpOnly and SameSite=Lax', async () => {
    const database = await open()
    const { admin } = await (await harness(database)).newOrganization()
    const it = startOfSignIn(database, 'https://hub.example.com', [current])
    const answer = await it.ask('POST', '/sign-in/email', undefined, { email: admin.email, password })
    expect(answer.status).toBe(200)
    const [cookie = '', ...others] = answer.headers.getSetCookie()
    expect(others).toEqual([
      expect.stringMatching(
        /^__Host-portcullis\.device=[^;]+; Max-Age=7776000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ])
    expect(cookie).toMatch(
      /^__Host-portcullis\.session_token=[^;]+; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
    const headers = new Headers({ cookie: cookiesOf(answer.headers) })
    expect(it.carriesSession(headers)).toBe(true)
    expect(await it.sessionOf(headers)).toMatchObject({ userId: admin.userId, email: admin.email })
    const plain = new Headers({ cookie: cookiesOf(answer.headers).replace('__Host-', '') })
    expect(it.carriesSession(plain)).toBe(false)
    expect(await it.sessionOf(plain)).toBeUndefined()
    const out = await it.ask('POST', '/sign-out', cookiesOf(answer.headers), {})
    expect(out.headers.getSetCookie().every((it) => it.includes('; Secure') && it.startsWith('__Host-'))).toBe(true)
    await it.settled()
  })

  test('a new secret in front signs nobody out: cookies and second factors of the old one still count', async () => {
    const database = await open()
    const { admin } = await (await harness(database)).newOrganization()
    const url = 'http://localhost:3000'
    const [before, after, later] = [
      startOfSignIn(database, url, [old]),
      startOfSignIn(database, url, [current, old]),
      startOfSignIn(database, url, [current]),
    ]
    const signedIn = await before.ask('POST', '/sign-in/email', undefined, { email: admin.email, password })
    const cookie = cookiesOf(signedIn.headers)
    const begun = await before.ask('POST', '/two-factor/enable', cookie, { password })
    expect(begun.status).toBe(200)
    const headers = new Headers({ cookie })
    expect(await after.sessionOf(headers)).toMatchObject({ userId: admin.userId })
    expect(await later.sessionOf(headers)).toBeUndefined()

    // The authenticator's secret was encrypted by the old secret: a wrong code is still compared, not a 500.
    const wrong = await after.ask('POST', '/two-factor/verify-totp', cookie, { code: '000000' })
    expect([wrong.status, await wrong.json()]).toMatchObject([401, { code: 'INVALID_CODE' }])

    // Rolled on, the browser holds a cookie of the new secret.
    await database.owner
      .updateTable('sessions')
      .set({ expires_at: new Date(Date.now() + 10 * 86_400_000) })
      .where('user_id', '=', admin.userId)
      .execute()
    const rolled = await after.ask('GET', '/get-session', cookie)
    const renewed = new Headers({ cookie: cookiesOf(rolled.headers) })
    expect(await later.sessionOf(renewed)).toMatchObject({ userId: admin.userId })
    await Promise.all([before.settled(), after.settled()])
  })

  test('while the database is away the reason comes through, so that nobody is told that their session ended', async () => {
    const database = await open()
    const app = await harness(database)
    const { admin } = await app.newOrganization()
    const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    const broken = database.db.withPlugin({
      transformQuery: () => {
        throw away
      },
      transformResult: async ({ result }) => result,
    })
    const it = startOfSignIn({ db: broken }, 'http://localhost:3000', [testSecret])
    await expect(it.sessionOf(new Headers({ cookie: admin.cookie }))).rejects.toBe(away)
    await expect(it.ask('GET', '/list-sessions', admin.cookie)).rejects.toBe(away)
    await expect(it.ask('POST', '/sign-in/email', undefined, { email: admin.email, password })).rejects.toBe(away)
  })

  test('a cookie that no secret of ours signed opens nothing, whatever it looks like', async () => {
    const database = await open()
    const app = await harness(database)
    const { admin } = await app.newOrganization()
    const { cookie } = await freshSession(app, admin.email)
    const [name = '', value = ''] = cookie.split('=')
    const [token = ''] = decodeURIComponent(value).split('.')
    const it = startOfSignIn(database, 'http://localhost:3000', [current, old])
    for (const forged of [
      cookie,
      `${name}=${token}`,
      `${name}=${token}.`,
      `${name}=.${token}`,
      `${name}=%E0%A4%A`,
      `${name}=${'x'.repeat(5000)}`,
      `${name}`,
      `${name}=`,
      ';;;=',
    ]) {
      expect([forged, await it.sessionOf(new Headers({ cookie: forged }))]).toEqual([forged, undefined])
    }
  })
})
