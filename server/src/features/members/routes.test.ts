import { beforeAll, describe, expect, test } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'

describeOnBoth('members', (open) => {
  let app: Harness
  beforeAll(async () => {
    app = await harness(await open())
  })

  const invite = async (org: Awaited<ReturnType<Harness['newOrganization']>>, emails: string[], role = 'member') =>
    (await app.call('POST', `${org.path}/invitations`, { as: org.admin, body: { emails, role } })).body.invitations

  describe('reading', () => {
    test('200: admins see every email, members the admins’ and their own, and no invited name (O7)', async () => {
      const acme = await app.newOrganization()
      const group = await acme.newGroup()
      const mia = await acme.newMember('member', [group])
      const max = await acme.newMember()
      const [invited] = await invite(acme, ['new@example.com'], 'admin')

      const { body } = await app.call('GET', `${acme.path}/members`, { as: acme.admin })
      expect(body.nextCursor).toBeNull()
      expect(body.items.map((it: { email: string }) => it.email)).toEqual([
        acme.admin.email,
        mia.email,
        max.email,
        'new@example.com',
      ])
      expect(body.items[1]).toEqual({
        id: mia.accountId,
        name: 'Mia Member',
        email: mia.email,
        emailProven: false,
        role: 'member',
        status: 'joined',
        groups: [{ id: group, name: expect.any(String), role: 'member' }],
        joinedAt: app.clock.now.toISOString(),
      })
      expect(body.items[3]).toEqual({
        id: invited.accountId,
        name: 'new@example.com',
        email: 'new@example.com',
        role: 'admin',
        status: 'invited',
        groups: [],
        joinedAt: null,
        invitation: { id: invited.id, expiresAt: invited.expiresAt, expired: false },
      })

      const { items } = (await app.call('GET', `${acme.path}/members`, { as: mia })).body
      expect(items.map((it: { email?: string }) => it.email)).toEqual([
        acme.admin.email,
        mia.email,
        undefined,
        undefined,
      ])
      expect(items[3].name).toBe('Invited member')
      expect(JSON.stringify(items)).not.toContain('new@example.com')
      expect(items[3]).not.toHaveProperty('invitation')
      expect((await app.call('GET', `${acme.path}/members/${max.accountId}`, { as: mia })).body.email).toBeUndefined()
    })

    test('200: pages follow one another and hold everybody once', async () => {
      const acme = await app.newOrganization()
      await invite(
        acme,
        Array.from({ length: 6 }, (_, i) => `p${i}@example.com`),
      )
      const seen: string[] = []
      let cursor = ''
      do {
        const page = await app.call('GET', `${acme.path}/members?limit=3${cursor && `&cursor=${cursor}`}`, {
          as: acme.admin,
        })
        seen.push(...page.body.items.map((it: { id: string }) => it.id))
        cursor = page.body.nextCursor ?? ''
      } while (cursor)
      expect(seen).toHaveLength(7)
      expect(seen).toEqual([...new Set(seen)].sort())
    })

    test('200: filtered by status and role, searched without case in names and in the emails that one sees', async () => {
      const acme = await app.newOrganization()
      const mia = await acme.newMember()
      await invite(acme, ["Boss_1'00@Example.com"], 'admin')
      await invite(acme, ['bossx1.00y@example.com'])
      const list = async (query: string, as: { cookie: string } = acme.admin) => {
        const { body } = await app.call('GET', `${acme.path}/members?${query}`, { as })
        return body.items.map((it: { email?: string; name: string }) => it.email ?? it.name)
      }
      expect(await list('status=joined')).toEqual([acme.admin.email, mia.email])
      expect(await list('status=invited&role=admin')).toEqual(["boss_1'00@example.com"])
      expect(await list('search=MIA%20mem')).toEqual([mia.email])
      expect(await list('search=BOSS')).toEqual(["boss_1'00@example.com", 'bossx1.00y@example.com'])
      expect(await list('search=_1%2700')).toEqual(["boss_1'00@example.com"])
      expect(await list('search=boss', mia)).toEqual([])
      expect(await list(`search=${acme.admin.email}`, mia)).toEqual([acme.admin.email])
      expect(await list(`search=${mia.email}`, mia)).toEqual([mia.email])
    })

    test.each([
      ['limit=0', 'limit'],
      ['limit=201', 'limit'],
      ['cursor=%F0%9F%98%80', 'cursor'],
      ['status=gone', 'status'],
      ['search=a&search=b', 'search'],
      ['sort=name', 'sort'],
    ])('422: ?%s', async (query, path) => {
      const acme = await app.newOrganization()
      const refused = await app.call('GET', `${acme.path}/members?${query}`, { as: acme.admin })
      expect(refused).toMatchObject({ status: 422, body: { errors: [{ path }] } })
    })

    test('404: a foreign member, an absent one and a service account are alike', async () => {
      const acme = await app.newOrganization()
      const globex = await app.newOrganization()
      const ids = [
        globex.admin.accountId,
        `${globex.admin.accountId.slice(0, -1)}0`,
        await acme.newServiceAccount(),
        'x',
      ]
      for (const method of ['GET', 'DELETE', 'PATCH']) {
        const body = method === 'PATCH' ? { role: 'member' } : undefined
        const answers = await Promise.all(
          ids.map((id) => app.call(method, `${acme.path}/members/${id}`, { as: acme.admin, body })),
        )
        for (const it of answers) expect({ ...it.body, requestId: '' }).toEqual({ ...answers[0]?.body, requestId: '' })
        expect(answers[0]?.status).toBe(404)
      }
    })
  })

  describe('roles', () => {
    test('200: effective on the next request, for sessions and tokens alike (O9)', async () => {
      const acme = await app.newOrganization()
      const mia = await acme.newMember()
      const token = await acme.newToken(mia)
      const rename = (as: { cookie: string } | { token: string }) =>
        app.call('PATCH', acme.path, { as, body: { name: 'Renamed' } })
      const give = (role: string) =>
        app.call('PATCH', `${acme.path}/members/${mia.accountId}`, { as: acme.admin, body: { role } })
      expect([(await rename(mia)).status, (await rename({ token: token.secret })).status]).toEqual([403, 403])
      expect((await give('admin')).body).toMatchObject({ id: mia.accountId, role: 'admin' })
      expect([(await rename(mia)).status, (await rename({ token: token.secret })).status]).toEqual([200, 200])
      await give('member')
      expect([(await rename(mia)).status, (await rename({ token: token.secret })).status]).toEqual([403, 403])
      expect((await acme.events('?action=member.role_changed'))[0]).toMatchObject({
        target: { kind: 'member', id: mia.accountId, name: 'Mia Member' },
        before: { role: 'admin' },
        after: { role: 'member' },
      })
    })

    test('200: the role that one has already changes nothing and tells nothing', async () => {
      const acme = await app.newOrganization()
      const path = `${acme.path}/members/${acme.admin.accountId}`
      const before = await acme.events()
      expect((await app.call('PATCH', path, { as: acme.admin, body: { role: 'admin' } })).status).toBe(200)
      expect(await acme.events()).toEqual(before)
    })

    test('409: the last admin who joined is neither demoted nor removed (O2)', async () => {
      const acme = await app.newOrganization()
      await acme.newServiceAccount('admin')
      await invite(acme, ['boss@example.com'], 'admin')
      const path = `${acme.path}/members/${acme.admin.accountId}`
      for (const [method, body] of [['PATCH', { role: 'member' }], ['DELETE']] as const) {
        const refused = await app.call(method, path, { as: acme.admin, body })
        expect(refused).toMatchObject({ status: 409, body: { code: 'last_admin' } })
      }
      expect((await app.call('GET', path, { as: acme.admin })).body).toMatchObject({ role: 'admin', status: 'joined' })
    })

    test('409: not by two requests at once either (O2)', async () => {
      const acme = await app.newOrganization()
      const bob = await acme.newMember('admin')
      const demote = (id: string) =>
        app.call('PATCH', `${acme.path}/members/${id}`, { as: acme.admin, body: { role: 'member' } })
      const remove = (id: string) => app.call('DELETE', `${acme.path}/members/${id}`, { as: bob })
      const answers = await Promise.all([
        demote(bob.accountId),
        demote(acme.admin.accountId),
        remove(acme.admin.accountId),
        remove(bob.accountId),
      ])
      // One of the two stays an admin, whoever was quicker.
      expect(answers.filter((it) => it.body.code === 'last_admin').length).toBeGreaterThan(0)
      const rows = await app.deps.read(acme.id, (db) =>
        db
          .selectFrom('accounts')
          .select('id')
          .where('role', '=', 'admin')
          .where('status', '=', 'joined')
          .where('removed_at', 'is', null)
          .execute(),
      )
      expect(rows).toHaveLength(1)
    })
  })

  describe('removal', () => {
    test('204: ends all access at once, revokes for good, leaves the past readable (O5)', async () => {
      const acme = await app.newOrganization()
      const group = await acme.newGroup()
      const mia = await acme.newMember('member', [group])
      const tokens = [await acme.newToken(mia), await acme.newToken(mia)]
      const path = `${acme.path}/members/${mia.accountId}`
      expect((await app.call('DELETE', path, { as: acme.admin })).status).toBe(204)

      for (const { secret } of tokens) {
        expect(await app.gate.decide(secret)).toMatchObject({ active: false, reason: 'owner_removed' })
        expect((await app.call('GET', '/api/v1/me', { as: { token: secret } })).status).toBe(401)
      }
      expect((await app.call('GET', acme.path, { as: mia })).status).toBe(404)
      expect((await app.call('GET', '/api/v1/me', { as: mia })).body.organizations).toEqual([])
      expect((await app.call('GET', path, { as: acme.admin })).status).toBe(404)
      expect((await app.call('GET', `${acme.path}/groups/${group}`, { as: acme.admin })).body.memberCount).toBe(0)
      expect((await app.call('GET', `${acme.path}/tokens`, { as: acme.admin })).body.items).toEqual([])
      const [removed] = await acme.events()
      expect(removed).toMatchObject({
        action: 'member.removed',
        target: { id: mia.accountId, name: 'Mia Member' },
        before: { email: mia.email, role: 'member', tokens: tokens.map((it) => it.id).sort(), groups: [group] },
        after: null,
      })
      const past = await acme.events(`?actorId=${mia.accountId}`)
      expect(past.map((it) => it.action)).toEqual(['token.created', 'token.created', 'member.joined'])
    })

    test('204: inviting again makes a new account that inherits nothing (O5)', async () => {
      const acme = await app.newOrganization()
      const group = await acme.newGroup()
      const mia = await acme.newMember('admin', [group])
      const token = await acme.newToken(mia)
      await app.call('DELETE', `${acme.path}/members/${mia.accountId}`, { as: acme.admin })
      const [again] = await invite(acme, [mia.email])
      const secret = again.acceptUrl.split('/').at(-1)
      expect((await app.call('POST', `/api/v1/invitations/${secret}/accept`, { as: mia, body: {} })).status).toBe(200)
      const { body } = await app.call('GET', `${acme.path}/members/${again.accountId}`, { as: mia })
      expect(body).toMatchObject({ role: 'member', groups: [] })
      expect(again.accountId).not.toBe(mia.accountId)
      expect(await app.gate.decide(token.secret)).toMatchObject({ active: false, reason: 'owner_removed' })
      expect((await app.call('GET', `${acme.path}/tokens`, { as: mia })).body.items).toEqual([])
    })

    test('204: an invited member goes with the invitation', async () => {
      const acme = await app.newOrganization()
      const [invited] = await invite(acme, ['new@example.com'])
      const path = `${acme.path}/members/${invited.accountId}`
      expect((await app.call('DELETE', path, { as: acme.admin })).status).toBe(204)
      const secret = invited.acceptUrl.split('/').at(-1)
      expect((await app.call('GET', `/api/v1/invitations/${secret}`)).status).toBe(404)
      expect((await acme.events())[0]).toMatchObject({ before: { status: 'invited', invitation: invited.id } })
      expect((await app.call('DELETE', path, { as: acme.admin })).status).toBe(404)
    })

    test('403: members remove and promote nobody, themselves included', async () => {
      const acme = await app.newOrganization()
      const mia = await acme.newMember()
      const path = `${acme.path}/members/${mia.accountId}`
      expect((await app.call('DELETE', path, { as: mia })).status).toBe(403)
      expect((await app.call('PATCH', path, { as: mia, body: { role: 'admin' } })).status).toBe(403)
    })
  })
})
