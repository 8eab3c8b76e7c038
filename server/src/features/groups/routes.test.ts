import { beforeAll, describe, expect, test } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'

describeOnBoth('groups', (open) => {
  let app: Harness
  beforeAll(async () => {
    app = await harness(await open())
  })

  test('201: created, read by everybody, changed by admins, each with its event (O6)', async () => {
    const acme = await app.newOrganization()
    const mia = await acme.newMember()
    const path = `${acme.path}/groups`
    const made = await app.call('POST', path, { as: acme.admin, body: { name: ' Platform ', description: 'a\nb' } })
    expect(made.status).toBe(201)
    const { id } = made.body
    expect(made.body).toEqual({
      id: expect.stringMatching(/^grp_/),
      name: 'Platform',
      description: 'a\nb',
      memberCount: 0,
    })
    expect((await app.call('GET', `${path}/${id}`, { as: mia })).body).toEqual(made.body)
    const changed = await app.call('PATCH', `${path}/${id}`, { as: acme.admin, body: { name: 'platform' } })
    expect(changed.body).toEqual({ ...made.body, name: 'platform' })
    expect((await app.call('PATCH', `${path}/${id}`, { as: acme.admin, body: {} })).status).toBe(200)
    expect((await app.call('DELETE', `${path}/${id}`, { as: acme.admin })).status).toBe(204)
    expect((await app.call('GET', `${path}/${id}`, { as: mia })).status).toBe(404)
    expect((await acme.events(`?targetId=${id}`)).reverse()).toMatchObject([
      { action: 'group.created', target: { kind: 'group', name: 'Platform' }, after: { name: 'Platform' } },
      { action: 'group.updated', before: { name: 'Platform' }, after: { name: 'platform' } },
      { action: 'group.deleted', target: { name: 'platform' }, before: { description: 'a\nb', members: [] } },
    ])
  })

  test('200: listed page by page and searched, with their counts of members and service accounts', async () => {
    const acme = await app.newOrganization()
    const bot = await acme.newServiceAccount()
    await acme.newGroup([acme.admin.accountId, bot], 'Öps')
    await acme.newGroup([bot], 'Finance')
    await acme.newGroup([], 'öps too')
    const list = async (query: string) =>
      (await app.call('GET', `${acme.path}/groups?${query}`, { as: acme.admin })).body
    const brief = ({ items }: { items: { name: string; memberCount: number }[] }) =>
      items.map((it) => [it.name, it.memberCount])
    const first = await list('limit=2')
    expect(brief(first)).toEqual([
      ['Öps', 2],
      ['Finance', 1],
    ])
    expect(brief(await list(`limit=2&cursor=${first.nextCursor}`))).toEqual([['öps too', 0]])
    expect(brief(await list(`search=${encodeURIComponent('öPS')}`))).toEqual([
      ['Öps', 2],
      ['öps too', 0],
    ])
  })

  test('409: a name that another group has, whatever the case', async () => {
    const acme = await app.newOrganization()
    await acme.newGroup([], 'Straße')
    const other = await acme.newGroup([], 'Other')
    const create = await app.call('POST', `${acme.path}/groups`, { as: acme.admin, body: { name: 'STRASSE' } })
    const rename = await app.call('PATCH', `${acme.path}/groups/${other}`, { as: acme.admin, body: { name: 'straße' } })
    for (const it of [create, rename]) expect(it).toMatchObject({ status: 409, body: { code: 'name_taken' } })
    const at = () => app.call('POST', `${acme.path}/groups`, { as: acme.admin, body: { name: 'At once' } })
    expect((await Promise.all([at(), at(), at()])).map((it) => it.status).sort()).toEqual([201, 409, 409])
    const globex = await app.newOrganization()
    expect(
      (await app.call('POST', `${globex.path}/groups`, { as: globex.admin, body: { name: 'Other' } })).status,
    ).toBe(201)
  })

  test('201: the longest name is a name, however it normalizes', async () => {
    const acme = await app.newOrganization()
    const name = '\ufdfa'.repeat(100)
    expect((await app.call('POST', `${acme.path}/groups`, { as: acme.admin, body: { name } })).body.name).toBe(name)
  })

  test('200: a renamed group is told by its new name on the next decision', async () => {
    const acme = await app.newOrganization()
    const group = await acme.newGroup([acme.admin.accountId], 'Before')
    const { secret } = await acme.newToken()
    const groupsOf = async () => {
      const decision = await app.gate.decide(secret)
      return decision.active ? decision.evidence.account.groups.map((it) => it.name) : []
    }
    // Up to date, so that what is read now is remembered, and only forgetting brings the new name.
    await app.lease.renew()
    expect(await groupsOf()).toEqual(['Before'])
    await app.call('PATCH', `${acme.path}/groups/${group}`, { as: acme.admin, body: { name: 'After' } })
    expect(await groupsOf()).toEqual(['After'])
    await app.call('DELETE', `${acme.path}/groups/${group}`, { as: acme.admin })
    expect(await groupsOf()).toEqual([])
  })

  describe('a group that is selected in the settings (P6)', () => {
    const settingsOf = async (org: Awaited<ReturnType<Harness['newOrganization']>>) =>
      (await app.call('GET', `${org.path}/settings`, { as: org.admin })).body

    test('409: is not deleted unconfirmed, in whatever mode', async () => {
      const acme = await app.newOrganization()
      const group = await acme.newGroup()
      for (const creation of ['groups', 'none', 'all'] as const) {
        await acme.setCreation({ creation, groupIds: [group] })
        for (const query of ['', '?confirm=false']) {
          const refused = await app.call('DELETE', `${acme.path}/groups/${group}${query}`, { as: acme.admin })
          expect(refused).toMatchObject({ status: 409, body: { code: 'group_in_use' } })
        }
      }
      expect((await settingsOf(acme)).apiTokens.groupIds).toEqual([group])
    })

    test('204: confirmed, it leaves the selection with a version and an event; emptied, nobody may create', async () => {
      const acme = await app.newOrganization()
      const kept = await acme.newGroup([acme.admin.accountId])
      const gone = await acme.newGroup([acme.admin.accountId])
      await acme.setCreation({ creation: 'groups', groupIds: [kept, gone] })
      const before = await settingsOf(acme)
      const remove = (id: string) => app.call('DELETE', `${acme.path}/groups/${id}?confirm=true`, { as: acme.admin })
      expect((await remove(gone)).status).toBe(204)
      expect(await settingsOf(acme)).toMatchObject({
        apiTokens: { creation: 'groups', groupIds: [kept] },
        version: before.version + 1,
        updatedBy: { id: acme.admin.accountId },
      })
      expect((await acme.events('?limit=2')).map((it) => it.action)).toEqual(['group.deleted', 'settings.updated'])
      await acme.newToken()
      expect((await remove(kept)).status).toBe(204)
      expect((await settingsOf(acme)).apiTokens).toEqual({
        creation: 'groups',
        groupIds: [],
        suspendOutsideGroups: false,
        beforeStop: null,
      })
      const refused = await app.call('POST', `${acme.path}/tokens`, { as: acme.admin, body: { name: 'ci' } })
      expect(refused).toMatchObject({ status: 403, body: { code: 'token_creation_restricted' } })
    })

    test('409: a token does not delete the group that keeps it alive; a session does (P12)', async () => {
      const acme = await app.newOrganization()
      const group = await acme.newGroup([acme.admin.accountId])
      const other = await acme.newGroup()
      const { secret: token } = await acme.newToken()
      await acme.setCreation({ creation: 'groups', groupIds: [group, other], suspendOutsideGroups: true })
      const remove = (id: string, as: Parameters<Harness['call']>[2]) =>
        app.call('DELETE', `${acme.path}/groups/${id}?confirm=true`, as)
      const before = await acme.events()
      expect(await remove(group, { as: { token } })).toMatchObject({ status: 409, body: { code: 'would_lock_out' } })
      expect(await acme.events()).toEqual(before)
      expect((await remove(other, { as: { token } })).status).toBe(204)
      expect((await remove(group, { as: acme.admin })).status).toBe(204)
      expect(await app.gate.decide(token)).toMatchObject({ active: false, reason: 'suspended' })
    })
  })

  test('403: members and managers create, rename and delete no group', async () => {
    const acme = await app.newOrganization()
    const mia = await acme.newMember()
    const group = await acme.newGroup()
    const role = { role: 'manager' }
    await app.call('PUT', `${acme.path}/groups/${group}/members/${mia.accountId}`, { as: acme.admin, body: role })
    const path = `${acme.path}/groups`
    expect((await app.call('POST', path, { as: mia, body: { name: 'Mine' } })).status).toBe(403)
    expect((await app.call('PATCH', `${path}/${group}`, { as: mia, body: { name: 'Mine' } })).status).toBe(403)
    expect((await app.call('DELETE', `${path}/${group}`, { as: mia })).status).toBe(403)
  })

  test('404: foreign, absent and malformed ids are alike', async () => {
    const acme = await app.newOrganization()
    const globex = await app.newOrganization()
    const foreign = await globex.newGroup()
    for (const id of [foreign, `${foreign.slice(0, -1)}0`, 'grp_1']) {
      for (const [method, body] of [['GET'], ['DELETE'], ['PATCH', { name: 'Mine' }]] as const) {
        const answer = await app.call(method, `${acme.path}/groups/${id}`, { as: acme.admin, body })
        expect(answer).toMatchObject({ status: 404, body: { code: 'not_found', detail: 'Not found' } })
      }
    }
    expect((await app.call('GET', `${globex.path}/groups/${foreign}`, { as: globex.admin })).status).toBe(200)
  })

  test.each([
    ['POST', '', { name: '' }, 'name'],
    ['POST', '', { name: 'x'.repeat(101) }, 'name'],
    ['POST', '', { name: 'a', description: 'x'.repeat(501) }, 'description'],
    ['POST', '', { name: 'a', description: 'a\u0000' }, 'description'],
    ['POST', '', { name: 'a', members: [] }, 'members'],
    ['DELETE', '/grp_01h455vb4pex5vsknk084sn02q?confirm=yes', undefined, 'confirm'],
  ])('422: %s %s %j', async (method, rest, body, path) => {
    const acme = await app.newOrganization()
    const refused = await app.call(method, `${acme.path}/groups${rest}`, { as: acme.admin, body })
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ path }] } })
  })
})
