import fc from 'fast-check'
import { test } from 'vitest'
import { describeOnBoth } from './databases.ts'
import { step } from './model-steps.ts'
import { world } from './model-world.ts'

/** Sequences per database; a night's run sets more. */
const runs = Number(process.env.PORTCULLIS_MODEL_RUNS ?? 400)

describeOnBoth('random sequences against the model', (open) => {
  test(`${runs} of them`, { timeout: 20 * 60_000 }, async () => {
    const both = await world(await open())
    await fc.assert(
      fc
        .asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
          for (const one of steps) {
            await both.run(one)
            await both.compare()
          }
        })
        .beforeEach(both.reset),
      { numRuns: runs, endOnFailure: false },
    )
    await both.close()
  })
})
