import { sql } from 'kysely'
import { typeidUnboxed } from 'typeid-js'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase } from '../src/db/open.ts'
import { byOf, type Caller } from '../src/features/accounts/rules.ts'
import { describeOnBoth, newOrganization, openTestDatabase, type TestDatabase } from './databases.ts'
import { type As, type Harness, harness, type Member, password, publicUrl } from './harness.ts'
import { identityProvider, signers } from './identity-provider.ts'
import { changeOn, operatorOrigin } from './operator-change.ts'

type Organization = Awaited<ReturnType<Harness['newOrganization']>>

interface Request {
  method: string
  path: string
  as?: As | undefined
  body: unknown
  headers?: Record<string, string>
}

/** What is compared of an answer: a request that lost its right on its way must not tell itself from one that came without. */
const told = ({ status, body }: { status: number; body: { code?: string; detail?: string } }) => ({
  status,
  code: body.code,
  detail: body.detail,
})

describeOnBoth('A4: a right that was taken away while the body was on its way', (open) => {
  let database: TestDatabase
  let app: Harness
  let idp: Awaited<ReturnType<typeof identityProvider>>
  let org: Organization
  beforeAll(async () => {
    database = await open()
    app = await harness(database, { allowedJwksHosts: ['127.0.0.1'] })
    idp = await identityProvider(() => app.clock.now)
  })
  afterAll(() => idp.close())
  beforeEach(async () => {
    org = await app.newOrganization()
  })

  /** Resolves when the request has been admitted and its body is being read; `finish` sends the body. */
  async function startHalf({ method, path, as, body, headers = {} }: Request) {
    const reading = Promise.withResolvers<void>()
    const rest = Promise.withResolvers<void>()
    const stream = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          reading.resolve()
          await rest.promise
          controller.enqueue(Buffer.from(JSON.stringify(body)))
          controller.close()
        },
      },
      { highWaterMark: 0 },
    )
    const credential: Record<string, string> =
      as === undefined
        ? {}
        : 'token' in as
          ? { authorization: `Bearer ${as.token}` }
          : { cookie: as.cookie, origin: publicUrl }
    const answering = app.router.request(new URL(path, publicUrl), {
      method,
      headers: { 'content-type': 'application/json', ...credential, ...headers },
      body: stream,
      duplex: 'half',
    } as RequestInit)
    await Promise.race([reading.promise, answering])
    return async () => {
      rest.resolve()
      const answer = await answering
      const text = await answer.text()
      return { status: answer.status, body: text === '' ? {} : JSON.parse(text) }
    }
  }

  /** The events of what was changed; a refused acceptance writes one of its own (O12). */
  const changes = async () => (await org.events()).filter(({ action }) => action !== 'invitation.refused')

  /** The half-sent request is refused as the same request would be if it came now, and writes no event. */
  async function expectRefused(request: Request, takeAway: () => Promise<unknown>, expected: object) {
    const finish = await startHalf(request)
    await takeAway()
    const before = await changes()
    const refused = told(await finish())
    expect(refused).toMatchObject(expected)
    expect(await changes()).toEqual(before)
    const { method, path, ...asking } = request
    expect(told(await app.call(method, path, asking))).toEqual(refused)
  }

  async function expectDone(request: Request) {
    const finish = await startHalf(request)
    expect((await finish()).status).toBeLessThan(300)
  }

  const createServiceAccount = (as: As): Request => ({
    method: 'POST',
    path: `${org.path}/service-accounts`,
    as,
    body: { name: 'CI', role: 'admin' },
  })
  const signOut = ({ cookie }: Member) => app.call('POST', '/api/auth/sign-out', { as: { cookie }, body: {} })
  const asAdmin = async (method: string, path: string, body?: unknown) => {
    const answer = await app.call(method, `${org.path}${path}`, { as: org.admin, body })
    expect(answer.status).toBeLessThan(300)
    return answer.body
  }
  const setRole = (id: string, role: 'admin' | 'member') => asAdmin('PATCH', `/members/${id}`, { role })

  test('401 for an ended session', async () => {
    const member = await org.newMember('admin')
    await expectDone(createServiceAccount(member))
    await expectRefused(createServiceAccount(member), () => signOut(member), { status: 401, code: 'unauthenticated' })
  })

  test('401 for a session that expired, or that was given to another person', async () => {
    const member = await org.newMember('admin')
    const other = await org.newMember('admin')
    const owner = database.owner
    await expectRefused(
      createServiceAccount(member),
      () =>
        owner
          .updateTable('sessions')
          .set({ expires_at: new Date(0) })
          .where('user_id', '=', member.userId)
          .execute(),
      { status: 401 },
    )
    const finish = await startHalf(createServiceAccount(other))
    await owner.updateTable('sessions').set({ user_id: org.admin.userId }).where('user_id', '=', other.userId).execute()
    expect((await finish()).status).toBe(401)
  })

  test('404 for a removed admin who invites a new admin', async () => {
    const member = await org.newMember('admin')
    const invite = (): Request => ({
      method: 'POST',
      path: `${org.path}/invitations`,
      as: member,
      body: { emails: [app.newEmail()], role: 'admin' },
    })
    await expectDone(invite())
    await expectRefused(invite(), () => asAdmin('DELETE', `/members/${member.accountId}`), { status: 404 })
  })

  test('403 for a demoted admin who promotes itself', async () => {
    const member = await org.newMember('admin')
    const promote: Request = {
      method: 'PATCH',
      path: `${org.path}/members/${member.accountId}`,
      as: member,
      body: { role: 'admin' },
    }
    await expectDone(promote)
    await expectRefused(promote, () => setRole(member.accountId, 'member'), { status: 403, code: 'forbidden' })
  })

  test('403 for a former manager of the group', async () => {
    const member = await org.newMember()
    const friend = await org.newServiceAccount()
    const groupId = await org.newGroup([member.accountId])
    const path = `/groups/${groupId}/members`
    const manage = () => asAdmin('PUT', `${path}/${member.accountId}`, { role: 'manager' })
    const add: Request = { method: 'PUT', path: `${org.path}${path}/${friend}`, as: member, body: { role: 'manager' } }
    await manage()
    await expectDone(add)
    await asAdmin('DELETE', `${path}/${friend}`)
    const demote = () => asAdmin('PUT', `${path}/${member.accountId}`, { role: 'member' })
    await expectRefused(add, demote, { status: 403 })
    await manage()
    await expectRefused(add, () => asAdmin('DELETE', `${path}/${member.accountId}`), { status: 403 })
    await asAdmin('PUT', `${path}/${member.accountId}`, { role: 'manager' })
    await expectRefused(add, () => asAdmin('DELETE', `/groups/${groupId}`), { status: 403 })
  })

  test('finer rights are held against the present role: a token for a service account, another person’s token', async () => {
    const member = await org.newMember('admin')
    const accountId = await org.newServiceAccount()
    const { id } = await org.newToken()
    const create: Request = { method: 'POST', path: `${org.path}/tokens`, as: member, body: { name: 'x', accountId } }
    const rename: Request = { method: 'PATCH', path: `${org.path}/tokens/${id}`, as: member, body: { name: 'y' } }
    await expectDone(create)
    await expectRefused(create, () => setRole(member.accountId, 'member'), { status: 403, code: 'forbidden' })
    await setRole(member.accountId, 'admin')
    await expectRefused(rename, () => setRole(member.accountId, 'member'), { status: 404 })
  })

  const newAdminToken = async () => org.newToken(org.admin, { accountId: await org.newServiceAccount('admin') })

  test('401 for a managed token that was revoked, refreshed, suspended or has expired, or lost its owner', async () => {
    const expiresAt = new Date(app.clock.now.getTime() + 60_000).toISOString()
    const accountId = await org.newServiceAccount('admin')
    const endings: [name: string, end: (id: string, secret: string) => Promise<unknown>, detail: RegExp][] = [
      ['revoked', (id) => asAdmin('DELETE', `/tokens/${id}`), /not valid/],
      ['refreshed', (id) => asAdmin('POST', `/tokens/${id}/refresh`, {}), /not valid/],
      ['suspended', () => org.setCreation({ creation: 'none' }), /suspend this/],
    ]
    for (const [, end, detail] of endings) {
      const { id, secret } = await newAdminToken()
      const request = createServiceAccount({ token: secret })
      await expectDone(request)
      await expectRefused(request, () => end(id, secret), { status: 401, detail: expect.stringMatching(detail) })
    }
    await org.setCreation({ creation: 'all' })
    const short = await org.newToken(org.admin, { accountId, expiresAt })
    const elapse = async () => {
      app.clock.now = new Date(expiresAt)
    }
    await expectRefused(createServiceAccount({ token: short.secret }), elapse, {
      status: 401,
      detail: expect.stringMatching(/expired/),
    })
    const owned = await org.newToken(org.admin, { accountId })
    const request = createServiceAccount({ token: owned.secret })
    const demote = () => asAdmin('PATCH', `/service-accounts/${accountId}`, { role: 'member' })
    await expectRefused(request, demote, { status: 403 })
    await asAdmin('PATCH', `/service-accounts/${accountId}`, { role: 'admin' })
    await expectRefused(request, () => asAdmin('DELETE', `/service-accounts/${accountId}`), { status: 401 })
  })

  test('an external token is held against its mapping, its provider, its keys, its time and its account', async () => {
    const providerId = await org.newProvider(idp)
    const accountId = await org.newServiceAccount('admin')
    const map = () => asAdmin('POST', '/account-mappings', { accountId, providerId, subject: 'robot' })
    const { id: mappingId } = await map()
    const provider = `/oauth-providers/${providerId}`
    const request = () => createServiceAccount({ token: idp.token() })
    await expectDone(request())
    await expectRefused(request(), () => asAdmin('DELETE', `/account-mappings/${mappingId}`), {
      status: 401,
      detail: expect.stringMatching(/mapped/),
    })
    const again = await map()
    await expectRefused(request(), () => asAdmin('PATCH', provider, { enabled: false }), { status: 401 })
    await asAdmin('PATCH', provider, { enabled: true })
    await expectRefused(request(), () => asAdmin('PATCH', provider, { audiences: ['other'] }), { status: 401 })
    await asAdmin('PATCH', provider, { audiences: ['api'] })
    await expectRefused(request(), () => asAdmin('PATCH', provider, { requireScope: true }), {
      status: 403,
      code: 'insufficient_scope',
    })
    await asAdmin('PATCH', provider, { requireScope: false })
    const demote = () => asAdmin('PATCH', `/service-accounts/${accountId}`, { role: 'member' })
    await expectRefused(request(), demote, { status: 403, code: 'forbidden' })
    await asAdmin('PATCH', `/service-accounts/${accountId}`, { role: 'admin' })
    const withdrawKey = async () => {
      idp.state.keys = [signers.second]
      await asAdmin('POST', `${provider}/refresh-keys`)
    }
    await expectRefused(request(), withdrawKey, { status: 401 })
    idp.state.keys = [signers.first]
    await asAdmin('POST', `${provider}/refresh-keys`)
    const { now } = app.clock
    const elapse = async () => {
      app.clock.now = new Date(now.getTime() + 700_000)
    }
    await expectRefused(request(), elapse, { status: 401, detail: expect.stringMatching(/expired/) })
    app.clock.now = now
    await expectDone(request())
    expect(again.id).toBeDefined()
    await expectRefused(request(), () => asAdmin('DELETE', provider), { status: 401 })
  })

  test('an invitation that was withdrawn or sent again opens nothing; nobody accepts by a session that ended', async () => {
    const invite = async (email: string) => {
      const { invitations } = await asAdmin('POST', '/invitations', { emails: [email], role: 'member' })
      return { id: invitations[0].id, path: new URL(invitations[0].acceptUrl).pathname }
    }
    const accept = (path: string, body: unknown, as?: As): Request => ({
      method: 'POST',
      path: `/api/v1${path}/accept`,
      as,
      body,
    })
    const newcomer = { name: 'New', password }
    for (const takeBack of ['DELETE', 'POST'] as const) {
      const { id, path } = await invite(app.newEmail())
      const voidLink = () =>
        takeBack === 'DELETE' ? asAdmin('DELETE', `/invitations/${id}`) : asAdmin('POST', `/invitations/${id}/resend`)
      await expectRefused(accept(path, newcomer), voidLink, { status: 404 })
    }
    const other = await app.newOrganization()
    const { path } = await invite(other.admin.email)
    await expectRefused(accept(path, {}, other.admin), () => signOut(other.admin), {
      status: 409,
      code: 'sign_in_required',
    })
  })
})

describe('A4: under PostgreSQL', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await openTestDatabase('postgres')
  })
  afterAll(() => database.drop())

  test('whoever ends a session waits for the change that it carries', async () => {
    const app = await harness(database)
    const org = await app.newOrganization()
    const { sessionId } = await sessionOf(org.admin)
    const caller: Caller = {
      accountId: org.admin.accountId,
      organizationId: org.id,
      kind: 'member',
      name: 'Ada',
      role: 'admin',
      credential: { kind: 'session', userId: org.admin.userId, sessionId },
      requires: 'admin',
    }
    const facts = { requestId: 'r', ip: null, userAgent: null }
    let isEnded = false
    let ending: Promise<unknown> | undefined
    const result = await app.deps.change(byOf(app.deps, caller, facts), async () => {
      ending = database.owner
        .deleteFrom('sessions')
        .where('id', '=', sessionId)
        .execute()
        .then(() => {
          isEnded = true
        })
      await expect.poll(countWaiting).toBe(1)
      expect(isEnded).toBe(false)
      const target = { kind: 'organization' as const, id: org.id, name: 'Acme' }
      return { ok: true, value: isEnded, events: [{ action: 'organization.renamed', target }], forget: [] }
    })
    await ending
    expect(result).toEqual({ ok: true, value: false })
    expect(isEnded).toBe(true)
  })

  const sessionOf = async ({ userId }: Member) => {
    const { id } = await database.owner
      .selectFrom('sessions')
      .select('id')
      .where('user_id', '=', userId)
      .executeTakeFirstOrThrow()
    return { sessionId: id }
  }

  const countWaiting = async () => {
    const { rows } = await sql<{ count: number }>`select count(*) as count from pg_locks l
      join pg_database d on d.oid = (select a.datid from pg_stat_activity a where a.pid = l.pid)
      where not l.granted and d.datname = current_database()`.execute(database.owner)
    return Number(rows[0]?.count)
  }

  test('changes are READ COMMITTED, whatever the default of the database is', async () => {
    const name = new URL(database.options.databaseUrl ?? '').pathname.slice(1)
    await sql`alter database ${sql.id(name)} set default_transaction_isolation = 'repeatable read'`.execute(
      database.owner,
    )
    const strict = await openDatabase(database.options)
    try {
      const { id } = await newOrganization(database)
      const change = changeOn(strict.db, typeidUnboxed)
      const readIsolation = () =>
        change({ ...operatorOrigin, organizationId: id, at: new Date() }, async (tx) => {
          const { rows } = await sql<{ level: string }>`
            select current_setting('transaction_isolation') as level`.execute(tx)
          return { ok: true, value: rows[0]?.level, unchanged: true }
        })
      expect(await readIsolation()).toEqual({ ok: true, value: 'read committed' })
    } finally {
      await strict.close()
    }
  })
})
