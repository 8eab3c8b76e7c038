import { readFileSync, statSync } from 'node:fs'
import { sql } from 'kysely'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { dumped } from '../src/db/dump.ts'
import { type DatabaseKind, openTestDatabase, type TestDatabase } from './databases.ts'
import { type Harness, harness, password } from './harness.ts'
import { addRareRows, decisionsOf, newFile, rowsOfAll, runCommand } from './instance-files.ts'
import { codeOf, cookiesOf, freshSession, signIn } from './sign-in.ts'

// Passwords and second factors cost scrypt its due, on a busy machine several times that.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const dropped: TestDatabase[] = []
afterAll(() => Promise.all(dropped.map((it) => it.drop())))

async function open(kind: DatabaseKind) {
  const database = await openTestDatabase(kind)
  dropped.push(database)
  return { database, app: await harness(database) }
}

/** Two organizations with something of every kind. */
async function fill(app: Harness, database: TestDatabase) {
  const acme = await app.newOrganization('Acme')
  const session = await freshSession(app, acme.admin.email)
  const begun = await app.call('POST', '/api/auth/two-factor/enable', { as: session, body: { password } })
  const code = codeOf(begun.body.totpURI)
  const enabled = await app.call('POST', '/api/auth/two-factor/verify-totp', { as: session, body: { code } })
  // Turning the second factor on ended the sessions before it. (S3)
  const admin = { cookie: cookiesOf(enabled.headers) }
  acme.admin.cookie = admin.cookie
  const member = await acme.newMember()
  const groupId = await acme.newGroup([member.accountId], 'Größe 水')
  const service = await acme.newServiceAccount()
  const good = await acme.newToken(member, { expiresAt: new Date(Date.now() + 86_400_000).toISOString() })
  const outside = await acme.newToken(admin, { accountId: service })
  const revoked = await acme.newToken(member)
  await app.call('DELETE', `${acme.path}/tokens/${revoked.id}`, { as: member })
  const refreshed = await app.call('POST', `${acme.path}/tokens/${outside.id}/refresh`, {
    as: admin,
    body: { expiresAt: null },
  })
  await app.call('POST', `${acme.path}/invitations`, { as: admin, body: { emails: [app.newEmail()], role: 'admin' } })
  await acme.setCreation({ creation: 'groups', groupIds: [groupId] }, admin)
  await acme.choosePreviews(['command-palette'], admin)
  const globex = await app.newOrganization('Globex')
  const closed = await globex.newToken()
  await globex.setCreation({ creation: 'none' })
  await app.gate.decide(good.secret)
  await app.flushUses()
  await addRareRows(database, { id: acme.id, accountId: member.accountId, tokenId: good.id })
  const secrets = { good: good.secret, service: refreshed.body.secret as string }
  const refused = { revoked: revoked.secret, old: outside.secret, closed: closed.secret }
  return { acme, email: acme.admin.email, uri: begun.body.totpURI as string, secrets, refused, member }
}

const directions = [
  ['embedded', 'postgres'],
  ['postgres', 'embedded'],
] as const

describe.each(directions)('from %s to %s', (from, to) => {
  test('0: all arrives: rows, tokens, people with their second factors, chains, and both walls', async () => {
    const source = await open(from)
    const filled = await fill(source.app, source.database)
    const file = newFile()
    const exported = await runCommand(source.app, source.database, 'export', { file })
    expect(exported).toMatchObject({ exitCode: 0, text: expect.stringMatching(/^Exported \d+ rows to /) })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const before = await rowsOfAll(source.database)
    // So that a table which nothing puts a row into is not thought to be moved.
    expect(Object.entries(before).filter(([, rows]) => rows.length === 0)).toEqual([])
    const text = readFileSync(file, 'utf8')
    for (const it of [...Object.values(filled.secrets), ...Object.values(filled.refused), password])
      expect(text.includes(it)).toBe(false)
    for (const cookie of [filled.acme.admin.cookie, filled.member.cookie])
      expect(text.includes(decodeURIComponent(cookie.split('=')[1] ?? '').split('.')[0] ?? '')).toBe(false)

    const target = await open(to)
    // Known as never issued, until the import is heard of.
    expect(await decisionsOf(target.app, filled.secrets)).toEqual({ good: 'unknown', service: 'unknown' })
    const imported = await runCommand(target.app, target.database, 'import', { file })
    expect(imported).toMatchObject({ exitCode: 0, text: expect.stringContaining('Every audit log is whole (') })
    expect(imported.text).toMatch(/^ +2 {2}organizations$/m)
    expect(await rowsOfAll(target.database)).toEqual(before)

    await target.app.lease.renew()
    expect(target.app.lease.applied).toBe(source.app.lease.applied + 2)
    expect(await decisionsOf(target.app, filled.secrets)).toEqual({ good: 'good', service: 'good' })
    expect(await decisionsOf(target.app, filled.refused)).toEqual({
      revoked: 'revoked',
      old: 'revoked',
      closed: 'suspended',
    })
    const { email, uri, acme } = filled
    const owed = await signIn(target.app, email)
    expect(owed.body).toMatchObject({ twoFactorRedirect: true })
    const answer = await target.app.call('POST', '/api/auth/two-factor/verify-totp', {
      as: { cookie: cookiesOf(owed.headers) },
      body: { code: codeOf(uri, 1) },
    })
    expect(answer.status).toBe(200)
    const renamed = await target.app.call('PATCH', acme.path, {
      as: { cookie: cookiesOf(answer.headers) },
      body: { name: 'Acme moved' },
    })
    expect(renamed.status).toBe(200)
    expect((await runCommand(target.app, target.database, 'audit-verify')).exitCode).toBe(0)
    // The service's own access sees nothing outside of an organization (O1).
    expect(await target.database.db.selectFrom('tokens').select('id').execute()).toEqual([])
    await expect(sql`delete from audit_events`.execute(target.database.db)).rejects.toMatchObject({ code: '42501' })

    const again = await runCommand(target.app, target.database, 'import', { file })
    expect(again).toEqual({ exitCode: 1, text: expect.stringContaining('this database is in use') })
  })
})

test('what is left behind is this, and nothing that an instance could not do without', () => {
  const left = Object.entries(dumped).flatMap(([table, it]) => ('left' in it ? [table] : []))
  const passing = ['sessions', 'verifications', 'mails', 'fresh_starts', 'rate_limits', 'setups', 'instance']
  expect(left).toEqual([...passing, 'feed', 'feed_head', 'peers', 'confirmations'])
})
