import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newFolder, type Postgres, removeFolder, startPeer, startPortcullis } from './processes.ts'
import { seedKnownTokens } from './seed.ts'
import type { Question } from './sightings.ts'
import type { Row } from './table.ts'

/** As many tokens of each account as where the server's own memory is measured. */
const perAccount = 100

interface Cost {
  port: number
  heapPerToken: number
  stringsPerToken: number
  tokens: number
  verifyMicros: number
  hashMicros: number
  times: number
  /** Verifications that memory did not answer. */
  asked: number
  /** Tokens that were looked up and are not remembered: the memory measured is not theirs. */
  forgot: number
}

/** What a verifier costs the process that embeds it, in front of a real server. */
export async function verifierRows(postgres: Postgres, rounds: number, tokens: number): Promise<Row[]> {
  const portcullis = await startPortcullis(postgres.env)
  const others = await seedKnownTokens(postgres, 2 * tokens, perAccount)
  const folder = newFolder()
  const file = join(folder, 'question.json')
  const question: Question = { ports: [portcullis.port], probe: '', others }
  writeFileSync(file, JSON.stringify(question))
  const env = { QUESTION: file, NODE_OPTIONS: '--expose-gc', ROUNDS: `${rounds}` }
  const peer = await startPeer<Cost>('verifier-cost.ts', env)
  await Promise.all([peer.stop(), portcullis.stop()])
  removeFolder(folder)
  const cost = peer.said
  return [
    {
      what: 'verifying in process, 1,000 tokens in memory',
      where: 'SDK; PostgreSQL',
      figure: cost.asked === 0 ? cost.times : Number.NaN,
      unit: '×',
      mark: { atMost: 4 },
      beside: "one crypto.hash('sha256') of the token",
      detail: `${cost.verifyMicros.toFixed(2)} µs beside ${cost.hashMicros.toFixed(2)} µs`,
    },
    {
      what: 'memory per remembered token',
      where: 'SDK; PostgreSQL',
      figure: cost.forgot === 0 ? cost.heapPerToken - 2 * cost.stringsPerToken : Number.NaN,
      unit: 'bytes',
      mark: { atMost: 150 },
      beside: '2 × its strings',
      detail: `${cost.heapPerToken.toFixed(0)} bytes of heap, ${cost.stringsPerToken.toFixed(0)} of strings; ${cost.tokens} tokens`,
    },
  ]
}
