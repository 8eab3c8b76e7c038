import { afterEach, beforeEach, expect, test } from 'vitest'
import { describeOnBoth, openTestDatabase, type TestDatabase } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'
import { tellExpirations } from './actions.ts'

const hour = 60 * 60 * 1000
const day = 24 * hour
const start = Date.parse('2026-03-10T15:00:00Z')

describeOnBoth('mail about expirations', (_open, kind) => {
  let database: TestDatabase
  let app: Harness
  let acme: Awaited<ReturnType<Harness['newOrganization']>>
  // A sweep sees every organization of a database, so each test has one of its own. The founding admin is enough: an
  // invitation's link would go by mail here.
  beforeEach(async () => {
    database = await openTestDatabase(kind)
    app = await harness(database, { mail: true })
    app.clock.now = new Date(start)
    acme = await app.newOrganization('Acme')
  })
  afterEach(() => database.drop())

  const inDays = (days: number) => new Date(start + days * day).toISOString()
  const sweepAt = async (days: number) => {
    app.clock.now = new Date(start + days * day)
    app.sent.length = 0
    await app.tellExpirations()
    return app.sent.map(({ to, subject }) => `${to}: ${subject}`)
  }

  test('seven days and one day ahead the owner is told, once each, whatever the number of sweeps', async () => {
    const { secret } = await acme.newToken(acme.admin, { name: 'night run', expiresAt: inDays(30) })
    await acme.newToken(acme.admin, { name: 'never' })
    const told = [`${acme.admin.email}: Your API token night run expires on 2026-04-09`]
    expect(await sweepAt(22.9)).toEqual([])
    expect(await sweepAt(23)).toEqual(told)
    const { text, html } = app.sent[0] ?? { text: '', html: '' }
    for (const it of [text, html]) {
      expect(it).toContain(`night run (pcu_…${secret.slice(-4)}) of Acme expires on 2026-04-09 15:00 UTC`)
      expect(it).toContain('/o/acme/settings/apis')
      expect(it).not.toContain(secret.slice(4, -4))
    }
    expect(await sweepAt(24)).toEqual([])
    expect(await sweepAt(29)).toEqual(told)
    expect(await sweepAt(29.5)).toEqual([])
    expect(await sweepAt(31)).toEqual([])
  })

  test('a token that lives seven days gets no notice on the day of its creation', async () => {
    await acme.newToken(acme.admin, { expiresAt: inDays(7) })
    expect(await sweepAt(0)).toEqual([])
    expect(await sweepAt(5)).toEqual([])
    expect(await sweepAt(6)).toHaveLength(1)
  })

  test('a refreshed token starts anew; a deleted one and those of a removed account are not spoken of', async () => {
    const kept = await acme.newToken(acme.admin, { name: 'kept', expiresAt: inDays(30) })
    const gone = await acme.newToken(acme.admin, { name: 'gone', expiresAt: inDays(30) })
    const bot = await acme.newServiceAccount()
    await acme.newToken(acme.admin, { name: 'of a bot', accountId: bot, expiresAt: inDays(30) })
    await app.call('DELETE', `${acme.path}/tokens/${gone.id}`, { as: acme.admin })
    await app.call('DELETE', `${acme.path}/service-accounts/${bot}`, { as: acme.admin })
    expect(await sweepAt(23)).toEqual([`${acme.admin.email}: Your API token kept expires on 2026-04-09`])
    const body = { expiresAt: inDays(33) }
    const as = { cookie: await app.cookieOf(acme.admin.userId) }
    expect((await app.call('POST', `${acme.path}/tokens/${kept.id}/refresh`, { as, body })).status).toBe(200)
    expect(await sweepAt(25)).toEqual([])
    expect(await sweepAt(26)).toEqual([`${acme.admin.email}: Your API token kept expires on 2026-04-12`])
  })

  test("service accounts' tokens: one mail a day to each admin of their organization, and to nobody else", async () => {
    const other = await app.newOrganization('Other')
    const [bot, foreign] = [await acme.newServiceAccount('member', 'Bot'), await other.newServiceAccount()]
    const second = await app.newOrganization('Second')
    // A second admin, who joins without the mail.
    await database.owner
      .updateTable('accounts')
      .set({ organization_id: acme.id })
      .where('id', '=', second.admin.accountId)
      .execute()
    for (const [name, days] of [
      ['a', 30],
      ['b', 30.1],
      ['c', 31],
    ] as const)
      await acme.newToken(acme.admin, { name, accountId: bot, expiresAt: inDays(days) })
    await other.newToken(other.admin, { name: 'x', accountId: foreign, expiresAt: inDays(30) })
    const two = '2 API tokens of service accounts of Acme expire soon'
    const one = '1 API token of a service account of'
    expect((await sweepAt(22.5)).sort()).toEqual(
      [
        `${acme.admin.email}: ${two}`,
        `${second.admin.email}: ${two}`,
        `${other.admin.email}: ${one} Other expires soon`,
      ].sort(),
    )
    const text = app.sent.find(({ to }) => to === second.admin.email)?.text
    expect(text).toMatch(/a \(pcs_….{4}\) of Bot: expires on 2026-04-09 15:00 UTC\n\nb \(pcs/)
    expect(text).not.toContain('x (')
    expect(text).toContain('/o/acme/settings/organization/api-tokens\n')
    await acme.newToken(acme.admin, { name: 'late', accountId: bot, expiresAt: inDays(30.2) })
    expect(await sweepAt(22.9)).toEqual([])
    expect((await sweepAt(23.5)).sort()).toEqual(
      [acme.admin, second.admin].map(({ email }) => `${email}: ${two}`).sort(),
    )
    expect(app.sent[0]?.text).toMatch(/late .*\n\nc \(/)
  })

  test('suspended tokens are told of all the same, and saving the setting sends nothing', async () => {
    await acme.newToken(acme.admin, { name: 'cut off', expiresAt: inDays(30) })
    app.clock.now = new Date(start + 23 * day)
    const as = { cookie: await app.cookieOf(acme.admin.userId) }
    const now = await app.call('GET', `${acme.path}/settings`, { as })
    const saved = await app.call('PUT', `${acme.path}/settings`, {
      as,
      body: { apiTokens: { creation: 'none' } },
      headers: { 'if-match': now.headers.get('etag') ?? '' },
    })
    expect(saved.status).toBe(200)
    await app.signIn.settled()
    expect(app.sent).toEqual([])
    expect(await sweepAt(23)).toHaveLength(1)
  })

  test('two sweeps at once send each mail once', async () => {
    const bot = await acme.newServiceAccount()
    for (let n = 0; n < 5; n += 1) {
      await acme.newToken(acme.admin, { name: `${n}`, expiresAt: inDays(30) })
      await acme.newToken(acme.admin, { name: `bot ${n}`, accountId: bot, expiresAt: inDays(30) })
    }
    app.clock.now = new Date(start + 23 * day)
    await Promise.all([1, 2, 3].map(() => app.tellExpirations()))
    const subjects = app.sent.map((it) => it.subject)
    expect(subjects).toHaveLength(6)
    expect(new Set(subjects).size).toBe(6)
  })

  test('a mail that fails is lost, holds no other up, and is not tried again', async () => {
    for (const name of ['a', 'b', 'c']) await acme.newToken(acme.admin, { name, expiresAt: inDays(30) })
    app.clock.now = new Date(start + 23 * day)
    let tries = 0
    const send = async () => {
      tries += 1
      if (tries === 1) throw new Error('no such mailbox')
    }
    const deps = { ...app.deps, outbox: { configured: true, send } }
    await tellExpirations(deps, () => false)
    await tellExpirations(deps, () => false)
    expect(tries).toBe(3)
  })

  test('a mail server that is away ends the sweep after three tries; the rest is told by a later one', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await acme.newToken(acme.admin, { name, expiresAt: inDays(30) })
    app.clock.now = new Date(start + 23 * day)
    let tries = 0
    const send = async () => {
      tries += 1
      throw new Error('away')
    }
    await tellExpirations({ ...app.deps, outbox: { configured: true, send } }, () => false)
    expect(tries).toBe(3)
    expect(await sweepAt(23.1)).toHaveLength(2)
  })

  test('nothing is taken where no mail is configured, nor by a process that stops', async () => {
    await acme.newToken(acme.admin, { expiresAt: inDays(30) })
    app.clock.now = new Date(start + 23 * day)
    const silent = { configured: false, send: () => Promise.reject(new Error('No mail is configured.')) }
    await tellExpirations({ ...app.deps, outbox: silent }, () => false)
    await tellExpirations(app.deps, () => true)
    expect(app.sent).toEqual([])
    expect(await sweepAt(23)).toHaveLength(1)
  })

  test('more than one batch is read to its end', async () => {
    const { id } = await acme.newToken(acme.admin, { expiresAt: inDays(30) })
    const row = await database.owner.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
    const more = Array.from({ length: 520 }, (_, n) => ({ ...row, id: `tok_${String(n).padStart(4, '0')}` }))
    await database.owner.insertInto('tokens').values(more).execute()
    expect(await sweepAt(23)).toHaveLength(521)
    expect(await sweepAt(23.1)).toEqual([])
  })
})
