/**
 * Prints the table of how good Portcullis is, each figure beside what it was measured against in the same run.
 *
 *     npm run bench                     everything, some minutes
 *     npm run bench -- --check          and fails when a mark is missed
 *     npm run bench -- --only gate      some groups, by the names below
 *     npm run bench -- --quick          short rounds and fewer tokens: whether it runs, not how fast
 */
import { parseArgs } from 'node:util'
import { changesRows } from './changes.ts'
import type { Effort } from './compare.ts'
import { consoleRows } from './console.ts'
import { externalRows } from './external.ts'
import { gateRows } from './gate.ts'
import { growthRows } from './growth.ts'
import { lookupRows } from './lookup.ts'
import { memoryRows } from './memory.ts'
import { ofrepRows } from './ofrep.ts'
import { type Postgres, startPostgres } from './processes.ts'
import { propagationRows } from './propagation.ts'
import { embeddedSettingsRows, postgresSettingsRows } from './settings.ts'
import { severalRows } from './several.ts'
import { startRows } from './start.ts'
import { isMet, type Row, tableText } from './table.ts'
import { verifierRows } from './verifier.ts'

const { values: asked } = parseArgs({
  options: { check: { type: 'boolean' }, quick: { type: 'boolean' }, only: { type: 'string' } },
})
const quick = asked.quick ?? false
const effort: Effort = quick ? { rounds: 2, seconds: 0.5 } : { rounds: 7, seconds: 3 }
const times = quick ? 5 : 40

/** Each group on a PostgreSQL of its own, so that none finds what another left. */
const groups: Record<string, (postgres: Postgres) => Promise<Row[]>> = {
  gate: (postgres) => gateRows(postgres, effort),
  external: (postgres) => externalRows(postgres, effort),
  ofrep: (postgres) => ofrepRows(postgres, effort),
  lookup: (postgres) => lookupRows(postgres, effort),
  memory: () => memoryRows(),
  changes: (postgres) => changesRows(postgres, effort.rounds, effort.seconds),
  propagation: (postgres) => propagationRows(postgres, quick ? 10 : 100),
  growth: (postgres) => growthRows(postgres, effort, quick ? [1e3, 1e4] : [1e3, 1e4, 1e5, 1e6]),
  'growth-10m': (postgres) => growthRows(postgres, effort, [1e3, 1e7]),
  verifier: (postgres) => verifierRows(postgres, quick ? 3 : 25, quick ? 4_400 : 22_000),
  several: (postgres) => severalRows(postgres, effort),
  settings: async (postgres) => [
    ...(await postgresSettingsRows(postgres, times, quick ? 10_000 : 1_000_000)),
    ...(await embeddedSettingsRows(times, quick ? 5_000 : 100_000)),
  ],
  start: (postgres) => startRows(postgres, quick ? 2 : 7),
  console: () => consoleRows(quick ? 1 : 5),
}

/** Seeding ten million tokens takes many minutes and 10 GB of disk, so only who names it gets it. */
const onlyWhenNamed = ['growth-10m']
const wanted = asked.only?.split(',') ?? Object.keys(groups).filter((name) => !onlyWhenNamed.includes(name))
const unknown = wanted.filter((name) => !Object.hasOwn(groups, name))
if (unknown.length > 0)
  throw new Error(`No such group: ${unknown.join(', ')}. There are ${Object.keys(groups).join(', ')}.`)

const rows: Row[] = []
for (const name of wanted) {
  process.stderr.write(`${name} …\n`)
  const postgres = await startPostgres()
  try {
    rows.push(...((await groups[name]?.(postgres)) ?? []))
  } finally {
    await postgres.stop()
  }
}
process.stdout.write(`${tableText(rows)}\n`)
if (asked.check && !rows.every(isMet)) process.exitCode = 1
process.exit()
