import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { signIn } from './client.ts'
import { newFolder, type Peer, type Postgres, removeFolder, startPeer } from './processes.ts'
import { seedKnownTokens } from './seed.ts'
import { startSeveral } from './several.ts'
import type { Question, Sighting } from './sightings.ts'
import { median, type Row } from './table.ts'

const processes = 3
const distinct = 1000
/** How long a place is still watched after it was first seen to obey. */
const watchedMs = 100

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

type Watcher = Peer<{ port: number }>

/** What every place was last seen to answer. */
const seenBy = async (watchers: readonly Watcher[]): Promise<Sighting[]> =>
  (await Promise.all(watchers.map((it) => it.ask<Sighting[]>()))).flat()

/**
 * Milliseconds from the answer to a save until the last answer anywhere that still rests on the setting before; 0 if
 * there was none after it.
 */
async function lastOldAnswer(watchers: readonly Watcher[], lowered: boolean, answeredAtMs: number): Promise<number> {
  const newAt = (it: Sighting) => (lowered ? it.refusedAtMs : it.acceptedAtMs)
  const oldAt = (it: Sighting) => (lowered ? it.acceptedAtMs : it.refusedAtMs)
  while (!(await seenBy(watchers)).every((it) => newAt(it) > answeredAtMs)) await wait(5)
  await wait(watchedMs)
  return Math.max(0, ...(await seenBy(watchers)).map((it) => oldAt(it) - answeredAtMs))
}

async function startWatchers(question: Question): Promise<{ watchers: Watcher[]; stop: () => Promise<void> }> {
  const folder = newFolder()
  const file = join(folder, 'question.json')
  writeFileSync(file, JSON.stringify(question))
  const watchers = [
    await startPeer('prober.ts', { QUESTION: file }),
    await startPeer('verifying.ts', { QUESTION: file }),
  ]
  const stop = async () => {
    await Promise.all(watchers.map((it) => it.stop()))
    removeFolder(folder)
  }
  return { watchers, stop }
}

const told = (taken: readonly number[]) =>
  `p50 ${median(taken).toFixed(1)} ms, p100 ${Math.max(...taken).toFixed(1)} ms`

/** From the answer to a save until the last acceptance at three processes and a verifier in a fifth, all of them at work. */
export async function propagationRows(postgres: Postgres, saves: number): Promise<Row[]> {
  const started = await startSeveral(postgres, processes)
  const [probe = '', ...others] = await seedKnownTokens(postgres, distinct)
  const { watchers, stop } = await startWatchers({ ports: started.map((it) => it.port), probe, others })
  const versions = new Map<string, string>()
  const clients = await Promise.all(started.map(({ port }) => signIn(port, versions)))
  const organization = clients[0]?.organizations[0]?.id ?? ''
  const taken = { lowered: [] as number[], raised: [] as number[] }
  for (let i = 0; i < 2 * saves; i += 1) {
    const lowered = i % 2 === 0
    const { answeredAtMs } = (await clients[i % processes]?.save(organization, lowered ? 'none' : 'all')) ?? {}
    const last = await lastOldAnswer(watchers, lowered, answeredAtMs ?? Number.NaN)
    taken[lowered ? 'lowered' : 'raised'].push(last)
  }
  await stop()
  await Promise.all(started.map((it) => it.stop()))
  const row = {
    where: `${processes} processes over HTTP, 1 SDK; PostgreSQL`,
    unit: 'ms',
    beside: 'the answer to the save',
  } as const
  const what = 'from a save until the last acceptance anywhere'
  return [
    {
      ...row,
      what: `${what}, p100`,
      figure: Math.max(...taken.lowered),
      mark: { atMost: 1000 },
      detail: `${saves} saves: ${told(taken.lowered)}`,
    },
    {
      ...row,
      what: `${what}, p50`,
      figure: median(taken.lowered),
      mark: { atMost: 20 },
      detail: `raised again, until the last refusal: ${told(taken.raised)}`,
    },
  ]
}
