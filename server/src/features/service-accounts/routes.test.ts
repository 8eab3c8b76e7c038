import { beforeAll, expect, test } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'

describeOnBoth('service accounts', (open) => {
  let app: Harness
  beforeAll(async () => {
    app = await harness(await open())
  })

  test('201: created by an admin, with its maker and an event (O8)', async () => {
    const acme = await app.newOrganization()
    const path = `${acme.path}/service-accounts`
    const made = await app.call('POST', path, { as: acme.admin, body: { name: ' Deploy bot ', role: 'admin' } })
    expect(made.status).toBe(201)
    expect(made.body).toEqual({
      id: expect.stringMatching(/^svc_/),
      name: 'Deploy bot',
      role: 'admin',
      createdAt: app.clock.now.toISOString(),
      createdBy: { id: acme.admin.accountId, kind: 'member', name: 'Ada Admin' },
      groups: [],
    })
    expect((await app.call('GET', `${path}/${made.body.id}`, { as: acme.admin })).body).toEqual(made.body)
    expect((await acme.events())[0]).toMatchObject({
      action: 'service_account.created',
      target: { kind: 'service_account', id: made.body.id, name: 'Deploy bot' },
      after: { name: 'Deploy bot', role: 'admin' },
    })
  })

  test('201: a role that is left out means member; two may bear one name', async () => {
    const acme = await app.newOrganization()
    const create = () => app.call('POST', `${acme.path}/service-accounts`, { as: acme.admin, body: { name: 'CI' } })
    const made = [await create(), await create()]
    expect(made.map((it) => [it.status, it.body.role])).toEqual([
      [201, 'member'],
      [201, 'member'],
    ])
  })

  test('200: listed page by page and found by name, for members too', async () => {
    const acme = await app.newOrganization()
    const mia = await acme.newMember()
    for (const name of ['Böt one', 'bÖT two', 'c_i', 'cxi']) await acme.newServiceAccount('member', name)
    const list = async (query: string) =>
      (await app.call('GET', `${acme.path}/service-accounts?${query}`, { as: mia })).body
    const names = (page: { items: { name: string }[] }) => page.items.map((it) => it.name)
    const first = await list('limit=3')
    expect(names(first)).toEqual(['Böt one', 'bÖT two', 'c_i'])
    expect(names(await list(`limit=3&cursor=${first.nextCursor}`))).toEqual(['cxi'])
    expect(names(await list(`search=${encodeURIComponent('böt')}`))).toEqual(['Böt one', 'bÖT two'])
    expect(names(await list('search=c_i'))).toEqual(['c_i'])
  })

  test('200: renamed and given another role, effective on the next request (O9)', async () => {
    const acme = await app.newOrganization()
    const accountId = await acme.newServiceAccount('member', 'CI')
    const { secret: token } = await acme.newToken(acme.admin, { accountId })
    const path = `${acme.path}/service-accounts/${accountId}`
    const rename = () => app.call('PATCH', acme.path, { as: { token }, body: { name: 'By a bot' } })
    expect((await rename()).status).toBe(403)
    const changed = await app.call('PATCH', path, { as: acme.admin, body: { name: 'CD', role: 'admin' } })
    expect(changed.body).toMatchObject({ name: 'CD', role: 'admin' })
    expect((await acme.events())[0]).toMatchObject({
      action: 'service_account.updated',
      before: { name: 'CI', role: 'member' },
      after: { name: 'CD', role: 'admin' },
    })
    expect((await rename()).status).toBe(200)
    expect((await acme.events())[0]).toMatchObject({ actor: { kind: 'service_account', id: accountId, name: 'CD' } })

    const events = await acme.events()
    expect((await app.call('PATCH', path, { as: acme.admin, body: { name: 'CD' } })).status).toBe(200)
    expect((await app.call('PATCH', path, { as: acme.admin, body: {} })).status).toBe(200)
    expect(await acme.events()).toEqual(events)
  })

  test('204: deleted; its tokens are revoked for good and its access ends at once (O5)', async () => {
    const acme = await app.newOrganization()
    const accountId = await acme.newServiceAccount('member', 'CI')
    const group = await acme.newGroup([accountId])
    const token = await acme.newToken(acme.admin, { accountId })
    expect(await app.gate.decide(token.secret)).toMatchObject({ active: true })
    const path = `${acme.path}/service-accounts/${accountId}`
    expect((await app.call('DELETE', path, { as: acme.admin })).status).toBe(204)
    expect(await app.gate.decide(token.secret)).toMatchObject({ active: false, reason: 'owner_removed' })
    expect((await acme.events())[0]).toMatchObject({
      action: 'service_account.deleted',
      target: { id: accountId, name: 'CI' },
      before: { name: 'CI', role: 'member', tokens: [token.id], groups: [group] },
    })
    for (const method of ['GET', 'DELETE']) {
      expect((await app.call(method, path, { as: acme.admin })).status).toBe(404)
    }
  })

  test('403: members and their service accounts write nothing', async () => {
    const acme = await app.newOrganization()
    const mia = await acme.newMember()
    const id = await acme.newServiceAccount()
    const { secret: token } = await acme.newToken(acme.admin, { accountId: id })
    for (const as of [mia, { token }]) {
      const path = `${acme.path}/service-accounts`
      expect((await app.call('POST', path, { as, body: { name: 'Mine' } })).status).toBe(403)
      expect((await app.call('PATCH', `${path}/${id}`, { as, body: { role: 'admin' } })).status).toBe(403)
      expect((await app.call('DELETE', `${path}/${id}`, { as })).status).toBe(403)
    }
  })

  test('404: foreign, absent and malformed ids are alike', async () => {
    const acme = await app.newOrganization()
    const globex = await app.newOrganization()
    const foreign = await globex.newServiceAccount()
    for (const id of [foreign, `${foreign.slice(0, -1)}0`, 'svc_1', acme.admin.accountId]) {
      for (const [method, body] of [['GET'], ['DELETE'], ['PATCH', { name: 'Mine' }]] as const) {
        const answer = await app.call(method, `${acme.path}/service-accounts/${id}`, { as: acme.admin, body })
        expect(answer).toMatchObject({ status: 404, body: { code: 'not_found', detail: 'Not found' } })
      }
    }
    expect((await app.call('GET', `${globex.path}/service-accounts`, { as: globex.admin })).body.items).toHaveLength(1)
  })

  test.each([
    ['no name', {}, 'name'],
    ['another role', { name: 'CI', role: 'owner' }, 'role'],
    ['a number', { name: 7 }, 'name'],
    ['a line break', { name: 'a\nb' }, 'name'],
    ['an unknown field', { name: 'CI', kind: 'member' }, 'kind'],
  ])('422: %s', async (_, body, path) => {
    const acme = await app.newOrganization()
    const refused = await app.call('POST', `${acme.path}/service-accounts`, { as: acme.admin, body })
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ path }] } })
  })
})
