import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type DatabaseKind, newDataFolder, newPostgresDatabase } from './databases.ts'
import { Client } from './faults-client.ts'
import { Ledger } from './faults-ledger.ts'
import { Chance, Recoveries, rounds } from './faults-rounds.ts'
import { type Place, Site } from './faults-site.ts'
import { expectTrueDecisions, expectWhole, Look } from './faults-verdict.ts'

async function newPlace(kind: DatabaseKind): Promise<Place> {
  if (kind === 'embedded') return { dataFolder: newDataFolder() }
  const { url, drop } = await newPostgresDatabase()
  onTestFinished(drop)
  return { dataFolder: mkdtempSync(join(tmpdir(), 'portcullis-data-')), databaseUrl: url }
}

/** As long as a start takes: within it, another kill interrupts the recovery itself. */
const startMs = 1200

test.each<DatabaseKind>(['embedded', 'postgres'])(
  `${rounds} kill -9 of the server amid parallel changes: nothing that was answered is missing, nothing is half done [%s]`,
  { timeout: 60_000 + rounds * 20_000 },
  async (kind) => {
    const place = await newPlace(kind)
    const site = await Site.start(place)
    onTestFinished(() => site.close())
    const chance = new Chance(kind === 'embedded' ? 1 : 2)
    const ledger = new Ledger()
    const clients = [1, 2, 3, 4].map((it) => new Client(site, ledger, new Chance(it * 10)))
    const look = new Look(site, ledger)
    const recoveries = new Recoveries(`kill -9 of the server [${kind}]`)
    for (let round = 1; round <= rounds; round += 1) {
      const lanes = clients.map((it) => it.changeOnAndOn())
      await ledger.more(1 + chance.number(60))
      await chance.moment(20)
      await site.process.kill()
      await Promise.all(lanes)
      if (chance.number(4) === 0) {
        const starting = site.process.start().catch(() => undefined)
        await chance.moment(startMs)
        await site.process.kill()
        await starting
      }
      await recoveries.measure(() => site.process.start())
      await look.expectAcknowledged()
    }
    await expectTrueDecisions(site, ledger)
    await site.process.kill()
    await expectWhole(place, site, ledger)
    expect(recoveries.tooLong(`${ledger}`)).toEqual([])
  },
)
