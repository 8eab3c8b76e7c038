import { AsyncResource } from 'node:async_hooks'
import { expect, test, vi } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type Harness, harness, password } from '../../../test/harness.ts'
import { codeOf, freshSession, signIn } from '../../../test/sign-in.ts'

vi.setConfig({ testTimeout: 120_000 })

const newPassword = 'an entirely different passphrase'

/* Passwords are hashed for long, and before anything is locked: whatever happens in that time is part of these tests. */
describeOnBoth('credentials that are changed while somebody uses the old ones', (open) => {
  let opened: Promise<Harness> | undefined
  const start = () => {
    opened ??= open().then((database) => harness(database))
    return opened
  }

  /** Does something else once, while the next password is hashed or verified. */
  async function meanwhile<T>(app: Harness, kind: 'hash' | 'verify', work: () => Promise<T>): Promise<Promise<T>> {
    const { password: hashing } = await app.signIn.auth.$context
    const original = hashing[kind] as unknown as (input: never) => Promise<never>
    const done = Promise.withResolvers<T>()
    // Outside of the request that hashes, whose transaction would carry it.
    const apart = AsyncResource.bind(work)
    vi.spyOn(hashing, kind).mockImplementationOnce((async (input: never) => {
      await apart().then(done.resolve, done.reject)
      return original(input)
    }) as never)
    return done.promise
  }

  const change = (app: Harness, as: { cookie: string }, wanted: string, revokeOtherSessions?: boolean) =>
    app.call('POST', '/api/auth/change-password', {
      as,
      body: { currentPassword: password, newPassword: wanted, revokeOtherSessions },
    })
  const statusOf = async (app: Harness, as: { cookie: string }) => (await app.call('GET', '/api/v1/me', { as })).status

  test.each([true, undefined])('a session by the old password does not outlive the change (%s)', async (revoke) => {
    const app = await start()
    const { admin } = await app.newOrganization()
    const own = await freshSession(app, admin.email)
    let stolen = { cookie: '' }
    void meanwhile(app, 'hash', async () => {
      stolen = await freshSession(app, admin.email)
    })
    expect((await change(app, own, newPassword, revoke)).status).toBe(200)
    expect(stolen.cookie).not.toBe('')
    expect(await statusOf(app, stolen)).toBe(401)
  })

  test('of two changes with the same old password the first is made', async () => {
    const app = await start()
    const { admin } = await app.newOrganization()
    const own = await freshSession(app, admin.email)
    void meanwhile(app, 'hash', async () => {
      expect((await change(app, own, newPassword)).status).toBe(200)
    })
    expect((await change(app, own, 'what an attacker would choose')).status).toBe(401)
    expect((await signIn(app, admin.email, newPassword)).status).toBe(200)
  })

  test('a session that begins while the second factor is turned off does not stay', async () => {
    const app = await start()
    const { admin } = await app.newOrganization()
    const first = await freshSession(app, admin.email)
    const begun = await app.call('POST', '/api/auth/two-factor/enable', { as: first, body: { password } })
    const { totpURI, backupCodes } = begun.body
    const enabled = await app.call('POST', '/api/auth/two-factor/verify-totp', {
      as: first,
      body: { code: codeOf(totpURI) },
    })
    expect(enabled.status).toBe(200)
    const own = { cookie: await app.cookieOf(admin.userId) }
    let other = { cookie: '' }
    void meanwhile(app, 'verify', async () => {
      other = { cookie: await app.cookieOf(admin.userId) }
    })
    const disabled = await app.call('POST', '/api/auth/two-factor/disable', {
      as: own,
      body: { password, code: backupCodes[0] },
    })
    expect(disabled.status).toBe(200)
    expect(await statusOf(app, other)).toBe(401)
  })
})
