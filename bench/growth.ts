import { type Effort, summary, takeTurns, timesAsMany } from './compare.ts'
import { introspect } from './gate.ts'
import { load } from './load.ts'
import { type Remembered, remembered } from './memory.ts'
import { admin, type Portcullis, type Postgres, resourceKey, startPortcullis } from './processes.ts'
import { addOrganization, asOwner, fillTokens, seedKnownTokens } from './seed.ts'
import { median, type Row } from './table.ts'

const distinct = 1000
const perRound = 300

interface Grown {
  /** Tokens in its database. */
  count: number
  portcullis: Portcullis
  warm: Buffer[]
  /** Never asked about yet. */
  fresh: Buffer[]
}

const requestOf = introspect(`Bearer ${resourceKey}`, '/oauth2/introspect')

/** A database with so many tokens, a process in front of it, and a few of its tokens whose secrets are known. */
async function grow(postgres: Postgres, count: number, rounds: number): Promise<Grown> {
  const env = await postgres.addDatabase(`with_${count}`)
  const portcullis = await startPortcullis(env)
  await asOwner(env, async (owner) => fillTokens(owner, await addOrganization(owner, 'Big', admin.email), count, 0))
  const requests = (await seedKnownTokens({ env }, distinct + perRound * (rounds + 1))).map(requestOf)
  return { count, portcullis, warm: requests.slice(0, distinct), fresh: requests.slice(distinct) }
}

/** Microseconds of a first use in each database, in turn; one request at a time. The first round warms up. */
async function firstUses(grown: readonly Grown[], rounds: number): Promise<number[][]> {
  const taken: number[][] = grown.map(() => [])
  for (let round = 0; round <= rounds; round += 1) {
    for (const [at, { portcullis, fresh }] of grown.entries()) {
      const requests = fresh.slice(round * perRound, (round + 1) * perRound)
      const { perSecond } = await load({
        port: portcullis.port,
        requests,
        once: true,
        connections: 1,
        expectStatus: 200,
      })
      if (round > 0) taken[at]?.push(1e6 / perSecond)
    }
  }
  return taken
}

const short = (count: number) => (count >= 1e6 ? `${count / 1e6}M` : `${count / 1e3}k`)
const listed = (counts: readonly number[], told: (at: number) => string) =>
  counts.map((count, at) => `${short(count)}: ${told(at)}`).join(', ')

async function memoryRow(counts: readonly number[]): Promise<Row> {
  const memories: Remembered[] = []
  for (const count of counts) memories.push(await remembered(count))
  const last = memories.at(-1)
  return {
    what: `memory per remembered token, ${short(counts.at(-1) ?? 0)} shown to it`,
    where: 'in process',
    figure: (last?.heapPerToken ?? Number.NaN) - 2 * (last?.stringsPerToken ?? Number.NaN),
    unit: 'bytes',
    mark: { atMost: 150 },
    beside: '2 × its strings',
    detail: `${listed(counts, (at) => `${memories[at]?.heapPerToken.toFixed(0)} bytes`)}; ${last?.tokens} are kept`,
  }
}

/** What grows with the number of tokens in the database: the last of `counts` beside the first. */
export async function growthRows(postgres: Postgres, { rounds, seconds }: Effort, counts: number[]): Promise<Row[]> {
  const grown: Grown[] = []
  for (const count of counts) grown.push(await grow(postgres, count, rounds))
  const first = await firstUses(grown, rounds)
  const contenders = Object.fromEntries(
    grown.map(({ count, portcullis: { port, pid }, warm }) => [
      short(count),
      { port, pid, requests: warm, expectStatus: 200 },
    ]),
  )
  const warm = await takeTurns(contenders, { rounds, seconds: Math.min(1, seconds) })
  await Promise.all(grown.map((it) => it.portcullis.stop()))
  const few = short(counts[0] ?? 0)
  const many = short(counts.at(-1) ?? 0)
  const row = { unit: '×', beside: `with ${few}` } as const
  return [
    {
      ...row,
      what: `first use of a token, ${many} in the database`,
      where: 'HTTP, 1 connection; PostgreSQL',
      figure: median((first.at(-1) ?? []).map((it, i) => it / (first[0]?.[i] ?? Number.NaN))),
      mark: { atMost: 1.5 },
      detail: listed(counts, (at) => `${median(first[at] ?? []).toFixed(0)} µs`),
    },
    {
      ...row,
      what: `introspection, ${many} in the database`,
      where: 'HTTP, 32 connections; PostgreSQL',
      figure: timesAsMany(warm[many] ?? [], warm[few] ?? []),
      mark: { atLeast: 0.9 },
      detail: listed(counts, (at) => summary(warm[short(counts[at] ?? 0)] ?? [])),
    },
    await memoryRow(counts),
  ]
}
