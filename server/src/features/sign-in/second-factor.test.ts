import { expect, test, vi } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type Harness, harness, password } from '../../../test/harness.ts'
import { codeOf, cookiesOf, freshSession, signIn } from '../../../test/sign-in.ts'
import { limits } from '../../kernel/limits.ts'

// Each password that is set or checked costs scrypt its due, and a busy machine several times that.
vi.setConfig({ testTimeout: 120_000 })

describeOnBoth('the second factor', (open) => {
  let opened: Promise<Harness> | undefined
  const app = () => {
    opened ??= open().then((database) => harness(database, { mail: true }))
    return opened
  }

  /** An admin whose authenticator is set up, with the code of this moment; the next one is still unused. */
  async function withAuthenticator() {
    const it = await app()
    const organization = await it.newOrganization()
    const { email } = organization.admin
    const before = await freshSession(it, email)
    const begun = await it.call('POST', '/api/auth/two-factor/enable', { as: before, body: { password } })
    const { totpURI: uri, backupCodes } = begun.body as { totpURI: string; backupCodes: string[] }
    const confirmed = await it.call('POST', '/api/auth/two-factor/verify-totp', {
      as: before,
      body: { code: codeOf(uri) },
    })
    expect(confirmed.status).toBe(200)
    // Turning it on ended the session of the organization's admin.
    const events = async (query = ''): Promise<{ action: string; [member: string]: unknown }[]> => {
      const as = { cookie: await it.cookieOf(organization.admin.userId) }
      return (await it.call('GET', `${organization.path}/audit-events${query}`, { as })).body.items
    }
    return { ...organization, events, it, email, uri, backupCodes, session: { cookie: cookiesOf(confirmed.headers) } }
  }

  const complete = (it: Harness, cookie: string, code: string, how: 'totp' | 'backup-code' = 'totp') =>
    it.call('POST', `/api/auth/two-factor/verify-${how}`, { as: { cookie }, body: { code } })

  const challenge = async (it: Harness, email: string) => {
    const answer = await signIn(it, email)
    expect(answer.body).toEqual({ twoFactorRedirect: true, twoFactorMethods: ['totp'] })
    return cookiesOf(answer.headers)
  }

  const wrongFor = (uri: string) => {
    const good = [-2, -1, 0, 1, 2].map((steps) => codeOf(uri, steps))
    return ['000000', '111111', '222222', '333333', '444444', '555555'].filter((code) => !good.includes(code))
  }

  test('is not on before a code was shown, and wants the password to begin', async () => {
    const it = await app()
    const { admin } = await it.newOrganization()
    const begin = (secret: string) =>
      it.call('POST', '/api/auth/two-factor/enable', { as: admin, body: { password: secret } })
    expect(await begin('not the password')).toMatchObject({ status: 400, body: { code: 'INVALID_PASSWORD' } })
    const begun = await begin(password)
    expect(begun.body.totpURI).toMatch(/^otpauth:\/\/totp\/AI%20Hub:/)
    expect(begun.body.backupCodes).toHaveLength(10)
    expect((await signIn(it, admin.email)).body).toMatchObject({ redirect: false })
    const [wrong = ''] = wrongFor(begun.body.totpURI)
    expect(await complete(it, admin.cookie, wrong)).toMatchObject({ status: 401, body: { code: 'INVALID_CODE' } })
    expect((await signIn(it, admin.email)).body).toMatchObject({ redirect: false })
  })

  test('200: the whole round: set up, signed in with a code, and turned off again', async () => {
    const { it, admin, email, uri, backupCodes, events } = await withAuthenticator()
    const owed = await challenge(it, email)
    expect((await it.call('GET', '/api/v1/me', { as: { cookie: owed } })).status).toBe(401)
    const done = await complete(it, owed, codeOf(uri, 1))
    expect(done.status).toBe(200)
    const as = { cookie: cookiesOf(done.headers) }
    expect((await it.call('GET', '/api/v1/me', { as })).body.user.id).toBe(admin.userId)
    const off = await it.call('POST', '/api/auth/two-factor/disable', {
      as,
      body: { password, code: backupCodes[0] },
    })
    expect(off.status).toBe(200)
    expect((await signIn(it, email)).body).toMatchObject({ redirect: false })
    await it.signIn.settled()
    const told = (await events()).map(({ action, after }) => [action, (after as { factor?: string } | null)?.factor])
    expect(told.slice(0, 5)).toEqual([
      ['session.signed_in', 'password'],
      ['second_factor.disabled', undefined],
      ['session.signed_in', 'totp'],
      ['second_factor.enabled', undefined],
      ['session.signed_in', 'password'],
    ])
    const mails = it.sent.filter(({ to }) => to === email).map(({ text }) => text)
    expect(mails.filter((text) => text.includes('Two-step verification was turned on.'))).toHaveLength(1)
    expect(mails.filter((text) => text.includes('Two-step verification was turned off.'))).toHaveLength(1)
  })

  test('S3: turning it off asks for a code besides the password, and ends the other sessions', async () => {
    const { it, email, uri, backupCodes, session: as } = await withAuthenticator()
    const disable = (code?: string) =>
      it.call('POST', '/api/auth/two-factor/disable', { as, body: { password, ...(code !== undefined && { code }) } })
    expect(await disable()).toMatchObject({ status: 400, body: { code: 'CODE_REQUIRED' } })
    for (const code of [wrongFor(uri)[0], codeOf(uri), 'AAAAA-AAAAA'])
      expect(await disable(code)).toMatchObject({ status: 401, body: { code: 'INVALID_CODE' } })
    expect((await signIn(it, email)).body).toMatchObject({ twoFactorRedirect: true })
    const owed = await challenge(it, email)
    const other = { cookie: cookiesOf((await complete(it, owed, backupCodes[1] ?? '', 'backup-code')).headers) }
    expect((await it.call('GET', '/api/v1/me', { as: other })).status).toBe(200)
    const off = await disable(backupCodes[0])
    expect(off.status).toBe(200)
    expect((await it.call('GET', '/api/v1/me', { as: other })).status).toBe(401)
    const current = { cookie: cookiesOf(off.headers) || as.cookie }
    expect((await it.call('GET', '/api/v1/me', { as: current })).status).toBe(200)
    expect((await signIn(it, email)).body).toMatchObject({ redirect: false })
  })

  test('S3: turning it on, and another password, end the other sessions', async () => {
    const it = await app()
    const { admin } = await it.newOrganization()
    const isOpen = async (as: { cookie: string }) => (await it.call('GET', '/api/v1/me', { as })).status === 200
    const [as, other] = [await freshSession(it, admin.email), await freshSession(it, admin.email)]
    const begun = await it.call('POST', '/api/auth/two-factor/enable', { as, body: { password } })
    expect([await isOpen(as), await isOpen(other)]).toEqual([true, true])
    const on = await complete(it, as.cookie, codeOf(begun.body.totpURI))
    const current = { cookie: cookiesOf(on.headers) }
    expect([on.status, await isOpen(current), await isOpen(other), await isOpen(admin)]).toEqual([
      200,
      true,
      false,
      false,
    ])
    const third = { cookie: await it.cookieOf(admin.userId) }
    const changed = await it.call('POST', '/api/auth/change-password', {
      as: current,
      body: { currentPassword: password, newPassword: 'another uncommon passphrase' },
    })
    expect([changed.status, await isOpen(third)]).toEqual([200, false])
    expect(await isOpen(current)).toBe(true)
  })

  test('ten mails an hour about changes of one sign-in: who claimed an address does not fill its mailbox', async () => {
    const it = await app()
    const { admin } = await it.newOrganization()
    await it.deps.limiter.take('security_notice', admin.userId, limits.security_notice.most - 1)
    let as = { cookie: admin.cookie }
    for (const [currentPassword, newPassword] of [
      [password, 'another uncommon passphrase'],
      ['another uncommon passphrase', password],
    ]) {
      const body = { currentPassword, newPassword }
      const changed = await it.call('POST', '/api/auth/change-password', { as, body })
      expect(changed.status).toBe(200)
      as = { cookie: cookiesOf(changed.headers).includes('session_token') ? cookiesOf(changed.headers) : as.cookie }
      await it.signIn.settled()
    }
    expect(it.sent.filter(({ to }) => to === admin.email)).toHaveLength(1)
  })

  test('401: a code opens once, like a wrong one; its challenge too', async () => {
    const { it, email, uri } = await withAuthenticator()
    const code = codeOf(uri, 1)
    const first = await challenge(it, email)
    expect((await complete(it, first, code)).status).toBe(200)
    const second = await challenge(it, email)
    const again = await complete(it, second, code)
    expect(again).toMatchObject({ status: 401, body: { code: 'INVALID_CODE', message: 'Invalid code' } })
    const spent = await complete(it, first, codeOf(uri, 1))
    expect(spent).toMatchObject({ status: 401, body: { code: 'INVALID_TWO_FACTOR_COOKIE' } })
  })

  test('200: a backup code instead, once each', async () => {
    const { it, email, backupCodes, events } = await withAuthenticator()
    const [code = ''] = backupCodes
    expect((await complete(it, await challenge(it, email), code, 'backup-code')).status).toBe(200)
    const again = await complete(it, await challenge(it, email), code, 'backup-code')
    expect(again).toMatchObject({ status: 401, body: { code: 'INVALID_BACKUP_CODE' } })
    await it.signIn.settled()
    expect((await events('?action=session.refused'))[0]).toMatchObject({ after: { factor: 'backup_code' } })
    expect(JSON.stringify(await events())).not.toContain(code)
  })

  test('a link for a new password passes by it nowhere: it is asked for afterwards, and is still on', async () => {
    const { it, email, uri } = await withAuthenticator()
    const made = await it.signIn.resetPassword(email)
    if (!made.ok) throw new Error(made.code)
    const token = new URL(made.value.url).searchParams.get('token')
    const newPassword = 'another good password'
    const answer = await it.call('POST', '/api/auth/reset-password', { body: { token, newPassword } })
    expect([answer.status, cookiesOf(answer.headers)]).toEqual([200, ''])
    const owed = await signIn(it, email, newPassword)
    expect(owed.body).toEqual({ twoFactorRedirect: true, twoFactorMethods: ['totp'] })
    expect((await complete(it, cookiesOf(owed.headers), codeOf(uri, 1))).status).toBe(200)
  })

  test('401 without the password before it: no cookie, somebody else’s, or a forged one', async () => {
    const { it, uri } = await withAuthenticator()
    for (const cookie of ['', 'portcullis.two_factor=abc.def']) {
      const answer = await complete(it, cookie, codeOf(uri, 1))
      expect(answer).toMatchObject({ status: 401, body: { code: 'INVALID_TWO_FACTOR_COOKIE' } })
    }
  })

  test('429 with Retry-After: ten wrong codes, whatever the challenge, and the right one does not help then', async () => {
    const { it, email, uri, backupCodes } = await withAuthenticator()
    const wrong = wrongFor(uri)
    const statuses: number[] = []
    let owed = await challenge(it, email)
    for (let i = 0; i < 10; i += 1) {
      if (i === 5) owed = await challenge(it, email)
      statuses.push((await complete(it, owed, `${wrong[0]}`.slice(0, 5) + (i % 10), 'totp')).status)
    }
    expect(new Set(statuses)).toEqual(new Set([401]))
    const limited = await complete(it, await challenge(it, email), backupCodes[0] ?? '', 'backup-code')
    expect(limited).toMatchObject({ status: 429, body: { code: 'TOO_MANY_REQUESTS' } })
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
  })
})
