import { randomBytes } from 'node:crypto'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { typeidUnboxed } from 'typeid-js'
import { expect, test, vi } from 'vitest'
import { Overload } from '../src/db/fair-queue.ts'
import { newSecret } from '../src/features/tokens/rules.ts'
import { willAnswer } from '../src/http/answering.ts'
import { mostAtOnce } from '../src/http/crowd.ts'
import { clientHeader } from '../src/http/incoming.ts'
import { type LimitName, limits } from '../src/kernel/limits.ts'
import { describeOnBoth } from './databases.ts'
import { type Answer, type As, type Harness, harness, publicUrl } from './harness.ts'

vi.setConfig({ testTimeout: 120_000 })

const from = (address: string) => ({ [clientHeader]: address })
const statuses = (answers: readonly Answer[]) => [...new Set(answers.map((it) => it.status))].sort()
const refused = (answers: readonly Answer[]) => answers.filter((it) => it.status === 429)

async function metric(app: Harness, name: string): Promise<number> {
  const line = (await app.metrics.registry.metrics()).split('\n').find((it) => it.startsWith(`${name} `))
  return Number(line?.split(' ').at(-1) ?? 0)
}

type Organization = Awaited<ReturnType<Harness['newOrganization']>>

type Robot = { token: string; accountId: string }

/** Accounts that hold a token each, which is judged from memory: what they ask waits for nothing but their turn. */
async function robots(
  it: Harness,
  organization: Organization,
  count: number,
  role: 'admin' | 'member' = 'admin',
): Promise<Robot[]> {
  const tokens: Robot[] = []
  for (let n = 0; n < count; n += 1) {
    const accountId = await organization.newServiceAccount(role, `Robot ${n}`)
    const { secret } = await organization.newToken(organization.admin, { accountId })
    tokens.push({ accountId, token: secret })
  }
  // What was just changed is forgotten once more when the feed tells of it.
  await it.lease.renew()
  for (const { token } of tokens) await it.gate.decide(token)
  return tokens
}

describeOnBoth('what one of many may take', (open, kind) => {
  let made: Promise<Harness> | undefined
  const app = () => {
    made ??= open().then((database) => harness(database))
    return made
  }

  test('429: an organization that floods waits for itself; another is served in between, and so is its own admin', async () => {
    const it = await app()
    const [flooding, other] = [await it.newOrganization('Flood'), await it.newOrganization('Other')]
    const accounts = await robots(it, flooding, 6)
    const answered: Answer[] = []
    const flood = accounts.flatMap((as, robot) =>
      Array.from({ length: mostAtOnce.account }, async (_, n) => {
        const headers = from(`192.0.2.${robot}`)
        answered.push(
          await it.call('POST', `${flooding.path}/groups`, { as, headers, body: { name: `${robot} ${n}` } }),
        )
      }),
    )
    const done = () => answered.filter((it) => it.status === 201).length
    const elsewhere = it.call('POST', `${other.path}/groups`, { as: other.admin, body: { name: 'Mine' } })
    expect((await flooding.setCreation({ creation: 'none' })).status).toBe(200)
    expect((await elsewhere).status).toBe(201)
    expect(done()).toBeLessThan(100)
    await Promise.all(flood)
    // The save suspended the tokens of requests that still waited in the queue. (A4)
    expect(statuses(answered)).toEqual([201, 401, 429])
    const [first] = refused(answered)
    expect(first).toMatchObject({
      body: { code: 'too_many_requests', detail: expect.stringContaining('organization') },
    })
    expect(first?.headers.get('retry-after')).toBe('1')
    expect(await metric(it, 'portcullis_limited_total{limit="organization_queue"}')).toBe(refused(answered).length)
    // What was answered with 201 is there, what was refused is not: nothing was half done.
    const rows = await it.deps.read(flooding.id, (db) => db.selectFrom('groups').select('id').execute())
    expect(rows.length).toBe(done())
  })

  test('429: one account has so many requests at once, its colleague is served', async () => {
    const it = await app()
    const organization = await it.newOrganization()
    const [one, colleague] = await robots(it, organization, 2)
    const get = (as: As | undefined, address: string) =>
      it.call('GET', `${organization.path}/groups`, { as, headers: from(address) })
    const many = Array.from({ length: mostAtOnce.account + 1 }, (_, n) => get(one, `198.51.100.${n}`))
    expect((await get(colleague, '198.51.100.1')).status).toBe(200)
    const answers = await Promise.all(many)
    expect(refused(answers).length).toBe(1)
    expect(refused(answers)[0]).toMatchObject({ body: { detail: 'Too many of your requests at once.' } })
    expect((await get(one, '198.51.100.1')).status).toBe(200)
    expect(await metric(it, 'portcullis_limited_total{limit="in_flight"}')).toBe(1)
  })

  test('429: an answer that nobody takes keeps its account’s place', async () => {
    const it = await app()
    const organization = await it.newOrganization()
    const [{ token }] = (await robots(it, organization, 1)) as [Robot]
    const unread: ServerResponse[] = []
    const download = async () => {
      const request = new Request(`${publicUrl}${organization.path}/audit-events/export?format=csv`, {
        headers: { authorization: `Bearer ${token}`, ...from('198.51.100.90') },
      })
      unread.push(new ServerResponse(new IncomingMessage(new Socket())))
      willAnswer(request, unread.at(-1) as ServerResponse)
      return (await it.router.fetch(request)).status
    }
    for (let n = 0; n < mostAtOnce.account; n += 1) expect(await download()).toBe(200)
    expect(await download()).toBe(429)
    unread[0]?.emit('close')
    expect(await download()).toBe(200)
    for (const res of unread) res.emit('close')
  })

  test('429: one address has so many requests at once, whoever asks from there; another address is served', async () => {
    const it = await app()
    const get = (address: string) =>
      it.call('GET', '/api/v1/me', { as: { token: newSecret('member', randomBytes) }, headers: from(address) })
    const many = Array.from({ length: mostAtOnce.client + 1 }, () => get('203.0.113.7'))
    expect((await get('203.0.113.8')).status).toBe(401)
    const answers = await Promise.all(many)
    expect(statuses(answers)).toEqual([401, 429])
    expect(refused(answers).length).toBe(1)
    expect((await get('203.0.113.7')).status).toBe(401)
    expect(await metric(it, 'portcullis_limited_total{limit="in_flight_from"}')).toBe(1)
  })

  const unknown = (it: Harness, address: string) =>
    it.call('GET', '/api/v1/me', { as: { token: newSecret('member', randomBytes) }, headers: from(address) })

  test('what takes no turn of an organization takes one of its address: a flood of strangers does not hold up a session', async () => {
    const it = await app()
    const { admin, path } = await it.newOrganization()
    let done = 0
    const flood = Array.from({ length: mostAtOnce.client }, async () => {
      expect((await unknown(it, '203.0.113.20')).status).toBe(401)
      done += 1
    })
    expect((await it.call('GET', `${path}/settings`, { as: admin, headers: from('203.0.113.21') })).status).toBe(200)
    expect(done).toBeLessThan(mostAtOnce.client / 2)
    await Promise.all(flood)
  })

  test('whoever has the turn of its organization does not wait again behind what its address floods', async () => {
    const it = await app()
    const [one, other] = [await it.newOrganization(), await it.newOrganization()]
    const [as] = (await robots(it, one, 1)) as [Robot]
    const [elsewhere] = (await robots(it, other, 1)) as [Robot]
    let done = 0
    const flood = Array.from({ length: mostAtOnce.client - 1 }, async () => {
      await unknown(it, '203.0.113.22')
      done += 1
    })
    const change = (of: Organization, token: Robot, address: string) =>
      it.call('POST', `${of.path}/groups`, { as: token, headers: from(address), body: { name: 'In its turn' } })
    const first = change(one, as, '203.0.113.22')
    expect((await change(other, elsewhere, '203.0.113.23')).status).toBe(201)
    // With several connections the flood goes on beside it.
    if (kind === 'embedded') expect(done).toBeLessThan(mostAtOnce.client / 2)
    expect((await first).status).toBe(201)
    await Promise.all(flood)
  })

  test('nor do all strangers together hold up the gate', async () => {
    const it = await app()
    const organization = await it.newOrganization()
    const { secret } = await organization.newToken(organization.admin)
    let done = 0
    const flood = Array.from({ length: 3 * mostAtOnce.client }, async (_, n) => {
      await unknown(it, `203.0.113.${30 + (n % 4)}`)
      done += 1
    })
    await Promise.resolve()
    expect((await it.gate.decide(secret)).active).toBe(true)
    expect(done).toBeLessThan(mostAtOnce.client)
    await Promise.all(flood)
  })

  test('nor do all who sign in hold up whoever has: hashing leaves threads to what else must be verified', async () => {
    const it = await app()
    const { admin, path } = await it.newOrganization()
    let done = 0
    const flood = Array.from({ length: 24 }, async (_, n) => {
      const body = { email: it.newEmail(), password: 'no password of anybody' }
      await it.call('POST', '/api/auth/sign-in/email', { body, headers: from(`203.0.113.${40 + n}`) })
      done += 1
    })
    // All have reached the point where they hash once the first of them is done.
    await Promise.race(flood)
    const before = done
    expect((await it.call('GET', `${path}/settings`, { as: admin, headers: from('203.0.113.99') })).status).toBe(200)
    expect(done - before).toBeLessThan(6)
    await Promise.all(flood)
  })

  test('who manages a group is asked in the turn of whoever asks, so that no colleague waits for all of them', async () => {
    const it = await app()
    const organization = await it.newOrganization()
    const [one, colleague] = (await robots(it, organization, 2, 'member')) as [Robot, Robot]
    const group = await organization.newGroup()
    await it.lease.renew()
    for (const { token } of [one, colleague]) await it.gate.decide(token)
    const add = (as: Robot, address: string) =>
      it.call('PUT', `${organization.path}/groups/${group}/members/${as.accountId}`, {
        as,
        headers: from(address),
        body: { role: 'member' },
      })
    let done = 0
    const flood = Array.from({ length: 150 }, async () => {
      expect((await add(one, '203.0.113.70')).status).toBe(403)
      done += 1
    })
    expect((await add(colleague, '203.0.113.71')).status).toBe(403)
    expect(done).toBeLessThan(75)
    await Promise.all(flood)
  })

  test('503: no more than so many wait for a connection; those who wait are served', async () => {
    const database = await open()
    const held = Promise.withResolvers<void>()
    const lent = Array.from({ length: database.connections }, () => {
      const begun = Promise.withResolvers<void>()
      const over = database.db.connection().execute(async () => {
        begun.resolve()
        await held.promise
      })
      return { begun: begun.promise, over }
    })
    await Promise.all(lent.map((it) => it.begun))
    const ask = () => database.db.selectFrom('rate_limits').select('id').limit(1).execute()
    const before = database.load().waiting
    const waiting = Array.from({ length: 1000 - before }, ask)
    await expect(ask()).rejects.toBeInstanceOf(Overload)
    expect(database.load().refused).toBeGreaterThan(0)
    held.resolve()
    await Promise.all([...waiting, ...lent.map((it) => it.over)])
    await ask()
  })

  const rationed: { of: LimitName; method: string; path: string; body?: unknown }[] = [
    { of: 'inviting', method: 'POST', path: 'invitations', body: { emails: ['a@example.com'], role: 'member' } },
    { of: 'inviting', method: 'POST', path: `invitations/${typeidUnboxed('inv')}/resend` },
    { of: 'key_fetch', method: 'POST', path: 'oauth-providers/discover', body: { issuer: 'https://idp.invalid' } },
    { of: 'key_fetch', method: 'POST', path: `oauth-providers/${typeidUnboxed('idp')}/refresh-keys` },
    {
      of: 'key_fetch',
      method: 'PATCH',
      path: `oauth-providers/${typeidUnboxed('idp')}`,
      body: { jwksUrl: 'https://idp.invalid/keys' },
    },
    { of: 'feedback', method: 'POST', path: 'preview-features/none/feedback', body: { text: 'Good.' } },
  ]

  test.each(rationed)('429 with Retry-After, $of: $method $path', async ({ of, method, path, body }) => {
    const it = await app()
    const organization = await it.newOrganization()
    const [one, other] = (await robots(it, organization, 2)) as [Robot, Robot]
    // Another address for each row, since all organizations of this process share their counts.
    const address = (n: number) => `192.0.2.${100 + 10 * rationed.findIndex((row) => row.path === path) + n}`
    const ask = (as: Robot, n: number) =>
      it.call(method, `${organization.path}/${path}`, { as, headers: from(address(n)), body })
    const fill = (name: LimitName, subject: string) => it.deps.limiter.take(name, subject, limits[name].most)
    expect((await ask(one, 0)).status).not.toBe(429)
    await it.deps.limiter.giveBack(of, one.accountId)
    await fill(of, one.accountId)
    const limited = await ask(one, 0)
    expect(limited).toMatchObject({ status: 429, body: { code: 'too_many_requests' } })
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(200)
    expect((await ask(other, 0)).status).not.toBe(429)
    await fill(`${of}_from` as LimitName, address(1))
    expect((await ask(other, 1)).status).toBe(429)
    expect((await ask(other, 2)).status).not.toBe(429)
    expect(await metric(it, `portcullis_limited_total{limit="${of}"}`)).toBeGreaterThan(0)
    it.clock.now = new Date(it.clock.now.getTime() + 3_600_001)
    expect((await ask(one, 1)).status).not.toBe(429)
  })

  test('429: too many people in one request leave what room there is to fewer', async () => {
    const it = await app()
    const organization = await it.newOrganization()
    const [robot] = (await robots(it, organization, 1)) as [Robot]
    await it.deps.limiter.take('inviting', robot.accountId, limits.inviting.most - 2)
    const invite = (count: number) =>
      it.call('POST', `${organization.path}/invitations`, {
        as: robot,
        body: { emails: Array.from({ length: count }, it.newEmail), role: 'member' },
      })
    expect((await invite(3)).status).toBe(429)
    expect((await invite(2)).status).toBe(201)
    expect((await invite(1)).status).toBe(429)
  })
})
