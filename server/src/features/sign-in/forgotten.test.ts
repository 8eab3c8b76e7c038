import { expect, test, vi } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type Harness, harness, publicUrl } from '../../../test/harness.ts'
import { freshSession, signIn } from '../../../test/sign-in.ts'

// Each password that is set or checked costs scrypt its due, and a busy machine several times that.
vi.setConfig({ testTimeout: 120_000 })

const fresh = 'a fresh and good password'

describeOnBoth('a forgotten password', (open) => {
  let opened: Promise<Harness> | undefined
  const app = () => {
    opened ??= open().then((database) => harness(database, { mail: true }))
    return opened
  }

  const ask = async (it: Harness, email: string, from = '198.51.100.1') => {
    const answer = await it.call('POST', '/api/auth/request-password-reset', {
      body: { email, redirectTo: '/reset-password' },
      headers: { 'x-portcullis-client': from },
    })
    await it.signIn.settled()
    return answer
  }

  const reset = (it: Harness, token: string, newPassword = fresh, from = '198.51.100.1') =>
    it.call('POST', '/api/auth/reset-password', {
      body: { token, newPassword },
      headers: { 'x-portcullis-client': from },
    })

  const linkIn = (text: string) => new URL(/https?:\S+/.exec(text)?.[0] ?? '')
  const tokenIn = (text: string) => linkIn(text).searchParams.get('token') ?? ''

  test('200: the whole round: a link by mail, a new password, all sessions ended, the audit log told', async () => {
    const it = await app()
    const { admin, path } = await it.newOrganization()
    expect(await ask(it, admin.email.toUpperCase())).toMatchObject({ status: 200, body: { status: true } })
    const [mail] = it.sent.filter(({ to }) => to === admin.email)
    expect(mail?.subject).toBe('Choose a new password for AI Hub')
    expect(linkIn(mail?.text ?? '').href).toMatch(
      new RegExp(`^${publicUrl}/reset-password\\?token=[A-Za-z0-9_-]{20,}$`),
    )
    const token = tokenIn(mail?.text ?? '')
    expect(await reset(it, token, 'password1234')).toMatchObject({ status: 400, body: { code: 'PASSWORD_TOO_COMMON' } })
    expect(await reset(it, token, admin.email)).toMatchObject({ status: 400, body: { code: 'PASSWORD_TOO_COMMON' } })
    expect((await reset(it, token)).status).toBe(200)
    expect((await it.call('GET', '/api/v1/me', { as: admin })).status).toBe(401)
    expect((await signIn(it, admin.email)).status).toBe(401)
    const as = await freshSession(it, admin.email, fresh)
    await it.signIn.settled()
    const log = await it.call('GET', `${path}/audit-events?action=password.reset`, { as })
    expect(log.body.items).toMatchObject([{ target: { id: admin.accountId }, ip: '198.51.100.1' }])
    expect(it.sent.filter(({ to }) => to === admin.email).at(-1)?.text).toContain('Your password was reset')
    expect(JSON.stringify(log.body)).not.toContain(token)
  })

  test('200, alike in every byte: whether anybody has the address is told to nobody, and no mail leaves', async () => {
    const it = await app()
    const { admin } = await it.newOrganization()
    const sent = it.sent.length
    const [known, unknown] = [await ask(it, admin.email), await ask(it, 'nobody@example.com')]
    expect(it.sent.length).toBe(sent + 1)
    expect(unknown.body).toEqual(known.body)
    expect([...unknown.headers]).toEqual([...known.headers])
  })

  test('400: a link works once, for an hour, and not beside a newer password', async () => {
    const it = await app()
    const { owner } = await open()
    const { admin } = await it.newOrganization()
    const link = async () => {
      const made = await it.signIn.resetPassword(admin.email)
      return made.ok ? tokenIn(made.value.url) : ''
    }
    const [one, two] = [await link(), await link()]
    expect((await reset(it, one)).status).toBe(200)
    const refused = { status: 400, body: { code: 'INVALID_TOKEN' } }
    expect(await reset(it, one)).toMatchObject(refused)
    expect(await reset(it, two)).toMatchObject(refused)
    expect(await reset(it, 'A'.repeat(32))).toMatchObject(refused)
    const late = await link()
    await owner
      .updateTable('verifications')
      .set({ expires_at: new Date(Date.now() - 1000) })
      .where('value', '=', admin.userId)
      .execute()
    expect(await reset(it, late)).toMatchObject(refused)
    expect((await signIn(it, admin.email, fresh)).status).toBe(200)
  })

  test('the operator gets a link for anybody who signs in, and ends their sessions by using it', async () => {
    const it = await app()
    const { admin } = await it.newOrganization()
    expect(await it.signIn.resetPassword('nobody@example.com')).toMatchObject({ ok: false, code: 'not_found' })
    const made = await it.signIn.resetPassword(` ${admin.email.toUpperCase()} `)
    if (!made.ok) throw new Error(made.code)
    expect(made.value.url).toMatch(/^http:\/\/localhost:3000\/reset-password\?token=/)
    expect(Math.round((made.value.expiresAt.getTime() - Date.now()) / 60_000)).toBe(60)
    expect((await it.call('GET', '/api/v1/me', { as: admin })).status).toBe(200)
    expect((await reset(it, tokenIn(made.value.url))).status).toBe(200)
    expect((await it.call('GET', '/api/v1/me', { as: admin })).status).toBe(401)
  })

  test('200 always, and one mail in ten minutes: no stranger keeps a person from asking, and no answer tells who exists', async () => {
    const it = await app()
    const { admin } = await it.newOrganization()
    for (const email of [admin.email, 'nobody.at.all@example.com']) {
      const statuses = []
      for (const from of ['203.0.113.1', '203.0.113.2', '203.0.113.3', '203.0.113.4']) {
        statuses.push(await ask(it, email, from))
      }
      expect(statuses.map(({ status }) => status)).toEqual([200, 200, 200, 200])
      expect(new Set(statuses.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    }
    const mails = () => it.sent.filter(({ to }) => to === admin.email)
    expect(mails()).toHaveLength(1)
    it.clock.now = new Date(it.clock.now.getTime() + 600_001)
    expect((await ask(it, admin.email, '203.0.113.5')).status).toBe(200)
    expect(mails()).toHaveLength(2)
    // One address that asks for many people is answered alike, and bounded.
    const before = it.sent.length
    const people = await Promise.all(Array.from({ length: 25 }, () => it.newOrganization()))
    for (const person of people) expect((await ask(it, person.admin.email, '203.0.113.99')).status).toBe(200)
    expect(it.sent.length - before).toBe(20)
  })

  test('429: guesses at a link from one address', async () => {
    const it = await app()
    const statuses = []
    for (let i = 0; i < 21; i += 1) statuses.push((await reset(it, `guess${i}`, fresh, '203.0.113.77')).status)
    expect(statuses).toEqual([...Array(20).fill(400), 429])
  })
})

describeOnBoth('without mail', (open) => {
  test('400 for everybody alike, with the operator’s command', async () => {
    const it = await harness(await open())
    const { admin } = await it.newOrganization()
    const ask = (email: string) => it.call('POST', '/api/auth/request-password-reset', { body: { email } })
    const [known, unknown] = [await ask(admin.email), await ask('nobody@example.com')]
    expect(known).toMatchObject({ status: 400, body: { code: 'RESET_PASSWORD_DISABLED' } })
    expect(known.body.message).toContain('portcullis admin reset-password')
    expect(unknown.body).toEqual(known.body)
  })
})
