import { beforeAll, expect, test } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'

describeOnBoth('the organization', (open) => {
  let app: Harness
  beforeAll(async () => {
    app = await harness(await open())
  })

  test('200: what the console knows before anybody signs in', async () => {
    const before = await app.call('GET', '/api/v1/instance')
    expect(before.body).toEqual({ productName: 'AI Hub', mailConfigured: false, setUpNeeded: true })
    await app.newOrganization()
    expect((await app.call('GET', '/api/v1/instance')).body.setUpNeeded).toBe(false)
  })

  test('200: its roles’ ids for admins, none for others', async () => {
    const acme = await app.newOrganization('Acme')
    const mia = await acme.newMember()
    const seen = await app.call('GET', acme.path, { as: acme.admin })
    expect(seen.status).toBe(200)
    expect(seen.body).toMatchObject({ id: acme.id, name: 'Acme', createdAt: app.clock.now.toISOString() })
    expect(seen.body.roles.map((it: { name: string }) => it.name)).toEqual(['admin', 'member'])
    expect(seen.body.roles[0].id).not.toBe(seen.body.roles[1].id)
    expect((await app.call('GET', acme.path, { as: mia })).body).toEqual({ ...seen.body, roles: [] })
  })

  test('200: organizations of one name get slugs of their own', async () => {
    const names = ['Dôme & Co', 'dome co', 'DOME-CO']
    const slugs = []
    for (const name of names) {
      const it = await app.newOrganization(name)
      slugs.push((await app.call('GET', it.path, { as: it.admin })).body.slug)
    }
    expect(slugs).toEqual(['dome-co', 'dome-co-2', 'dome-co-3'])
  })

  test('200: organizations that are founded at once share no slug', async () => {
    const made = await Promise.all(Array.from({ length: 4 }, () => app.newOrganization('Rush')))
    const found = await Promise.all(made.map((it) => app.call('GET', it.path, { as: it.admin })))
    expect(new Set(found.map((it) => it.body.slug)).size).toBe(4)
  })

  test('200: renamed; the slug stays, and the audit log says who', async () => {
    const acme = await app.newOrganization('Acme')
    const { slug } = (await app.call('GET', acme.path, { as: acme.admin })).body
    const renamed = await app.call('PATCH', acme.path, { as: acme.admin, body: { name: '  Ácme 🏰 ' } })
    expect(renamed.body).toMatchObject({ name: 'Ácme 🏰', slug })
    const [event] = await acme.events()
    expect(event).toMatchObject({
      action: 'organization.renamed',
      actor: { kind: 'member', id: acme.admin.accountId, name: 'Ada Admin' },
      target: { kind: 'organization', id: acme.id, name: 'Ácme 🏰' },
      before: { name: 'Acme' },
      after: { name: 'Ácme 🏰' },
    })
    const again = await app.call('PATCH', acme.path, { as: acme.admin, body: { name: 'Ácme 🏰' } })
    expect(again.status).toBe(200)
    expect((await acme.events())[0]).toEqual(event)
  })

  test('403: a member renames nothing', async () => {
    const acme = await app.newOrganization()
    const mia = await acme.newMember()
    const refused = await app.call('PATCH', acme.path, { as: mia, body: { name: 'Mine' } })
    expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    expect((await app.call('GET', acme.path, { as: acme.admin })).body.name).toBe('Acme')
  })

  test('404: a foreign organization and an absent one are alike', async () => {
    const acme = await app.newOrganization()
    const globex = await app.newOrganization()
    const absent = `/api/v1/organizations/${acme.id.slice(0, -3)}zzz`
    const answers = await Promise.all([globex.path, absent].map((it) => app.call('GET', it, { as: acme.admin })))
    for (const it of answers) expect(it).toMatchObject({ status: 404, body: { code: 'not_found' } })
    const [a, b] = answers.map((it) => ({ ...it.body, requestId: '' }))
    expect(a).toEqual(b)
  })

  test.each([
    ['an empty name', { name: ' ' }, 'name'],
    ['a name that is too long', { name: 'x'.repeat(101) }, 'name'],
    ['a control character', { name: 'a\u0000b' }, 'name'],
    ['half a character', { name: 'a\ud800' }, 'name'],
    ['no name', {}, 'name'],
    ['an unknown field', { name: 'a', slug: 'b' }, 'slug'],
  ])('422: %s', async (_, body, path) => {
    const acme = await app.newOrganization()
    const refused = await app.call('PATCH', acme.path, { as: acme.admin, body })
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_request', errors: [{ path }] } })
  })
})
