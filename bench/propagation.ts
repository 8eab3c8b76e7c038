import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { signIn } from './client.ts'
import { newFolder, type Peer, type Postgres, removeFolder, startPeer } from './processes.ts'
import { seedKnownTokens } from './seed.ts'
import { startSeveral } from './several.ts'
import type { Question, Sighting } from './sightings.ts'
import { median, type Row } from './table.ts'

const processes = 3
/** Each save makes a verifier ask anew about every one of them. */
const distinct = 200
/** How long a place is still watched after it was first seen to obey. */
const watchedMs = 100

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

type Watcher = Peer<{ port: number }>

/** What every place was last seen to answer. */
const seenBy = async (watchers: readonly Watcher[]): Promise<Sighting[]> =>
  (await Promise.all(watchers.map((it) => it.ask<Sighting[]>()))).flat()

/**
 * Milliseconds from the answer to a save until the last answer at each place that still rests on the setting before; 0
 * if there was none after it.
 */
async function lastOldAnswers(watchers: readonly Watcher[], lowered: boolean, answeredAtMs: number): Promise<number[]> {
  const newAt = (it: Sighting) => (lowered ? it.refusedAtMs : it.acceptedAtMs)
  const oldAt = (it: Sighting) => (lowered ? it.acceptedAtMs : it.refusedAtMs)
  while (!(await seenBy(watchers)).every((it) => newAt(it) > answeredAtMs)) await wait(5)
  await wait(watchedMs)
  return (await seenBy(watchers)).map((it) => Math.max(0, oldAt(it) - answeredAtMs))
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

/** Of each save the place that came last, at the processes and at the verifier. */
function told(taken: readonly (readonly number[])[]): string {
  const of = (places: (it: readonly number[]) => readonly number[]) => {
    const last = taken.map((it) => Math.max(...places(it)))
    return `p50 ${median(last).toFixed(1)} ms, p100 ${Math.max(...last).toFixed(1)} ms`
  }
  return `processes ${of((it) => it.slice(0, processes))}; SDK ${of((it) => it.slice(processes))}`
}

/** From the answer to a save until the last acceptance at three processes and a verifier in a fifth, all of them at work. */
export async function propagationRows(postgres: Postgres, saves: number): Promise<Row[]> {
  const started = await startSeveral(postgres, processes)
  const [probe = '', ...others] = await seedKnownTokens(postgres, distinct)
  const { watchers, stop } = await startWatchers({ ports: started.map((it) => it.port), probe, others })
  const versions = new Map<string, string>()
  const clients = await Promise.all(started.map(({ port }) => signIn(port, versions)))
  const organization = clients[0]?.organizations[0]?.id ?? ''
  const taken = { lowered: [] as number[][], raised: [] as number[][] }
  for (let i = 0; i < 2 * saves; i += 1) {
    const lowered = i % 2 === 0
    const { answeredAtMs } = (await clients[i % processes]?.save(organization, lowered ? 'none' : 'all')) ?? {}
    const last = await lastOldAnswers(watchers, lowered, answeredAtMs ?? Number.NaN)
    taken[lowered ? 'lowered' : 'raised'].push(last)
  }
  await stop()
  await Promise.all(started.map((it) => it.stop()))
  const anywhere = taken.lowered.map((it) => Math.max(...it))
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
      figure: Math.max(...anywhere),
      mark: { atMost: 1000 },
      detail: `${saves} saves: ${told(taken.lowered)}`,
    },
    {
      ...row,
      what: `${what}, p50`,
      figure: median(anywhere),
      mark: { atMost: 20 },
      detail: `raised again, until the last refusal: ${told(taken.raised)}`,
    },
  ]
}
