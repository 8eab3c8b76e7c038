import { beforeAll, expect, test } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type Harness, harness, password } from '../../../test/harness.ts'
import { createOperatorAuthority } from '../../db/authority.ts'
import { foundFromConfiguration, issueSetupLink } from './actions.ts'

const dayMs = 24 * 60 * 60 * 1000
const wanted = { email: ' Ada@Example.com', name: 'Ada', password, organization: 'Acme' }

const issue = async (app: Harness) => {
  const link = await issueSetupLink(app.deps)
  expect(link).toMatch(/^http:\/\/localhost:3000\/setup\/[\w-]{43}$/)
  return `/api/v1${new URL(link ?? '').pathname}`
}

// A first start happens once per database, hence one for each of these.

describeOnBoth('first start by the link', (open) => {
  let app: Harness
  beforeAll(async () => {
    app = await harness(await open())
  })

  test('201: founds the organization, signs its admin in, and works once; 422 before, 404 after', async () => {
    const path = await issue(app)
    const seen = await app.call('GET', path)
    expect(seen.body).toEqual({ expiresAt: new Date(app.clock.now.getTime() + dayMs).toISOString() })
    for (const [body, fault] of [
      [{ ...wanted, email: 'ada' }, 'email'],
      [{ ...wanted, name: '' }, 'name'],
      [{ ...wanted, password: 'passwordpassword' }, 'password'],
      [{ ...wanted, password: 'x' }, 'password'],
      [{ ...wanted, organization: ' ' }, 'organization'],
      [{ ...wanted, role: 'admin' }, 'role'],
    ] as const) {
      const refused = await app.call('POST', path, { body })
      expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: fault }] } })
    }

    const done = await app.call('POST', path, { body: wanted })
    expect(done).toMatchObject({ status: 201, body: { name: 'Acme', slug: 'acme' } })
    expect(done.body.roles).toHaveLength(2)
    const cookie = done.headers
      .getSetCookie()
      .map((it) => it.split(';')[0])
      .join('; ')
    const me = await app.call('GET', '/api/v1/me', { as: { cookie } })
    expect(me.body).toMatchObject({
      user: { email: 'ada@example.com', name: 'Ada' },
      organizations: [{ id: done.body.id, role: 'admin' }],
    })
    const events = await app.call('GET', `/api/v1/organizations/${done.body.id}/audit-events`, { as: { cookie } })
    expect(events.body.items.reverse()).toMatchObject([
      { action: 'organization.created', actor: { kind: 'operator', id: null, name: 'Set-up link' } },
      { action: 'member.joined', target: { id: me.body.organizations[0].accountId, name: 'Ada' } },
    ])

    expect((await app.call('POST', path, { body: { ...wanted, email: 'eve@example.com' } })).status).toBe(404)
    expect((await app.call('GET', path)).status).toBe(404)
    expect(await issueSetupLink(app.deps)).toBeUndefined()
  })
})

describeOnBoth('first start by several', (open) => {
  let app: Harness
  beforeAll(async () => {
    app = await harness(await open())
  })

  test('201 once: of several links at the same moment, and of a configured start beside them; expired ones never', async () => {
    const early = await issue(app)
    const unknown = await app.call('GET', `/api/v1/setup/${'A'.repeat(43)}`)
    app.clock.now = new Date(app.clock.now.getTime() + dayMs)
    const expired = await app.call('POST', early, { body: wanted })
    for (const it of [unknown, expired]) expect(it).toMatchObject({ status: 404, body: { detail: 'Not found' } })

    const links = [await issue(app), await issue(app), await issue(app)]
    const byLink = links.map(async (link, i) => {
      const { status } = await app.call('POST', link, { body: { ...wanted, email: `p${i}@example.com` } })
      return status
    })
    const byConfiguration = foundFromConfiguration(
      app.deps,
      { ...wanted, email: 'c@example.com' },
      createOperatorAuthority(),
    )
    const statuses = [...(await Promise.all(byLink)), (await byConfiguration).ok ? 201 : 404]
    expect(statuses.sort()).toEqual([201, 404, 404, 404])
    expect(await app.deps.lookups.organizationCount()).toBe(1)
    for (const link of links) expect((await app.call('GET', link)).status).toBe(404)
  })
})
