import { expect, test } from 'vitest'
import { describeOnBoth } from './databases.ts'
import { harness } from './harness.ts'

describeOnBoth('the story of the gate', (open) => {
  test('created, accepted, cut off with its reason, given back unharmed', async () => {
    const { newOrganization, gate } = await harness(await open())
    const org = await newOrganization()
    const token = await org.newToken()
    expect(await gate.decide(token.secret)).toMatchObject({ active: true })

    expect((await org.setCreation({ creation: 'none' })).status).toBe(200)
    expect(await gate.decide(token.secret)).toMatchObject({ active: false, reason: 'suspended' })

    await org.setCreation({ creation: 'all' })
    expect(await gate.decide(token.secret)).toMatchObject({ active: true })
    expect((await org.events()).map((it) => it.action)).toEqual([
      'settings.updated',
      'settings.updated',
      'token.created',
      'member.joined',
      'organization.created',
    ])
  })
})
