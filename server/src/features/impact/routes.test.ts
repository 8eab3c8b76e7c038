import { beforeAll, expect, test } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type As, type Harness, harness } from '../../../test/harness.ts'
import { identityProvider } from '../../../test/identity-provider.ts'

describeOnBoth('the impact of a removal (P9)', (open) => {
  let app: Harness
  beforeAll(async () => {
    app = await harness(await open(), { allowedJwksHosts: ['127.0.0.1'] })
  })

  /** Two members of one selected group, each with a token, while everybody else is suspended. */
  async function newLimitedOrganization() {
    const acme = await app.newOrganization()
    const [mia, max] = [await acme.newMember(), await acme.newMember()]
    const group = await acme.newGroup([mia.accountId, max.accountId], 'Builders')
    const token = await acme.newToken(mia, { name: 'deploy' })
    await acme.newToken(max, { name: 'report' })
    await acme.setCreation({ creation: 'groups', groupIds: [group], suspendOutsideGroups: true })
    const getImpact = (change: object, as: As = acme.admin) =>
      app.call('POST', `${acme.path}/impact`, { as, body: { change } })
    return { acme, mia, max, group, token, getImpact }
  }
  const noChange = { accounts: { losingCreation: 0 }, tokens: { suspended: 0, revoked: 0 }, externalSubjects: 0 }

  test('200: leaving the only selected group suspends the account, as its removal from it then does', async () => {
    const { acme, mia, group, token, getImpact } = await newLimitedOrganization()
    const impact = await getImpact({ kind: 'group_removal', groupId: group, accountId: mia.accountId })
    expect(impact).toMatchObject({
      status: 200,
      body: {
        accounts: { losingCreation: 1, gainingCreation: 0 },
        tokens: { suspended: 1, restored: 0, stillSuspended: 0, revoked: 0 },
        examples: [{ tokenId: token.id, name: 'deploy', account: { id: mia.accountId }, change: 'suspended' }],
        warnings: [],
      },
    })
    await app.call('DELETE', `${acme.path}/groups/${group}/members/${mia.accountId}`, { as: acme.admin })
    const { body } = await app.call('GET', `${acme.path}/tokens/${token.id}`, { as: acme.admin })
    expect(body.state).toBe('suspended')
  })

  test('200: deleting the only selected group suspends everybody in it; another group of theirs changes nothing', async () => {
    const { acme, mia, group, getImpact } = await newLimitedOrganization()
    expect((await getImpact({ kind: 'group_deletion', groupId: group })).body).toMatchObject({
      accounts: { losingCreation: 2 },
      tokens: { suspended: 2 },
    })
    const other = await acme.newGroup([mia.accountId])
    expect((await getImpact({ kind: 'group_deletion', groupId: other })).body).toMatchObject(noChange)
    const leaving = { kind: 'group_removal', groupId: other, accountId: mia.accountId }
    expect((await getImpact(leaving)).body).toMatchObject(noChange)
  })

  test('200: removing an account revokes its tokens and its mapped subjects', async () => {
    const { acme, mia, token, getImpact } = await newLimitedOrganization()
    const provider = await acme.newProvider(await identityProvider(() => app.clock.now))
    const mapping = { accountId: mia.accountId, providerId: provider, subject: 'mia' }
    await app.call('POST', `${acme.path}/account-mappings`, { as: acme.admin, body: mapping })
    const removal = { kind: 'account_removal', accountId: mia.accountId }
    const expected = {
      accounts: { losingCreation: 0 },
      tokens: { suspended: 0, revoked: 1, revokedUsedLast24h: 0 },
      externalSubjects: 1,
      examples: [{ tokenId: token.id, change: 'revoked' }],
    }
    expect((await getImpact(removal)).body).toMatchObject({ ...expected, warnings: [] })
    const disabling = { kind: 'provider_removal', providerId: provider }
    expect((await getImpact(disabling)).body).toMatchObject({ ...noChange, externalSubjects: 1, warnings: [] })
    await acme.setCreation({ creation: 'none' })
    const warnings = [{ code: 'no_external_access' }]
    expect((await getImpact(removal)).body).toMatchObject({ externalSubjects: 1, warnings })
    expect((await getImpact(disabling)).body).toMatchObject({ externalSubjects: 1, warnings })
    await app.call('PATCH', `${acme.path}/oauth-providers/${provider}`, { as: acme.admin, body: { enabled: false } })
    expect((await getImpact(disabling)).body).toMatchObject({ externalSubjects: 0, warnings: [] })
  })

  test('403 for members, and for the manager of another group; figures without names for a manager of the group', async () => {
    const { acme, mia, max, group, getImpact } = await newLimitedOrganization()
    const removal = { kind: 'group_removal', groupId: group, accountId: max.accountId }
    expect((await getImpact(removal, mia)).status).toBe(403)
    const other = await acme.newGroup()
    const manager = (groupId: string) =>
      app.call('PUT', `${acme.path}/groups/${groupId}/members/${mia.accountId}`, {
        as: acme.admin,
        body: { role: 'manager' },
      })
    await manager(other)
    expect((await getImpact(removal, mia)).status).toBe(403)
    await manager(group)
    expect(await getImpact(removal, mia)).toMatchObject({
      status: 200,
      body: { tokens: { suspended: 1 }, examples: [] },
    })
    for (const change of [
      { kind: 'group_deletion', groupId: group },
      { kind: 'account_removal', accountId: max.accountId },
    ])
      expect((await getImpact(change, mia)).status).toBe(403)
  })

  test('404 for what is not there or belongs to another organization, 422 for another change', async () => {
    const { mia, group, getImpact } = await newLimitedOrganization()
    const other = await newLimitedOrganization()
    for (const change of [
      { kind: 'group_deletion', groupId: other.group },
      { kind: 'group_removal', groupId: group, accountId: other.mia.accountId },
      { kind: 'account_removal', accountId: other.mia.accountId },
      { kind: 'provider_removal', providerId: 'idp_01jd7z0000e1a8m3r5t7v9x1z3' },
    ])
      expect((await getImpact(change)).status).toBe(404)
    expect((await getImpact({ kind: 'account_promotion', accountId: mia.accountId })).status).toBe(422)
  })
})
