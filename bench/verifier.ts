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
  verifyMicros: number
  hashMicros: number
  times: number
  /** Verifications that memory did not answer. */
  asked: number
}

interface Kept {
  port: number
  heapPerToken: number
  /** How much of the heap's growth the number of tokens explains; 1 is all. */
  explained: number
  stringsPerToken: number
  tokens: number
  /** Tokens that were looked up and are not remembered: the memory measured is not theirs. */
  forgot: number
}

/** What the peer says that asks a server about these tokens. */
async function ask<T extends { port: number }>(
  file: string,
  question: Question,
  env: Record<string, string>,
): Promise<T> {
  const folder = newFolder()
  const questionFile = join(folder, 'question.json')
  writeFileSync(questionFile, JSON.stringify(question))
  const peer = await startPeer<T>(file, { QUESTION: questionFile, ...env })
  await peer.stop()
  removeFolder(folder)
  return peer.said
}

/** What a verifier costs the process that embeds it, in front of a real server. */
export async function verifierRows(postgres: Postgres, rounds: number, tokens: number): Promise<Row[]> {
  const portcullis = await startPortcullis(postgres.env)
  const others = await seedKnownTokens(postgres, tokens, perAccount)
  const question: Question = { ports: [portcullis.port], probe: '', others }
  // One after the other: what the one remembers and how it was measured must not be in the other's heap.
  const cost = await ask<Cost>(
    'verifier-cost.ts',
    { ...question, others: others.slice(0, 1000) },
    { ROUNDS: `${rounds}` },
  )
  const kept = await ask<Kept>('verifier-memory.ts', question, { NODE_OPTIONS: '--expose-gc' })
  await portcullis.stop()
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
      figure: kept.forgot === 0 ? kept.heapPerToken - 2 * kept.stringsPerToken : Number.NaN,
      unit: 'bytes',
      mark: { atMost: 150 },
      beside: '2 × its strings',
      detail: `${kept.heapPerToken.toFixed(0)} bytes of heap, ${kept.stringsPerToken.toFixed(0)} of strings; ${kept.tokens} tokens, R² ${kept.explained.toFixed(3)}`,
    },
  ]
}
