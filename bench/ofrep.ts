import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { signIn } from './client.ts'
import { type Effort, summary, takeTurns, timesAsMany } from './compare.ts'
import { bareTwin } from './gate.ts'
import { requestBytes } from './load.ts'
import {
  newFolder,
  type Peer,
  type Postgres,
  removeFolder,
  resourceKey,
  startPeer,
  startPortcullis,
} from './processes.ts'
import type { Row } from './table.ts'

const features = 20
/** The console's own two come on top of the file's. */
const own = ['token-insights', 'command-palette']
const keys = Array.from({ length: features - own.length }, (_, i) => `feature-${i}`)
const people = Array.from({ length: 1000 }, (_, i) => `user-${i}`)

const catalogue = keys
  .map((key) => `  - {key: ${key}, name: Feature ${key}, description: One of twenty., stage: public_preview}`)
  .join('\n')

const path = '/ofrep/v1/evaluate/flags'
const headers = { Authorization: `Bearer ${resourceKey}`, 'Content-Type': 'application/json' }

/** OFREP's bulk answer for twenty features from memory, in full and as 304. */
export async function ofrepRows(postgres: Postgres, effort: Effort): Promise<Row[]> {
  const folder = newFolder()
  const file = join(folder, 'features.yaml')
  writeFileSync(file, `features:\n${catalogue}\n`)
  const portcullis = await startPortcullis({ ...postgres.env, PORTCULLIS_FEATURES: file })
  const console = await signIn(portcullis.port)
  const organization = console.organizations[0]?.id ?? ''
  await console.choose(organization, [...keys, ...own])
  const body = (person: string) => JSON.stringify({ context: { targetingKey: person, organization } })
  const ask = (more: Record<string, string>) => ({
    method: 'POST',
    headers: { ...headers, ...more },
    body: body('user-0'),
  })
  const first = await fetch(`http://127.0.0.1:${portcullis.port}${path}`, ask({}))
  const etag = { 'If-None-Match': first.headers.get('etag') ?? '' }
  const { flags } = (await first.json()) as { flags: { value: boolean }[] }
  if (flags.filter((it) => it.value).length !== features) throw new Error('Not all of the twenty features are on.')

  const requests = (more: Record<string, string> = {}) =>
    people.map((person) => requestBytes('POST', path, { ...headers, ...more }, body(person)))
  const bare = await bareTwin(portcullis.port, path, ask({}))
  const bareUnchanged = await bareTwin(portcullis.port, path, ask(etag))
  const unleash: Peer<{ port: number; frontendToken: string }> = await startPeer('unleash.ts', {
    DATABASE_URL: postgres.peerUrl,
    TOGGLES: String(features),
    NODE_ENV: 'production',
  })
  // As its clients ask: who it is stands in the address.
  const authorization = { Authorization: unleash.said.frontendToken }
  const ours = { port: portcullis.port, pid: portcullis.pid }
  const at = ({ said, pid }: Peer<{ port: number }>) => ({ port: said.port, pid })
  const results = await takeTurns(
    {
      all: { ...ours, requests: requests(), expectStatus: 200 },
      bare: { ...at(bare), requests: requests(), expectStatus: 200 },
      unchanged: { ...ours, requests: requests(etag), expectStatus: 304 },
      bareUnchanged: { ...at(bareUnchanged), requests: requests(etag), expectStatus: 304 },
      unleash: {
        ...at(unleash),
        requests: people.map((userId) => requestBytes('GET', `/api/frontend?userId=${userId}`, authorization, '')),
        expectStatus: 200,
      },
    },
    effort,
  )
  await Promise.all([portcullis.stop(), bare.stop(), bareUnchanged.stop(), unleash.stop()])
  removeFolder(folder)
  const row = (
    what: string,
    name: 'all' | 'unchanged',
    other: keyof typeof results,
    atLeast: number,
    beside: string,
  ): Row => ({
    what,
    where: 'HTTP, 32 connections; PostgreSQL',
    figure: timesAsMany(results[name], results[other]),
    unit: '×',
    mark: { atLeast },
    beside,
    detail: `${summary(results[name])} beside ${summary(results[other])}; bare, same bytes ${summary(results[name === 'all' ? 'bare' : 'bareUnchanged'])}`,
  })
  return [
    row('OFREP bulk, 20 features', 'all', 'unleash', 8, 'Unleash’s frontend API, 20 toggles, PostgreSQL'),
    row('OFREP bulk, 304', 'unchanged', 'bareUnchanged', 0.75, 'bare node:http 304 that reads the same POST'),
  ]
}
