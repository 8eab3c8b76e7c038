import { describe, expect, test, vi } from 'vitest'
import { describeOnBoth } from '../../test/databases.ts'
import { type Harness, harness, password } from '../../test/harness.ts'
import { signIn } from '../../test/sign-in.ts'
import { clientOf } from '../http/client-address.ts'
import { limits } from '../kernel/limits.ts'

vi.setConfig({ testTimeout: 120_000 })

describe('a client', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['nonsense', 'unknown'],
    [null, 'unknown'],
  ])('%j is %s', (address, client) => expect(clientOf(address)).toBe(client))
})

describeOnBoth('limits', (open) => {
  let opened: Promise<Harness> | undefined
  const app = () => {
    opened ??= open().then((database) => harness(database))
    return opened
  }
  const wrong = 'not the right password'

  /** Fills a count to the brim without the cost of so many passwords. */
  const fill = async (it: Harness, name: keyof typeof limits, subject: string) => {
    for (let i = 0; i < limits[name].most; i += 1) await it.signIn.limiter.take(name, subject)
  }

  test('429 with Retry-After: ten wrong passwords for one person from one address; from elsewhere they still sign in', async () => {
    const it = await app()
    const { admin } = await it.newOrganization()
    for (const email of [admin.email, 'nobody@example.com']) {
      await fill(it, 'sign_in_here', `${email} 192.0.2.10`)
      const limited = await signIn(it, email, wrong, '192.0.2.10')
      expect(limited).toMatchObject({ status: 429, body: { code: 'TOO_MANY_REQUESTS' } })
      expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(890)
      expect(Number(limited.headers.get('retry-after'))).toBeLessThanOrEqual(900)
    }
    expect((await signIn(it, admin.email, password, '192.0.2.10')).status).toBe(429)
    expect((await signIn(it, admin.email, password, '192.0.2.11')).status).toBe(200)
    it.clock.now = new Date(it.clock.now.getTime() + 900_001)
    expect((await signIn(it, admin.email, password, '192.0.2.10')).status).toBe(200)
  })

  test('429: too many failures from one address; failures of one person from anywhere only delay (S5)', async () => {
    const it = await app()
    const { admin } = await it.newOrganization()
    await fill(it, 'sign_in_from', '192.0.2.20')
    expect((await signIn(it, admin.email, password, '192.0.2.20')).status).toBe(429)
    expect((await signIn(it, admin.email, password, '192.0.2.21')).status).toBe(200)
    await fill(it, 'sign_in', admin.email)
    expect((await signIn(it, admin.email, password, '192.0.2.22')).status).toBe(200)
  })

  test('200: what succeeds does not count', async () => {
    const it = await app()
    const { admin } = await it.newOrganization()
    for (let i = 0; i < limits.sign_in_here.most - 1; i += 1) {
      await it.signIn.limiter.take('sign_in_here', `${admin.email} 192.0.2.30`)
    }
    expect((await signIn(it, admin.email, password, '192.0.2.30')).status).toBe(200)
    expect((await signIn(it, admin.email, password, '192.0.2.30')).status).toBe(200)
    expect((await signIn(it, admin.email, wrong, '192.0.2.30')).status).toBe(401)
    expect((await signIn(it, admin.email, password, '192.0.2.30')).status).toBe(429)
  })

  test('attempts at the same moment cannot pass on the same count', async () => {
    const it = await app()
    const taken = await Promise.all(Array.from({ length: 40 }, () => it.signIn.limiter.take('reset_from', 'a burst')))
    expect(taken.filter(({ ok }) => ok)).toHaveLength(limits.reset_from.most)
  })

  test('429 with Retry-After: guesses at invitations, per client; whoever has a good link never counts', async () => {
    const it = await app()
    const { admin, path } = await it.newOrganization()
    const invited = await it.call('POST', `${path}/invitations`, {
      as: admin,
      body: { emails: [it.newEmail()], role: 'member' },
    })
    const secret = invited.body.invitations[0].acceptUrl.split('/').at(-1)
    const look = (which: string, from: string) =>
      it.call('GET', `/api/v1/invitations/${which}`, { headers: { 'x-portcullis-client': from } })
    for (let i = 0; i < limits.invitation_from.most - 1; i += 1) {
      await it.signIn.limiter.take('invitation_from', '192.0.2.40')
    }
    expect((await look(secret, '192.0.2.40')).status).toBe(200)
    expect((await look(secret, '192.0.2.40')).status).toBe(200)
    expect((await look('A'.repeat(43), '192.0.2.40')).status).toBe(404)
    const limited = await look('B'.repeat(43), '192.0.2.40')
    expect(limited).toMatchObject({ status: 429, body: { code: 'too_many_requests' } })
    expect(limited.headers.get('content-type')).toBe('application/problem+json')
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await look('B'.repeat(43), '192.0.2.41')).status).toBe(404)
  })

  test('what has run out is swept away, and nothing else', async () => {
    const it = await app()
    const { owner } = await open()
    const { admin } = await it.newOrganization()
    const set = (days: number) =>
      owner
        .updateTable('sessions')
        .set({ expires_at: new Date(Date.now() + days * 86_400_000) })
        .where('user_id', '=', admin.userId)
        .execute()
    const left = async () =>
      (await owner.selectFrom('sessions').select('id').where('user_id', '=', admin.userId).execute()).length
    await it.signIn.sweep()
    expect(await left()).toBe(1)
    await set(-1)
    await it.signIn.sweep()
    expect(await left()).toBe(0)
  })
})
