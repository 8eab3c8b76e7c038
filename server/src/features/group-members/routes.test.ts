import { beforeAll, expect, test } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type As, type Harness, harness } from '../../../test/harness.ts'

type Organization = Awaited<ReturnType<Harness['newOrganization']>>

describeOnBoth('group members', (open) => {
  let app: Harness
  beforeAll(async () => {
    app = await harness(await open())
  })

  /** A hundred and one groups, the account in all but two of them; by the owner, since by requests it takes long. */
  const insertGroups = async (organization_id: string, account_id: string): Promise<string[]> => {
    const { owner } = await open()
    const groups = Array.from({ length: 101 }, () => app.deps.newId('grp'))
    const created_at = app.deps.now()
    await owner
      .insertInto('groups')
      .values(groups.map((id) => ({ id, organization_id, name: id, name_key: id, description: '', created_at })))
      .execute()
    await owner
      .insertInto('group_members')
      .values(
        groups.slice(0, 99).map((group_id) => ({ group_id, account_id, organization_id, role: 'member' as const })),
      )
      .execute()
    return groups
  }

  const put = (org: Organization, group: string, id: string, role: string, as: As = org.admin) =>
    app.call('PUT', `${org.path}/groups/${group}/members/${id}`, { as, body: { role } })
  const remove = (org: Organization, group: string, id: string, as: As = org.admin) =>
    app.call('DELETE', `${org.path}/groups/${group}/members/${id}`, { as })
  const list = async (org: Organization, group: string, query = '', as: As = org.admin) =>
    (await app.call('GET', `${org.path}/groups/${group}/members${query}`, { as })).body
  const ids = (page: { items: { account: { id: string } }[] }) => page.items.map((it) => it.account.id)

  test('200: added, given another role, taken out, each once in the audit log', async () => {
    const acme = await app.newOrganization()
    const mia = await acme.newMember()
    const group = await acme.newGroup([], 'Platform')
    const added = await put(acme, group, mia.accountId, 'member')
    const account = { id: mia.accountId, kind: 'member', name: 'Mia Member' }
    expect(added).toMatchObject({ status: 200, body: { account, role: 'member' } })
    expect((await put(acme, group, mia.accountId, 'member')).body).toEqual(added.body)
    expect((await put(acme, group, mia.accountId, 'manager')).body.role).toBe('manager')
    expect((await remove(acme, group, mia.accountId)).status).toBe(204)
    expect((await remove(acme, group, mia.accountId)).status).toBe(404)
    const target = { kind: 'group', id: group, name: 'Platform' }
    expect((await acme.events('?limit=3')).reverse()).toMatchObject([
      { action: 'group.member_added', target, before: null, after: { account, role: 'member' } },
      { action: 'group.member_changed', target, before: { role: 'member' }, after: { role: 'manager' } },
      { action: 'group.member_removed', target, before: { account, role: 'manager' }, after: null },
    ])
  })

  test('200: members, invited or joined, and service accounts; listed page by page and searched by name', async () => {
    const acme = await app.newOrganization()
    const mia = await acme.newMember()
    const bot = await acme.newServiceAccount('member', 'Deploy Böt')
    const invited = await app.call('POST', `${acme.path}/invitations`, {
      as: acme.admin,
      body: { emails: ['new@example.com'], role: 'member' },
    })
    const waiting = invited.body.invitations[0].accountId
    const group = await acme.newGroup([acme.admin.accountId, mia.accountId, bot, waiting])
    const first = await list(acme, group, '?limit=3')
    expect(first.items).toHaveLength(3)
    const all = [...ids(first), ...ids(await list(acme, group, `?limit=3&cursor=${first.nextCursor}`))]
    expect(all).toEqual([acme.admin.accountId, mia.accountId, bot, waiting].sort())
    expect(ids(await list(acme, group, `?search=${encodeURIComponent('BÖT')}`))).toEqual([bot])
    expect(ids(await list(acme, group, '?search=mia'))).toEqual([mia.accountId])
    const names = (page: { items: { account: { name: string } }[] }) => page.items.map((it) => it.account.name)
    expect(names(await list(acme, group))).toContain('new@example.com')
    expect(names(await list(acme, group, '', mia))).toContain('Invited member')
    expect(names(await list(acme, group, '', mia))).not.toContain('new@example.com')
  })

  test('200: a manager adds, removes and sets roles in that group, and in no other (O6)', async () => {
    const acme = await app.newOrganization()
    const mia = await acme.newMember()
    const max = await acme.newMember()
    const group = await acme.newGroup([mia.accountId])
    const other = await acme.newGroup([mia.accountId])
    expect((await put(acme, group, max.accountId, 'member', mia)).status).toBe(403)
    await put(acme, group, mia.accountId, 'manager')
    expect((await put(acme, group, max.accountId, 'manager', mia)).status).toBe(200)
    expect((await remove(acme, group, mia.accountId, max)).status).toBe(204)
    expect((await put(acme, group, mia.accountId, 'member', mia)).status).toBe(403)
    expect((await put(acme, other, max.accountId, 'member', mia)).status).toBe(403)
    expect((await remove(acme, other, mia.accountId, mia)).status).toBe(403)
  })

  test('200: a service account may manage a group with its token', async () => {
    const acme = await app.newOrganization()
    const bot = await acme.newServiceAccount()
    const group = await acme.newGroup([bot])
    const { secret: token } = await acme.newToken(acme.admin, { accountId: bot })
    expect((await put(acme, group, acme.admin.accountId, 'member', { token })).status).toBe(403)
    await put(acme, group, bot, 'manager')
    expect((await put(acme, group, acme.admin.accountId, 'member', { token })).status).toBe(200)
  })

  test('403 on the next request: leaving a selected group ends the ability to create (P4)', async () => {
    const acme = await app.newOrganization()
    const mia = await acme.newMember()
    const group = await acme.newGroup([mia.accountId])
    await acme.setCreation({ creation: 'groups', groupIds: [group], suspendOutsideGroups: true })
    const { secret } = await acme.newToken(mia)
    // Up to date, so that what is read now is remembered, and only forgetting makes the difference.
    await app.lease.renew()
    expect(await app.gate.decide(secret)).toMatchObject({ active: true })
    await remove(acme, group, mia.accountId)
    expect(await app.gate.decide(secret)).toMatchObject({ active: false, reason: 'suspended' })
    const refused = await app.call('POST', `${acme.path}/tokens`, { as: mia, body: { name: 'ci' } })
    expect(refused.body.code).toBe('token_creation_restricted')
    await put(acme, group, mia.accountId, 'member')
    expect(await app.gate.decide(secret)).toMatchObject({ active: true })
  })

  test('409: a token does not take its own account out of the group that keeps it alive (P12)', async () => {
    const acme = await app.newOrganization()
    const bot = await acme.newServiceAccount('admin')
    const group = await acme.newGroup([bot, acme.admin.accountId])
    const second = await acme.newGroup([bot])
    const { secret: token } = await acme.newToken(acme.admin, { accountId: bot })
    await acme.setCreation({ creation: 'groups', groupIds: [group, second], suspendOutsideGroups: true })
    expect((await remove(acme, second, bot, { token })).status).toBe(204)
    const before = await acme.events()
    const refused = await remove(acme, group, bot, { token })
    expect(refused).toMatchObject({ status: 409, body: { code: 'would_lock_out' } })
    expect(await acme.events()).toEqual(before)
    expect((await remove(acme, group, acme.admin.accountId, { token })).status).toBe(204)
    expect((await remove(acme, group, bot)).status).toBe(204)
  })

  test('422: an account is in at most a hundred groups (O6)', async () => {
    const acme = await app.newOrganization()
    const mia = await acme.newMember()
    const groups = await insertGroups(acme.id, mia.accountId)
    const first = groups[0] ?? ''
    const last = groups.slice(99)
    const answers = await Promise.all(last.map((group) => put(acme, group, mia.accountId, 'member')))
    expect(answers.map((it) => it.status).sort()).toEqual([200, 422])
    expect(answers.find((it) => it.status === 422)?.body.errors).toMatchObject([{ path: 'accountId' }])
    expect((await put(acme, first, mia.accountId, 'manager')).status).toBe(200)
    await remove(acme, first, mia.accountId)
    for (const group of last) expect((await put(acme, group, mia.accountId, 'member')).status).toBe(200)
  })

  test('404: a foreign group or account, an absent one, a removed one, and a list of a foreign group are alike', async () => {
    const acme = await app.newOrganization()
    const globex = await app.newOrganization()
    const gone = await acme.newServiceAccount()
    await app.call('DELETE', `${acme.path}/service-accounts/${gone}`, { as: acme.admin })
    const group = await acme.newGroup()
    const foreign = await globex.newGroup()
    const { accountId } = acme.admin
    const answers = [
      await put(acme, foreign, accountId, 'member'),
      await put(acme, `${group.slice(0, -1)}0`, accountId, 'member'),
      await put(acme, group, globex.admin.accountId, 'member'),
      await put(acme, group, gone, 'member'),
      await put(acme, group, 'mem_1', 'member'),
      await remove(acme, foreign, globex.admin.accountId),
      await app.call('GET', `${acme.path}/groups/${foreign}/members`, { as: acme.admin }),
    ]
    for (const it of answers) expect(it).toMatchObject({ status: 404, body: { detail: 'Not found' } })
    expect((await list(globex, foreign)).items).toEqual([])
  })

  test.each([{}, { role: 'owner' }, { role: 'member', since: 1 }])('422: %j', async (body) => {
    const acme = await app.newOrganization()
    const group = await acme.newGroup()
    const path = `${acme.path}/groups/${group}/members/${acme.admin.accountId}`
    expect((await app.call('PUT', path, { as: acme.admin, body })).status).toBe(422)
  })
})
