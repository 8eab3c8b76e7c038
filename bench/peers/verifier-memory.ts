import { setFlagsFromString } from 'node:v8'
import { createVerifier } from '../../sdk/src/index.ts'
import { resourceKey } from '../processes.ts'
import { readQuestion } from '../sightings.ts'

/**
 * What a verifier keeps for each token that it remembers: the slope of the heap over a growing number of them, since what
 * runs beside them (connections, the lease, compiled code) comes and goes, and one difference would count it in.
 */
const together = 16
const steps = 10
/** A question that was answered leaves its time limit behind, so that must have passed before the heap is at rest. */
const timeoutMs = 500
const { ports, others: secrets } = readQuestion()
const verifier = createVerifier({ url: `http://127.0.0.1:${ports[0]}`, key: resourceKey, name: 'bench', timeoutMs })
await verifier.ready()

// Else code that ran at the start alone, some megabytes, is let go at some time in between, and the heap shrinks.
setFlagsFromString('--no-flush-bytecode')

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function lookUp(some: readonly string[]): Promise<number> {
  let at = 0
  let strings = 0
  const line = async () => {
    for (let secret = some[at++]; secret !== undefined; secret = some[at++]) {
      const answer = await verifier.verify(secret)
      if (!answer.active) throw new Error(`A good token was refused: ${answer.reason}`)
      const { organizationId, account, token } = answer
      // As for the server's memory: the hash of the secret, and the ids that the answer tells.
      strings += 43 + organizationId.length + account.id.length + (token.id?.length ?? 0)
    }
  }
  await Promise.all(Array.from({ length: together }, line))
  return strings
}

/** The least of several full collections in a row, once they find nothing more: finalizers free only what the next one takes. */
async function heapAtRest(): Promise<number> {
  await pause(2 * timeoutMs)
  let least = Number.POSITIVE_INFINITY
  for (let idle = 0; idle < 4; idle += 1) {
    globalThis.gc?.()
    const { heapUsed } = process.memoryUsage()
    if (heapUsed < least - 1024) idle = 0
    least = Math.min(least, heapUsed)
    await pause(50)
  }
  return least
}

/** The slope of the line that fits best, and how much of what is measured that line explains (1: all). */
function fit(points: readonly (readonly [x: number, y: number])[]): { slope: number; explained: number } {
  const mean = (of: (it: readonly [number, number]) => number) =>
    points.reduce((sum, it) => sum + of(it), 0) / points.length
  const [x, y] = [mean((it) => it[0]), mean((it) => it[1])]
  const xy = mean((it) => (it[0] - x) * (it[1] - y))
  const [xx, yy] = [mean((it) => (it[0] - x) ** 2), mean((it) => (it[1] - y) ** 2)]
  return { slope: xy / xx, explained: xy ** 2 / (xx * yy) }
}

// The first step warms up: what the code takes once it has run that often is no token's.
const size = Math.floor(secrets.length / (steps + 1))
await lookUp(secrets.slice(0, size))
await heapAtRest()
let strings = 0
const points = [[verifier.stats().remembered, await heapAtRest()] as const]
for (let step = 1; step <= steps; step += 1) {
  strings += await lookUp(secrets.slice(step * size, (step + 1) * size))
  points.push([verifier.stats().remembered, await heapAtRest()])
}
const { slope, explained } = fit(points)
const { remembered } = verifier.stats()
await verifier.close()
process.send?.({
  port: 0,
  heapPerToken: slope,
  explained,
  stringsPerToken: strings / (steps * size),
  tokens: steps * size,
  forgot: (steps + 1) * size - remembered,
})
process.on('disconnect', () => process.exit())
