import { hash } from 'node:crypto'
import { createVerifier } from '../../sdk/src/index.ts'
import { resourceKey } from '../processes.ts'
import { readQuestion } from '../sightings.ts'
import { median } from '../table.ts'

/** What a verifier takes in its host's process for a token that it remembers. */
const rounds = Number(process.env.ROUNDS)
/** Short beside a lease, which nothing renews while these run. */
const perRound = 20_000
const { ports, others: warm } = readQuestion()
const verifier = createVerifier({
  url: `http://127.0.0.1:${ports[0]}`,
  key: resourceKey,
  name: 'bench',
})
await verifier.ready()

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

for (const secret of warm) {
  const answer = await verifier.verify(secret)
  if (!answer.active) throw new Error(`A good token was refused: ${answer.reason}`)
}
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
  verifyMicros: median(taken.verify),
  times: median(taken.verify.map((it, i) => it / (taken.hash[i] ?? Number.NaN))),
  hashMicros: median(taken.hash),
  asked,
})
process.on('disconnect', () => process.exit())
