import { type Effort, keepApart } from './compare.ts'
import { introspect } from './gate.ts'
import { loadEvenly, type Paced } from './paced.ts'
import { type Portcullis, type Postgres, resourceKey, startPortcullis } from './processes.ts'
import { seedKnownTokens } from './seed.ts'
import { median, type Row } from './table.ts'

const processes = 3
const distinct = 1000
/** Far from what one can take, also for three on one core: they would else be measured waiting for each other. */
const perSecondEach = 2000

/** Processes one after the other: the first makes the schema, the first organization and its admin. */
export async function startSeveral(postgres: Postgres, count: number): Promise<Portcullis[]> {
  const started: Portcullis[] = []
  while (started.length < count) started.push(await startPortcullis(postgres.env))
  return started
}

/** What a decision costs when several processes share the load and the database, beside one that has its share alone. */
export async function severalRows(postgres: Postgres, { rounds, seconds }: Effort): Promise<Row[]> {
  const started = await startSeveral(postgres, processes)
  const secrets = await seedKnownTokens(postgres, distinct)
  const requests = secrets.map(introspect(`Bearer ${resourceKey}`, '/oauth2/introspect'))
  const targets = started.map(({ port, pid }) => ({ port, pid, requests }))
  const one: Paced[] = []
  const all: Paced[] = []
  const letGo = keepApart(started.map((it) => it.pid))
  try {
    await loadEvenly(targets, perSecondEach, Math.min(1, seconds))
    for (let round = 0; round < rounds; round += 1) {
      const alone = round % processes
      one.push(await loadEvenly(targets.slice(alone, alone + 1), perSecondEach, seconds))
      all.push(await loadEvenly(targets, perSecondEach, seconds))
    }
  } finally {
    letGo()
  }
  await Promise.all(started.map((it) => it.stop()))
  const told = (paced: readonly Paced[]) =>
    `${median(paced.map((it) => it.cpuMicros)).toFixed(1)} µs at ${median(paced.map((it) => it.perSecond)).toFixed(0)}/s`
  return [
    {
      what: `processor time per decision, ${processes} processes`,
      where: `introspection over HTTP, ${perSecondEach}/s each; PostgreSQL`,
      figure: median(all.map((it, i) => it.cpuMicros / (one[i]?.cpuMicros ?? Number.NaN))),
      unit: '×',
      mark: { atMost: 1.1 },
      beside: 'one process at the same rate',
      detail: `${told(all)} beside ${told(one)}`,
    },
  ]
}
