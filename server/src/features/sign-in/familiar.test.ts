import { expect, test, vi } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type Harness, harness, password } from '../../../test/harness.ts'
import { cookiesOf, signIn } from '../../../test/sign-in.ts'
import { createDevices } from '../../auth/devices.ts'
import { limits } from '../../kernel/limits.ts'

// Each password that is set or checked costs scrypt its due, and a busy machine several times that.
vi.setConfig({ testTimeout: 120_000 })

const deviceOf = (headers: Headers) =>
  cookiesOf(headers)
    .split('; ')
    .find((cookie) => cookie.includes('.device=')) ?? ''

describeOnBoth('S5: strangers lock nobody out', (open) => {
  /** As if strangers had failed so often: real failures cost scrypt each. */
  const exhaust = async (server: Harness, email: string, from: string) => {
    await server.deps.limiter.take('sign_in', email, limits.sign_in.most)
    await server.deps.limiter.take('sign_in_here', `${email} ${from}`, limits.sign_in_here.most)
    await server.deps.limiter.take('sign_in_from', from, limits.sign_in_from.most)
  }
  const from = '192.0.2.1'
  const attempt = (server: Harness, email: string, secret: string, cookie: string) =>
    server.call('POST', '/api/auth/sign-in/email', {
      body: { email, password: secret },
      headers: { 'x-portcullis-client': from, cookie },
    })

  test('200 from a browser where the person signed in before, which is counted apart and has a bound of its own', async () => {
    const server = await harness(await open())
    const [{ admin }, other] = [await server.newOrganization(), await server.newOrganization()]
    const first = await signIn(server, admin.email, password, from)
    const device = deviceOf(first.headers)
    expect(first.headers.getSetCookie().join()).toMatch(
      /portcullis\.device=[\w.-]{30,120}; Max-Age=7776000; Path=\/; HttpOnly; SameSite=Lax/,
    )
    await exhaust(server, admin.email, from)
    await exhaust(server, other.admin.email, from)
    expect((await signIn(server, admin.email, password, from)).status).toBe(429)
    // The cookie of one person helps with no other, and a forged one with nobody.
    expect((await attempt(server, other.admin.email, password, device)).status).toBe(429)
    expect((await attempt(server, admin.email, password, `${device.slice(0, -3)}AAA`)).status).toBe(429)
    const second = await attempt(server, admin.email, password, device)
    expect([second.status, deviceOf(second.headers) === device]).toEqual([200, false])
    const rotated = deviceOf(second.headers)
    for (let n = 0; n < limits.sign_in_device.most; n += 1)
      expect((await attempt(server, admin.email, 'not the password', rotated)).status).toBe(401)
    expect((await attempt(server, admin.email, password, rotated)).status).toBe(429)
    await server.signIn.settled()
  })

  test('200 from elsewhere beyond the common bound: attempts are delayed and not refused', async () => {
    const server = await harness(await open())
    const { admin } = await server.newOrganization()
    await server.deps.limiter.take('sign_in', admin.email, limits.sign_in.most)
    expect((await signIn(server, admin.email, password, '198.51.100.7')).status).toBe(200)
    await server.signIn.settled()
  })
})

test('S5: a device cookie is bounded, ends after 90 days, and with the password that it was made with', () => {
  const devices = createDevices('portcullis', ['a secret of thirty-two characters', 'an older one'], false)
  const now = new Date('2026-11-29T10:00:00Z')
  const person = (n: number) => ({ userId: `usr_${n}`, password: 'hash' })
  let cookie = ''
  for (let n = 0; n < 8; n += 1) cookie = devices.remember(cookie, person(n), now).split(';')[0] ?? ''
  expect(cookie.length).toBeLessThan(500)
  expect([devices.recognize(cookie, person(7), now), devices.recognize(cookie, person(0), now)]).toEqual([
    expect.stringMatching(/^[\w-]{22}$/),
    undefined,
  ])
  expect(cookie).not.toContain('usr_')
  expect(devices.recognize(cookie, { ...person(7), password: 'another hash' }, now)).toBeUndefined()
  expect(devices.recognize(cookie, person(7), new Date(now.getTime() + 90 * 86_400_000))).toBeUndefined()
  const rotated = createDevices(
    'portcullis',
    ['a newer secret than before', 'a secret of thirty-two characters'],
    false,
  )
  expect(rotated.recognize(cookie, person(7), now)).toBeDefined()
  const https = createDevices('__Host-portcullis', ['a secret of thirty-two characters'], true)
  expect(https.remember('', person(1), now)).toMatch(
    /^__Host-portcullis\.device=.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  )
  expect(https.recognize(cookie, person(7), now)).toBeUndefined()
  for (const broken of ['', 'portcullis.device=', `portcullis.device=${'x~'.repeat(9000)}`, 'portcullis.device=a.b.c'])
    expect(devices.recognize(broken, person(1), now)).toBeUndefined()
})
