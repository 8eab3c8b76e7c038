import { beforeAll, expect, test } from 'vitest'
import { describeOnBoth } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'

describeOnBoth('restoring after a stop (P13)', (open) => {
  let app: Harness
  beforeAll(async () => {
    app = await harness(await open())
  })

  /** An organization with a member inside and one outside a group, each with a token. */
  async function newOrganizationWithGroup() {
    const acme = await app.newOrganization()
    const inside = await acme.newMember()
    const group = await acme.newGroup([inside.accountId])
    await acme.newToken(inside)
    await acme.newToken(acme.admin)
    const settings = async () => (await app.call('GET', `${acme.path}/settings`, { as: acme.admin })).body
    const impact = async (apiTokens: object) =>
      (await app.call('POST', `${acme.path}/settings/impact`, { as: acme.admin, body: { apiTokens } })).body.tokens
    const save = async (body: object) =>
      app.call('PUT', `${acme.path}/settings`, {
        as: acme.admin,
        body,
        headers: { 'if-match': `"${(await settings()).version}"` },
      })
    return { acme, group, settings, impact, save }
  }

  test('200: the setting before the stop is offered, not an older one', async () => {
    const { acme, group, settings } = await newOrganizationWithGroup()
    await acme.setCreation({ creation: 'groups', groupIds: [group], suspendOutsideGroups: true })
    await acme.setCreation({ creation: 'all', groupIds: [group], suspendOutsideGroups: true })
    expect((await settings()).apiTokens.beforeStop).toBeNull()
    await acme.setCreation({ creation: 'none' })
    expect((await settings()).apiTokens).toEqual({
      creation: 'none',
      groupIds: [],
      suspendOutsideGroups: false,
      beforeStop: { creation: 'all', groupIds: [group], suspendOutsideGroups: true, version: 3 },
    })
    await acme.setCreation({ creation: 'none', groupIds: [group] })
    expect((await settings()).apiTokens.beforeStop).toMatchObject({ creation: 'all', version: 3 })
  })

  test('200: the impact of restoring counts what stays suspended', async () => {
    const { acme, group, impact } = await newOrganizationWithGroup()
    const limited = { creation: 'groups' as const, groupIds: [group], suspendOutsideGroups: true }
    await acme.setCreation(limited)
    await acme.setCreation({ creation: 'none' })
    expect(await impact(limited)).toMatchObject({ suspended: 0, restored: 1, stillSuspended: 1 })
    expect(await impact({ creation: 'all' })).toMatchObject({ restored: 2, stillSuspended: 0 })
  })

  test('200: a deleted group leaves what is restored; an emptied selection is restored by its version alone', async () => {
    const { acme, group, settings, save } = await newOrganizationWithGroup()
    await acme.setCreation({ creation: 'groups', groupIds: [group], suspendOutsideGroups: true })
    await acme.setCreation({ creation: 'none' })
    await app.call('DELETE', `${acme.path}/groups/${group}`, { as: acme.admin })
    const { version, ...before } = (await settings()).apiTokens.beforeStop
    expect(before).toEqual({ creation: 'groups', groupIds: [], suspendOutsideGroups: true })
    expect(await save({ apiTokens: before })).toMatchObject({ status: 422 })
    expect(await save({ apiTokens: before, beforeStopVersion: version + 1 })).toMatchObject({ status: 422 })
    const restored = await save({ apiTokens: before, beforeStopVersion: version })
    expect(restored).toMatchObject({ status: 200, body: { apiTokens: { ...before, beforeStop: null } } })
  })
})
