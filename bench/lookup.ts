import { hashOf } from '../server/src/features/tokens/actions.ts'
import type { Effort } from './compare.ts'
import { load, requestBytes } from './load.ts'
import { type Postgres, resourceKey, startPeer, startPortcullis } from './processes.ts'
import { seedKnownTokens } from './seed.ts'
import { median, type Row } from './table.ts'

const perRound = 500

/** The first use of a token that no memory knows, beside one SELECT by the hash of a secret; one request at a time. */
export async function lookupRows(postgres: Postgres, { rounds }: Effort): Promise<Row[]> {
  const portcullis = await startPortcullis(postgres.env)
  const secrets = await seedKnownTokens(postgres, perRound * (rounds + 1))
  const select = await startPeer<{ port: number }>('select.ts', { DATABASE_URL: postgres.env.PORTCULLIS_MIGRATION_URL })
  const headers = { Authorization: `Bearer ${resourceKey}`, 'Content-Type': 'application/x-www-form-urlencoded' }
  const microsEach = async (port: number, tokens: string[], path: string) => {
    const requests = tokens.map((it) => requestBytes('POST', path, headers, `token=${it}`))
    return 1e6 / (await load({ port, requests, once: true, connections: 1, expectStatus: 200 })).perSecond
  }
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const fresh = secrets.slice(round * perRound, (round + 1) * perRound)
    const first = await microsEach(portcullis.port, fresh, '/oauth2/introspect')
    const one = await microsEach(select.said.port, fresh.map(hashOf), '/select')
    // The first round warms both up.
    if (round === 0) continue
    ours.push(first)
    theirs.push(one)
  }
  await Promise.all([portcullis.stop(), select.stop()])
  return [
    {
      what: 'first use of a token not in memory',
      where: 'HTTP, 1 connection; PostgreSQL',
      figure: median(ours.map((it, i) => it / (theirs[i] ?? Number.NaN))),
      unit: '×',
      mark: { atMost: 1.5 },
      beside: 'one SELECT by hash through the same driver',
      detail: `${median(ours).toFixed(0)} µs beside ${median(theirs).toFixed(0)} µs`,
    },
  ]
}
