import { hash } from 'node:crypto'
import { createVerifier } from '../../sdk/src/index.ts'
import { resourceKey } from '../processes.ts'
import { readQuestion } from '../sightings.ts'
import { median } from '../table.ts'

/** What a verifier takes in its host's process: memory for each token, and time for one that it remembers. */
const together = 16
const rounds = Number(process.env.ROUNDS)
/** Short beside a lease, which nothing renews while these run. */
const perRound = 20_000
const { ports, others: secrets } = readQuestion()
const verifier = createVerifier({
  url: `http://127.0.0.1:${ports[0]}`,
  key: resourceKey,
  name: 'bench',
})
await verifier.ready()

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

/** Once the time limits of the last requests, and with them what those held, are gone. */
async function heapAtRest(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 3000))
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

/** Microseconds of one in a long row of them; nothing else runs meanwhile. */
function microsOf(work: (secret: string) => unknown, some: readonly string[]): number {
  const startedAt = performance.now()
  for (let i = 0; i < perRound; i += 1) work(some[i % some.length] ?? '')
  return ((performance.now() - startedAt) * 1000) / perRound
}

async function freshLease(): Promise<void> {
  while ((verifier.stats().leaseAgeMs ?? Number.POSITIVE_INFINITY) > 300)
    await new Promise((resolve) => setTimeout(resolve, 5))
}

// What the code itself takes once it runs, and what it needed to start, is no token's: the first half is not counted.
const half = Math.floor(secrets.length / 2)
await lookUp(secrets.slice(0, half))
const before = await heapAtRest()
const strings = await lookUp(secrets.slice(half))
const count = secrets.length - half
const heapPerToken = ((await heapAtRest()) - before) / count
const { remembered } = verifier.stats()

const warm = secrets.slice(0, 1000)
let asked = 0
const verify = (secret: string) => {
  const answer = verifier.verify(secret)
  if (answer instanceof Promise) asked += 1
}
const taken = { verify: [] as number[], hash: [] as number[] }
for (let round = 0; round <= rounds; round += 1) {
  await freshLease()
  const verifyMicros = microsOf(verify, warm)
  await freshLease()
  const hashMicros = microsOf((secret) => hash('sha256', secret), warm)
  if (round === 0) continue
  taken.verify.push(verifyMicros)
  taken.hash.push(hashMicros)
}
await verifier.close()
process.send?.({
  port: 0,
  heapPerToken,
  stringsPerToken: strings / count,
  tokens: count,
  forgot: secrets.length - remembered,
  verifyMicros: median(taken.verify),
  times: median(taken.verify.map((it, i) => it / (taken.hash[i] ?? Number.NaN))),
  hashMicros: median(taken.hash),
  asked,
})
process.on('disconnect', () => process.exit())
