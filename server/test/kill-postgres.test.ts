import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client as Connection } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { startPostgres } from './databases-server.ts'
import { Client } from './faults-client.ts'
import { Ledger } from './faults-ledger.ts'
import { Chance, Recoveries, rounds } from './faults-rounds.ts'
import { Site } from './faults-site.ts'
import { expectTrueDecisions, expectWhole, Look } from './faults-verdict.ts'

const kills = Math.ceil(rounds / 2)

/** Kills one of the service's connections on the server's side: PostgreSQL then ends them all, and recovers by itself. */
async function killBackend(url: string, chance: Chance): Promise<void> {
  const connection = new Connection({ connectionString: url })
  connection.on('error', () => undefined)
  await connection.connect()
  const ended = new Promise((resolve) => connection.once('end', resolve))
  const { rows } = await connection.query<{ pid: number }>(
    "select pid from pg_stat_activity where application_name like 'portcullis%' order by pid",
  )
  process.kill(chance.pick(rows).pid, 'SIGKILL')
  // Only then has it noticed; until then all answers are those of before.
  await ended
}

test(`${kills} kill -9 of PostgreSQL amid parallel changes: the server says what it waits for, and heals by itself`, {
  timeout: 60_000 + kills * 30_000,
}, async () => {
  const postgres = await startPostgres(true)
  onTestFinished(() => postgres.stop())
  const place = { dataFolder: mkdtempSync(join(tmpdir(), 'portcullis-data-')), databaseUrl: postgres.url }
  const site = await Site.start(place)
  onTestFinished(() => site.close())
  const chance = new Chance(3)
  const ledger = new Ledger()
  const look = new Look(site, ledger)
  const recoveries = new Recoveries('kill -9 of PostgreSQL')
  let going = true
  const clients = [1, 2, 3, 4].map((it) => new Client(site, ledger, new Chance(it * 100)))
  const lanes = clients.map((it) => it.changeOnAndOn(() => going))
  for (let kill = 1; kill <= kills; kill += 1) {
    await ledger.more(1 + chance.number(60))
    await chance.moment(20)
    const whole = chance.number(3) > 0
    if (whole) {
      await postgres.kill()
      await expect.poll(() => site.waitsFor(), { timeout: 30_000, interval: 10 }).toEqual(['the database'])
      await ledger.moreFailures(1)
      for (const it of [...ledger.good.values()].slice(0, 3)) expect(await site.decision(it)).toBe('unavailable')
      await postgres.restart()
    } else await killBackend(postgres.url, chance)
    await recoveries.measure(async () => {
      await site.process.ready()
      await ledger.more(1)
    })
    await look.expectAcknowledged()
  }
  going = false
  await Promise.all(lanes)
  await expectTrueDecisions(site, ledger)
  await site.process.stop()
  await expectWhole(place, site, ledger)
  // It is there all the while: no connection breaks, and an outage is told as one.
  expect(Object.keys(ledger.statuses).filter((it) => ['broken', '500'].includes(it))).toEqual([])
  expect(recoveries.tooLong(`${ledger}`)).toEqual([])
})
