import { beforeAll, expect, test } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'

describeOnBoth('GET /me', (open) => {
  let app: Harness
  beforeAll(async () => {
    app = await harness(await open())
  })
  const me = (as?: Parameters<Harness['call']>[2]) => app.call('GET', '/api/v1/me', as)

  test('401: nobody asks, and the challenge has no error code', async () => {
    const answer = await me()
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer resource_metadata="/)
  })

  test('200: a person with every organization that they joined (O4)', async () => {
    const acme = await app.newOrganization('Acme')
    const globex = await app.newOrganization('Globex')
    const invited = await app.call('POST', `${globex.path}/invitations`, {
      as: globex.admin,
      body: { emails: [acme.admin.email], role: 'member' },
    })
    const secret = invited.body.invitations[0].acceptUrl.split('/').at(-1)
    expect((await me({ as: acme.admin })).body.organizations).toHaveLength(1)
    await app.call('POST', `/api/v1/invitations/${secret}/accept`, { as: acme.admin, body: {} })

    const answer = await me({ as: acme.admin })
    expect(answer.status).toBe(200)
    const { userId: id, email } = acme.admin
    expect(answer.body.user).toEqual({ id, name: 'Ada Admin', email, emailProven: false })
    expect(answer.body.account).toBeUndefined()
    expect(answer.body.organizations).toMatchObject([
      { id: acme.id, name: 'Acme', accountId: acme.admin.accountId, role: 'admin' },
      { id: globex.id, name: 'Globex', accountId: invited.body.invitations[0].accountId, role: 'member' },
    ])
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('200: a token speaks for its own account and organization alone', async () => {
    const acme = await app.newOrganization('Acme')
    const { secret: token } = await acme.newToken()
    const person = await me({ as: { token } })
    expect(person.body).toEqual({
      account: { id: acme.admin.accountId, kind: 'member', name: 'Ada Admin', role: 'admin' },
      organizations: [
        { id: acme.id, name: 'Acme', slug: expect.any(String), accountId: acme.admin.accountId, role: 'admin' },
      ],
    })
    const accountId = await acme.newServiceAccount('member', 'Deployer')
    const { secret } = await acme.newToken(acme.admin, { accountId })
    expect((await me({ as: { token: secret } })).body.account).toEqual({
      id: accountId,
      kind: 'service_account',
      name: 'Deployer',
      role: 'member',
    })
  })
})
