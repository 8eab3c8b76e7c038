import { expect, test } from 'vitest'
import { describeOnBoth } from './databases.ts'
import { fuzz } from './fuzz.ts'
import { openWorld } from './fuzz-world.ts'

const minutes = Number(process.env.PORTCULLIS_FUZZ_MINUTES ?? 0)
const requests = Number(process.env.PORTCULLIS_FUZZ_REQUESTS ?? 2_000)
/** A short run is the same each time; a long one is to find what no run before it found. */
const seed = Number(process.env.PORTCULLIS_FUZZ_SEED ?? (minutes > 0 ? Date.now() % 2 ** 31 : 1))

describeOnBoth('every operation, asked anything', (open, kind) => {
  test(
    'nothing is 5xx, and every answer is as openapi.json declares it',
    async () => {
      const world = await openWorld(await open())
      const untilMs = minutes > 0 ? Date.now() + minutes * 60_000 : undefined
      const report = await fuzz(world, { seed, requests, untilMs }).finally(() => world.close())
      if (minutes > 0) console.log(kind, JSON.stringify({ seed, ...report, findings: report.findings.length }))
      expect(report.findings, `PORTCULLIS_FUZZ_SEED=${seed}`).toEqual([])
      // Requests that are all refused would find nothing. A link for setting up is used once, and here is no mail.
      expect(
        report.neverDone.filter((it) => !['completeSetup', 'requestPasswordReset'].includes(it)).length,
      ).toBeLessThan(minutes > 0 ? 1 : 10)
    },
    minutes * 60_000 + 300_000,
  )
})
