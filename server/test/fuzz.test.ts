import { expect, test } from 'vitest'
import { describeOnBoth } from './databases.ts'
import { type FuzzReport, fuzz } from './fuzz.ts'
import { openWorld } from './fuzz-world.ts'

const minutes = Number(process.env.PORTCULLIS_FUZZ_MINUTES ?? 0)
const requests = Number(process.env.PORTCULLIS_FUZZ_REQUESTS ?? 2_000)
/** A short run is the same each time; a long one is to find what no run before it found. */
const seed = Number(process.env.PORTCULLIS_FUZZ_SEED ?? (minutes > 0 ? Date.now() % 2 ** 31 : 1))

/** A set-up link is used once, and here is no mail. */
const mayStayUndone = ['completeSetup', 'requestPasswordReset']

/**
 * How much the heap may grow after the first quarter of a long run, in which code is compiled and what is bounded fills
 * up (entries of the feed, figures by label). Twenty thousand requests that leave a kilobyte each are beyond it.
 */
const mostGrowthBytes = 16 * 1024 * 1024
/** A remembered token with its account and organization: these are bounded in number, and a run fills them slowly. */
const bytesPerRemembered = 4 * 1024

function growthOf(heaps: FuzzReport['heaps']): number {
  const settled = heaps[Math.floor(heaps.length / 4)]
  const last = heaps.at(-1)
  if (!settled || !last) return Number.POSITIVE_INFINITY
  return last.bytes - settled.bytes - (last.remembered - settled.remembered) * bytesPerRemembered
}

const timeoutMs = minutes * 60_000 + 300_000

describeOnBoth('every operation, asked anything', (open, kind) => {
  test('nothing is 5xx, and every answer is as openapi.json declares it', { timeout: timeoutMs }, async () => {
    const world = await openWorld(await open())
    const untilMs = minutes > 0 ? Date.now() + minutes * 60_000 : undefined
    const report = await fuzz(world, { seed, requests, untilMs }).finally(() => world.close())
    if (minutes > 0) console.log(kind, JSON.stringify({ seed, ...report, findings: report.findings.length }))
    expect(report.findings, `PORTCULLIS_FUZZ_SEED=${seed}`).toEqual([])
    if (minutes > 0) expect(growthOf(report.heaps)).toBeLessThan(mostGrowthBytes)
    // Requests that are all refused would find nothing.
    const undone = report.neverDone.filter((it) => !mayStayUndone.includes(it))
    expect(undone.length, `never done: ${undone}`).toBeLessThan(report.requests > 10_000 ? 1 : 10)
  })
})
