import { expect, test, vi } from 'vitest'
import { describeOnBoth } from './databases.ts'
import { type Harness, harness, password } from './harness.ts'
import { freshSession, signIn } from './sign-in.ts'

vi.setConfig({ testTimeout: 120_000 })

describeOnBoth('no account fills the disk that all share', (open) => {
  const statuses = async (times: number, ask: (n: number) => Promise<{ status: number }>) => {
    const counts: Record<number, number> = {}
    for (let n = 0; n < times; n += 1) {
      const { status } = await ask(n)
      counts[status] = (counts[status] ?? 0) + 1
    }
    return counts
  }

  test('429 with Retry-After beyond the ration of an account; another account, and stopping it, are not concerned', async () => {
    const server: Harness = await harness(await open(), { changesPerMinute: 20 })
    const org = await server.newOrganization()
    const member = await org.newMember()
    const ask = (method: string, path: string, body?: unknown, as: { cookie: string } | { token: string } = member) =>
      server.call(method, `${org.path}${path}`, { as, body })
    expect(await statuses(30, (n) => ask('POST', '/tokens', { name: `token ${n}` }))).toEqual({ 201: 20, 429: 10 })
    const refused = await ask('POST', '/tokens', { name: 'one more' })
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_requests' } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    // Reading, asking by POST, and the admin's stop go on.
    expect(await ask('GET', '/tokens')).toMatchObject({ status: 200 })
    const admin = await statuses(25, (n) => ask('PATCH', '', { name: `Acme ${n}` }, org.admin))
    expect(admin[429]).toBeGreaterThan(0)
    expect(await ask('POST', '/settings/impact', { apiTokens: { creation: 'none' } }, org.admin)).toMatchObject({
      status: 200,
    })
    expect(await org.setCreation({ creation: 'none' })).toMatchObject({ status: 200 })
    expect(await ask('DELETE', `/members/${member.accountId}`, undefined, org.admin)).toMatchObject({ status: 204 })
  })

  test('429 for renaming oneself, and for signing in, again and again; a stranger’s failures use up nothing', async () => {
    const server = await harness(await open(), { changesPerMinute: 5 })
    const org = await server.newOrganization()
    const [member, other] = [await org.newMember(), await org.newMember()]
    const session = await freshSession(server, member.email)
    const rename = (n: number) =>
      server.call('POST', '/api/auth/update-user', { as: session, body: { name: `Mia ${n}` } })
    expect(await statuses(8, rename)).toEqual({ 200: 5, 429: 3 })
    for (let n = 0; n < 8; n += 1) await signIn(server, other.email, 'not the password', `192.0.2.${n}`)
    expect(await statuses(8, () => signIn(server, other.email, password, '198.51.100.1'))).toEqual({ 200: 5, 429: 3 })
    await server.signIn.settled()
  })

  test('T11: 422 beyond the tokens that an account may have; deleting one makes room', async () => {
    const server = await harness(await open(), { tokensPerAccount: 3 })
    const org = await server.newOrganization()
    const [first] = [await org.newToken(), await org.newToken(), await org.newToken()]
    const create = (accountId?: string) =>
      server.call('POST', `${org.path}/tokens`, {
        as: org.admin,
        body: { name: 'more', ...(accountId && { accountId }) },
      })
    const full = {
      status: 422,
      body: { errors: [{ path: 'accountId', message: expect.stringContaining('at most 3 tokens') }] },
    }
    expect(await create()).toMatchObject(full)
    expect(await create(await org.newServiceAccount())).toMatchObject({ status: 201 })
    const refresh = await server.call('POST', `${org.path}/tokens/${first.id}/refresh`, { as: org.admin, body: {} })
    expect(refresh).toMatchObject({ status: 200 })
    await server.call('DELETE', `${org.path}/tokens/${first.id}`, { as: org.admin })
    expect(await create()).toMatchObject({ status: 201 })
  })

  test('S4: a person has 100 sessions; the oldest ends when another begins', async () => {
    const database = await open()
    const server = await harness(database)
    const { admin } = await server.newOrganization()
    const isSignedIn = async (cookie: string) =>
      (await server.call('GET', '/api/v1/me', { as: { cookie } })).status === 200
    const cookies: string[] = []
    for (let n = 0; n < 99; n += 1) cookies.push(await server.cookieOf(admin.userId))
    expect(await isSignedIn(admin.cookie)).toBe(true)
    const last = await server.cookieOf(admin.userId)
    expect([await isSignedIn(admin.cookie), await isSignedIn(cookies[0] ?? ''), await isSignedIn(last)]).toEqual([
      false,
      true,
      true,
    ])
    const rows = await database.owner.selectFrom('sessions').select('id').where('user_id', '=', admin.userId).execute()
    expect(rows).toHaveLength(100)
  })
})
