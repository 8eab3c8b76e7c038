import { cpSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { type OpenDatabase, openDatabase } from '../src/db/open.ts'
import { chainHash } from '../src/features/audit/rules.ts'
import { type DatabaseKind, newDataFolder, openTestDatabase, type TestDatabase } from './databases.ts'
import { type As, type Harness, harness } from './harness.ts'
import { decisionsOf, newFile, runCommand } from './instance-files.ts'

// Several databases are opened, and people are made whose passwords cost scrypt its due.
vi.setConfig({ testTimeout: 120_000 })

const opened: (() => Promise<void>)[] = []
afterAll(() => Promise.all(opened.map((close) => close())))

/** A folder that outlives its database. */
async function openFolder(dataFolder: string): Promise<TestDatabase> {
  const database = await openDatabase({ dataFolder, synced: false })
  return { ...database, options: { dataFolder }, drop: database.close }
}

type Instance = { app: Harness; database: OpenDatabase }

async function open(kind: DatabaseKind): Promise<Instance> {
  const database = await openTestDatabase(kind)
  opened.push(database.drop)
  return { database, app: await harness(database) }
}

/** Organizations as they are when the backup is made. */
async function fill(app: Harness) {
  const acme = await app.newOrganization('Acme')
  const member = await acme.newMember()
  const demoted = await acme.newMember('admin')
  const service = await acme.newServiceAccount()
  const kept = await acme.newToken(acme.admin, { name: 'kept' })
  const revoked = await acme.newToken(acme.admin, { name: 'revoked' })
  const refreshed = await acme.newToken(acme.admin, { name: 'refreshed' })
  const members = await acme.newToken(member)
  const services = await acme.newToken(acme.admin, { accountId: service })
  const invited = await app.call('POST', `${acme.path}/invitations`, {
    as: acme.admin,
    body: { emails: [app.newEmail()], role: 'member' },
  })
  const invitation: { id: string; acceptUrl: string } = invited.body.invitations[0]

  const globex = await app.newOrganization('Globex')
  const inside = await globex.newToken(globex.admin, { name: 'inside' })
  const groupId = await globex.newGroup([globex.admin.accountId])
  const outsider = await globex.newMember()
  const outside = await globex.newToken(outsider, { name: 'outside' })
  await globex.setCreation({ creation: 'groups', groupIds: [groupId], suspendOutsideGroups: true })

  const umbrella = await app.newOrganization('Umbrella')
  const closed = await umbrella.newToken()
  const initech = await app.newOrganization('Initech')
  const changed = await initech.newToken()
  const successor = await initech.newMember()

  const tokens = { kept, revoked, refreshed, members, services, inside, outside, closed, changed }
  const secrets = Object.fromEntries(Object.entries(tokens).map(([name, it]) => [name, it.secret])) as {
    [name in keyof typeof tokens]: string
  }
  return { acme, globex, umbrella, initech, successor, member, demoted, service, invitation, tokens, secrets }
}
type Filled = Awaited<ReturnType<typeof fill>>

/** What happens after the backup, and is told by the audit log alone. Answers its export, and the new secret. */
async function goOn(app: Harness, it: Filled) {
  const { acme, umbrella, globex, member, demoted, service, invitation, tokens } = it
  const as = acme.admin
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await app.call(method, acme.path + path, { as, body })
    expect(answer.status).toBeLessThan(300)
    return answer
  }
  // The refreshed secret is younger than the one of the backup, by the clock that all go by.
  app.clock.now = new Date(app.clock.now.getTime() + 1000)
  await ask('DELETE', `/tokens/${tokens.revoked.id}`)
  const { body } = await ask('POST', `/tokens/${tokens.refreshed.id}/refresh`, { expiresAt: null })
  await ask('DELETE', `/members/${member.accountId}`)
  await ask('PATCH', `/members/${demoted.accountId}`, { role: 'member' })
  await ask('DELETE', `/service-accounts/${service}`)
  await ask('DELETE', `/invitations/${invitation.id}`)
  const etag = (await app.call('GET', `${umbrella.path}/settings`, { as: umbrella.admin })).headers.get('etag') ?? ''
  const lowered = { as: umbrella.admin, body: { apiTokens: { creation: 'none' } }, headers: { 'if-match': etag } }
  expect((await app.call('PUT', `${umbrella.path}/settings`, lowered)).status).toBe(200)
  // Whoever was the only admin when the backup was made has gone since.
  const first = { as: it.initech.admin, body: { role: 'admin' } }
  expect((await app.call('PATCH', `${it.initech.path}/members/${it.successor.accountId}`, first)).status).toBe(200)
  const gone = `${it.initech.path}/members/${it.initech.admin.accountId}`
  expect((await app.call('DELETE', gone, { as: it.successor })).status).toBe(204)
  const exports = await Promise.all(
    [
      [acme.path, as],
      [globex.path, globex.admin],
      [umbrella.path, umbrella.admin],
      [it.initech.path, it.successor],
    ].map(([path, admin]) => app.call('GET', `${path}/audit-events/export?format=ndjson`, { as: admin as As })),
  )
  const file = newFile()
  writeFileSync(file, exports.map((answer) => answer.body).join(''))
  return { file, newSecret: body.secret as string }
}

const all = <T extends object>(of: T, value: string) => Object.fromEntries(Object.keys(of).map((it) => [it, value]))

async function recover({ app, database }: Instance, it: Filled, lost: { file: string; newSecret: string }) {
  const run = (name: string, args?: Record<string, unknown>) => runCommand(app, database, name, args)
  // A restore comes after what was lost.
  app.clock.now = new Date(Date.now() + 60_000)
  const begun = await run('recovery-begin')
  expect(begun.text.match(/^held {4}org_/gm)).toHaveLength(4)
  expect(await decisionsOf(app, it.secrets)).toEqual(all(it.secrets, 'suspended'))
  expect((await app.call('GET', '/api/v1/me', { as: it.acme.admin })).status).toBe(401)
  expect((await run('recovery-begin')).text).not.toMatch(/^held/m)

  const listed = (await run('recovery-list')).text
  for (const name of ['kept', 'revoked', 'refreshed', 'inside']) expect(listed).toContain(`${name} of Ada Admin`)
  // It was suspended when the backup was made, and would be again.
  expect(listed).not.toContain('outside of')
  const json = (await run('recovery-list', { organization: it.globex.id, json: true })).text
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(json).toEqual([
    {
      organization: { id: it.globex.id, name: 'Globex' },
      heldSince: expect.any(String),
      before: expect.objectContaining({ creation: 'groups', suspendOutsideGroups: true }),
    },
    {
      organizationId: it.globex.id,
      token: expect.objectContaining({ id: it.tokens.inside.id, name: 'inside', lastUsedAt: null, expiresAt: null }),
    },
  ])

  const applied = await run('recovery-apply', { file: lost.file })
  expect(
    applied.text
      .match(/^(done|by hand|COULD NOT|nothing to do) .*?Z {2}\S+/gm)
      ?.map((line) => line.replace(/ +\S+Z +/, ' ')),
  ).toEqual([
    'done token.revoked',
    'done token.refreshed',
    'done member.removed',
    'done member.role_changed',
    'done service_account.deleted',
    'done invitation.withdrawn',
    'done settings.updated',
    'COULD NOT member.removed',
  ])
  expect(applied.text).toContain('last_admin: Make another member an admin first.')
  expect(applied.exitCode).toBe(1)
  expect((await run('recovery-apply', { file: lost.file })).text).not.toMatch(/^done/m)

  const cookie = await app.cookieOf(it.initech.admin.userId)
  const etag = (await app.call('GET', `${it.initech.path}/settings`, { as: { cookie } })).headers.get('etag') ?? ''
  const raised = { as: { cookie }, body: { apiTokens: { creation: 'all' } }, headers: { 'if-match': etag } }
  expect((await app.call('PUT', `${it.initech.path}/settings`, raised)).status).toBe(200)

  expect(await run('recovery-confirm', { all: true, organization: it.acme.id })).toMatchObject({ exitCode: 2 })
  expect(await run('recovery-confirm', {})).toMatchObject({ exitCode: 2 })
  const one = await run('recovery-confirm', { organization: it.globex.id })
  expect(one.text).toBe(`back      ${it.globex.id}  Globex: 1 group, others suspended`)
  const confirmed = (await run('recovery-confirm', { all: true })).text
  expect(confirmed).toContain(`back      ${it.acme.id}  Acme: all`)
  expect(confirmed).toContain(`not held  ${it.umbrella.id}`)
  expect(confirmed).toMatch(/not held {2}\S+ {2}Initech: Ada Admin saved the setting on /)

  expect(await decisionsOf(app, { ...it.secrets, newSecret: lost.newSecret })).toEqual({
    kept: 'good',
    revoked: 'revoked',
    refreshed: 'revoked',
    newSecret: 'unknown',
    members: 'owner_removed',
    services: 'owner_removed',
    inside: 'good',
    outside: 'suspended',
    // Its admins lowered it after the backup, so no confirmation raises it.
    closed: 'suspended',
    changed: 'good',
  })
  const admin = { cookie: await app.cookieOf(it.acme.admin.userId) }
  const demoted = await app.call('GET', `${it.acme.path}/members/${it.demoted.accountId}`, { as: admin })
  expect(demoted.body.role).toBe('member')
  const link = `/api/v1/invitations/${it.invitation.acceptUrl.split('/').at(-1)}`
  expect((await app.call('GET', link)).status).toBe(404)
  const renewed = await app.call('POST', `${it.acme.path}/tokens/${it.tokens.refreshed.id}/refresh`, {
    as: admin,
    body: { expiresAt: null },
  })
  expect(await decisionsOf(app, { renewed: renewed.body.secret })).toEqual({ renewed: 'good' })
  expect((await run('recovery-apply', { file: lost.file })).text).not.toMatch(/^done/m)
  expect(await decisionsOf(app, { renewed: renewed.body.secret })).toEqual({ renewed: 'good' })
  expect(await run('audit-verify')).toMatchObject({ exitCode: 0 })
  const told = await app.call('GET', `${it.acme.path}/audit-events?action=settings.updated`, { as: admin })
  expect(
    told.body.items.map((event: { actor: object; before: { creation: string } }) => [
      event.actor,
      event.before.creation,
    ]),
  ).toEqual([
    [{ kind: 'operator', id: null, name: 'Operator' }, 'none'],
    [{ kind: 'operator', id: null, name: 'Operator' }, 'all'],
  ])
}

describe.each(['embedded', 'postgres'] as const)('the restore exercise [%s]', (kind) => {
  test('what was revoked after the backup stays refused, and what was not opens again', async () => {
    const source = await open(kind)
    const filled = await fill(source.app)
    const file = newFile()
    expect((await runCommand(source.app, source.database, 'export', { file })).exitCode).toBe(0)
    const lost = await goOn(source.app, filled)
    const restored = await open(kind)
    expect((await runCommand(restored.app, restored.database, 'import', { file })).exitCode).toBe(0)
    await restored.app.lease.renew()
    await recover(restored, filled, lost)
  })
})

test('the same from a copy of the stopped folder', async () => {
  const folder = newDataFolder()
  const first = await openFolder(folder)
  const before = await harness(first)
  const filled = await fill(before)
  await before.close()
  const copy = newDataFolder()
  cpSync(folder, copy, { recursive: true })
  const again = await harness(await openFolder(folder), { clock: before.clock })
  const lost = await goOn(again, filled)
  await again.close()
  const database = await openFolder(copy)
  const app = await harness(database)
  opened.push(app.close)
  // Without a recovery all of them would open again: that is what it is for.
  expect(await decisionsOf(app, filled.secrets)).toMatchObject({ kept: 'good', revoked: 'good', members: 'good' })
  await recover({ app, database }, filled, lost)
})

test('1: an edited export of an audit log does nothing; what is of elsewhere, or for people to do, is told', async () => {
  const { app, database } = await open('postgres')
  const acme = await app.newOrganization()
  const { id } = await acme.newToken()
  const exported = async () =>
    (await app.call('GET', `${acme.path}/audit-events/export?format=ndjson`, { as: acme.admin })).body as string
  const apply = (text: string) => {
    const file = newFile()
    writeFileSync(file, text)
    return runCommand(app, database, 'recovery-apply', { file })
  }
  const text = await exported()
  const good = JSON.parse(text.split('\n')[0] ?? '')
  const { previousHash, hash: _, ...record } = good
  /** Not written by this instance: a line whose hash is right, and which no log here has. */
  const line = (more: object) => {
    const event = { ...record, id: `evt_${Math.random()}`, sequence: 1000, ...more }
    return `${JSON.stringify({ ...event, previousHash, hash: chainHash(previousHash, event) })}\n`
  }
  expect(await apply(text)).toEqual({ exitCode: 0, text: expect.stringContaining('nothing came after the backup') })
  for (const edited of [text.replace('"token.created"', '"token.revoked"'), text.slice(0, -10), `{}\n${text}`]) {
    const { exitCode, text: said } = await apply(edited)
    expect({ exitCode, said }).toEqual({ exitCode: 1, said: expect.stringContaining('Nothing was done: ') })
  }
  const target = { kind: 'member', id: acme.admin.accountId, name: 'Ada' }
  const elsewhere = app.deps.newId('org')
  const told = await apply(
    line({ action: 'password.changed', target }) +
      line({ organizationId: elsewhere }) +
      line({ action: 'token.created' }),
  )
  expect(told.exitCode).toBe(0)
  expect(told.text).toMatch(/^by hand +\S+ +password\.changed {2}\S+ {2}Ada$/m)
  expect(told.text).toContain(`${elsewhere} is not here`)
  expect(told.text).toContain('Other events after the backup: 1.')
  expect((await apply(line({ action: 'token.revoked' }))).text).toMatch(/^done .*token\.revoked/)
  expect((await app.call('GET', `${acme.path}/tokens/${id}`, { as: acme.admin })).status).toBe(404)
  expect(await exported()).toContain('"actor":{"kind":"operator","id":null,"name":"Operator"}')
})
