import { Client } from 'pg'
import { signIn } from './client.ts'
import { admin, type Postgres } from './processes.ts'
import { addOrganization, asOwner } from './seed.ts'
import { startSeveral } from './several.ts'
import { median, type Row } from './table.ts'

const processes = 3
/** Organizations that save at once: changes of one wait for each other anyway, by its own row. */
const atOnce = 12

/** Does each work over and over for some seconds; answers how often all of them together a second. */
async function perSecondOf(works: readonly (() => Promise<unknown>)[], seconds: number): Promise<number> {
  const endAt = performance.now() + seconds * 1000
  let done = 0
  await Promise.all(
    works.map(async (work) => {
      while (performance.now() < endAt) {
        await work()
        done += 1
      }
    }),
  )
  return done / seconds
}

/** As many connections, each of which counts one row up and commits: what any number that must have no gap costs. */
async function openCounters(url: string) {
  const clients = Array.from({ length: atOnce }, () => new Client({ connectionString: url }))
  for (const client of clients) await client.connect()
  await clients[0]?.query('create table counter as select 0 as count')
  return {
    works: clients.map((client) => () => client.query('update counter set count = count + 1')),
    close: () => Promise.all(clients.map((it) => it.end())),
  }
}

async function openSavers(postgres: Postgres) {
  const started = await startSeveral(postgres, processes)
  const names = Array.from({ length: atOnce }, (_, i) => `Saver${i}`)
  const organizations = await asOwner(postgres.env, async (owner) => {
    const ids: string[] = []
    for (const name of names) ids.push(await addOrganization(owner, name, admin.email))
    return ids
  })
  const clients = await Promise.all(started.map(({ port }) => signIn(port)))
  const lowered = new Map<string, boolean>()
  const save = async (organization: string, i: number) => {
    lowered.set(organization, !lowered.get(organization))
    await clients[i % processes]?.save(organization, lowered.get(organization) ? 'none' : 'all')
  }
  return {
    works: organizations.map((organization, i) => () => save(organization, i)),
    close: () => Promise.all(started.map((it) => it.stop())),
  }
}

/** How many changes a second one PostgreSQL takes: all of them count one row up, and hold it until they are committed. */
export async function changesRows(postgres: Postgres, rounds: number, seconds: number): Promise<Row[]> {
  const savers = await openSavers(postgres)
  const counters = await openCounters(postgres.peerUrl)
  const saved: number[] = []
  const counted: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const save = await perSecondOf(savers.works, seconds)
    const count = await perSecondOf(counters.works, seconds)
    // The first round warms both up.
    if (round === 0) continue
    saved.push(save)
    counted.push(count)
  }
  await Promise.all([savers.close(), counters.close()])
  return [
    {
      what: `changes a second, ${atOnce} organizations at once`,
      where: `PUT settings, ${processes} processes; PostgreSQL`,
      figure: median(saved.map((it, i) => it / (counted[i] ?? Number.NaN))),
      unit: '×',
      mark: { atLeast: 0.1 },
      beside: 'counting one row up, as many connections',
      detail: `${median(saved).toFixed(0)}/s beside ${median(counted).toFixed(0)}/s`,
    },
  ]
}
