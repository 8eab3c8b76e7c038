import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describeOnBoth } from './databases.ts'
import { claim, createPeopleWorld, type PeopleStep, peopleSteps } from './model-people.ts'

/** Sequences per database; a long run sets more. */
const runs = Math.ceil(Number(process.env.PORTCULLIS_MODEL_RUNS ?? 400) / 10)

/** Sequences that are always played, each with whether the owner of the address has access to an organization afterwards. */
const examples: [title: string, steps: PeopleStep[], hasAccess: boolean][] = [
  [
    'the operator names a claimed address',
    [...claim, { kind: 'operatorCreates', victim: 0, inviteExisting: false }],
    false,
  ],
  [
    'a mail that failed shows no link that could start afresh',
    [
      ...claim,
      { kind: 'attackerInvites', victim: 1, channel: 'failing', role: 'member' },
      { kind: 'admirerInvites', victim: 1, channel: 'shown', role: 'member' },
      { kind: 'ownerAccepts', victim: 1, pick: 0, signedIn: false },
      { kind: 'attackerStartsAfresh', pick: 1, signedIn: false },
    ],
    true,
  ],
  [
    'the owner starts afresh by a mailed invitation',
    [
      ...claim,
      { kind: 'admirerInvites', victim: 0, channel: 'mailed', role: 'admin' },
      { kind: 'ownerStartsAfresh', victim: 0, pick: 0 },
      { kind: 'wait', hours: 25 },
      { kind: 'ownerAccepts', victim: 0, pick: 0, signedIn: false },
      { kind: 'attackerSignsIn', victim: 0 },
    ],
    true,
  ],
  [
    'the owner chooses a password by mail and accepts the operator’s invitation',
    [
      ...claim,
      { kind: 'operatorCreates', victim: 0, inviteExisting: true },
      { kind: 'ownerResets', victim: 0, pick: 0 },
      { kind: 'ownerSignsIn', victim: 0, pick: 0 },
      { kind: 'ownerAccepts', victim: 0, pick: 0, signedIn: true },
      { kind: 'attackerSignsIn', victim: 0 },
    ],
    true,
  ],
]

describeOnBoth('one attacker who is an admin, and addresses of others', (open) => {
  test('O11–O14: no rights in another organization, and nobody’s access there ended', {
    timeout: 20 * 60_000,
  }, async () => {
    const world = await createPeopleWorld(await open())
    for (const [title, steps, hasAccess] of examples) {
      await world.begin()
      for (const step of steps) await world.run(step)
      expect([title, (await world.ownersAccess()).flat().length > 0]).toEqual([title, hasAccess])
    }
    await fc.assert(
      fc
        .asyncProperty(peopleSteps, async (steps) => {
          for (const step of steps) await world.run(step)
        })
        .beforeEach(world.begin),
      { numRuns: runs, endOnFailure: true },
    )
  })
})
