import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { readOptions } from '../../sdk/src/options.ts'
import { startVerifier } from '../../sdk/src/verifier.ts'
import { usualWorld } from '../../sdk/src/world.ts'
import { openDatabase } from '../src/db/open.ts'
import { openTestDatabase, type TestDatabase } from './databases.ts'
import { type Harness, harness, resourceKey } from './harness.ts'
import { type Listening, listen } from './listen.ts'
import { step } from './model-steps.ts'
import { allowedJwksHosts, type Others, world } from './model-world.ts'

/** Sequences; a night's run sets more. */
const runs = Number(process.env.PORTCULLIS_MODEL_RUNS ?? 60)

/** How the verifier came to its second answer about a good token, so that the test cannot pass by asking the server each time. */
const again = { memory: 0, server: 0 }

/** A second instance on the same PostgreSQL, with a memory and a feed of its own, and a verifier that follows it. */
const others =
  (options: TestDatabase['options']) =>
  async (first: Harness, _: Listening): Promise<Others> => {
    const database = await openDatabase(options)
    const second = await harness(
      { ...database, options, drop: database.close },
      { allowedJwksHosts, clock: first.clock },
    )
    const server = await listen(second)
    let fromMemory = 0
    const verifier = startVerifier(
      readOptions({
        url: server.url,
        key: resourceKey,
        onMetric: (metric) => {
          if (metric.type === 'decided' && metric.from === 'memory') fromMemory += 1
        },
      }),
      { ...usualWorld, nowMs: () => first.clock.now.getTime() },
    )
    await verifier.ready()
    const good = new Set<string>()
    const learn = async (token: string) => {
      const answer = await verifier.verify(token)
      if (answer.active) good.add(token)
      return answer
    }
    const remember = async (token: string) => {
      const before = fromMemory
      // From memory the answer is there in the same tick.
      const answer = verifier.verify(token)
      if (good.delete(token)) again[fromMemory > before ? 'memory' : 'server'] += 1
      return answer
    }
    return {
      servers: [server],
      // Twice: what it learned by the first is what it remembers at the second.
      judges: [learn, remember],
      settled: async () => {
        // The second one was sent after all that was answered so far.
        await first.lease.renew()
        await first.lease.renew()
        const { applied } = first.lease
        while (second.lease.applied < applied) await second.lease.renew()
        const isBehind = () => (verifier.stats().applied ?? 0) < applied || !verifier.stats().leaseHolds
        while (isBehind()) await pause(1)
      },
      close: async () => {
        await verifier.close()
        await server.close()
        await second.close()
      },
    }
  }

test(`P11, N3: ${runs} random sequences through two processes in turn; both, and a verifier, decide as the model does`, {
  timeout: 20 * 60_000,
}, async () => {
  const database = await openTestDatabase('postgres')
  onTestFinished(() => database.drop())
  const all = await world(database, others(database.options))
  await fc.assert(
    fc
      .asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        for (const one of steps) {
          await all.run(one)
          await all.compare()
        }
      })
      .beforeEach(all.reset),
    { numRuns: runs, endOnFailure: false },
  )
  expect(again.memory).toBeGreaterThan(again.server / 2)
  await all.close()
})
