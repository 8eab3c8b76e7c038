import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../src/db/open.ts'
import type { DatabaseKind } from './databases.ts'
import { startPostgres } from './databases-server.ts'
import { SmallDisk } from './disk-small.ts'
import { Client } from './faults-client.ts'
import { Ledger } from './faults-ledger.ts'
import { Chance, Recoveries } from './faults-rounds.ts'
import { type Place, Site } from './faults-site.ts'
import { expectTrueDecisions, expectWhole, Look } from './faults-verdict.ts'

const segmentBytes = 16 * 1024 * 1024
/** So much of PostgreSQL's log fits into the file that it has when the server starts, which writes some of it. */
const leftInLogBytes = 1024 * 1024
/** Room for tables meanwhile, and none for a file more of the log. */
const roomBytes = 12 * 1024 * 1024

/** Writes PostgreSQL's log on until its present file is almost full, with nothing but messages to nobody. */
async function fillLogFile(place: Place): Promise<void> {
  const { owner, close } = await openDatabase(place)
  const at = sql<{ at: number }>`select (pg_current_wal_insert_lsn() - '0/0') as at`
  const offset = ((await at.execute(owner)).rows[0]?.at as number) % segmentBytes
  const wanted = (2 * segmentBytes - leftInLogBytes - offset) % segmentBytes
  for (let left = wanted; left > 0; left -= 1024 * 1024)
    await sql`select pg_logical_emit_message(false, 'ballast', repeat('x', ${Math.min(left, 1024 * 1024)}::integer))`.execute(
      owner,
    )
  await close()
}

/** PostgreSQL makes the log's next file ahead of time, as it starts; one in which nothing stands yet is nobody's. */
function removeSpareLogFile({ folder }: SmallDisk): void {
  for (const it of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/pg_wal\/[0-9A-F]{24}$/.test(it)) continue
    if (readFileSync(join(folder, it)).every((byte) => byte === 0)) rmSync(join(folder, it))
  }
}

/** Everything that the database keeps is on this disk. `revive`: what an operator's supervisor does, if need be. */
async function placeOn(disk: SmallDisk, kind: DatabaseKind): Promise<Place & { revive: () => Promise<void> }> {
  const dataFolder = join(disk.folder, 'data')
  if (kind === 'embedded') return { dataFolder, revive: async () => undefined }
  const postgres = await startPostgres(true, disk.folder)
  onTestFinished(() => postgres.stop())
  const revive = async () => {
    if (!postgres.isRunning()) await postgres.restart()
  }
  return { dataFolder, databaseUrl: postgres.url, revive }
}

const small = SmallDisk.mount(1)
small?.unmount()
const aloud = small ? '' : '; left out: neither this user nor `sudo -n` can mount a small file system here'

test.skipIf(!small).each<DatabaseKind>(['embedded', 'postgres'])(
  `a disk that is full amid parallel changes: what is acknowledged is stored, the gate stays shut, and it heals [%s]${aloud}`,
  { timeout: 300_000 },
  async (kind) => {
    const disk = SmallDisk.mount(kind === 'embedded' ? 128 : 192) as SmallDisk
    onTestFinished(() => disk.unmount())
    const { revive, ...place } = await placeOn(disk, kind)
    await fillLogFile(place)
    const site = await Site.start(place)
    onTestFinished(() => site.close())
    removeSpareLogFile(disk)
    const ledger = new Ledger()
    const look = new Look(site, ledger)
    const recoveries = new Recoveries(`disk full [${kind}]`)
    let going = true
    const clients = [1, 2, 3, 4].map((it) => new Client(site, ledger, new Chance(it * 1000)))
    const lanes = clients.map((it) => it.changeOnAndOn(() => going))
    const recovered = async () => {
      disk.makeRoom()
      await recoveries.measure(async () => {
        await revive()
        await site.process.ready()
        await ledger.more(1)
      })
      await look.expectAcknowledged()
    }
    await ledger.more(5)

    // Tables may still grow, but the log may not: PostgreSQL gives up, and cannot even recover.
    disk.fill(roomBytes)
    await expect.poll(() => site.waitsFor(), { timeout: 120_000, interval: 20 }).toEqual(['the database'])
    for (const it of [...ledger.good.values(), ...ledger.dead].slice(0, 2))
      expect(await site.decision(it)).toBe('unavailable')
    await recovered()

    // A log with room, and tables that cannot grow: changes fail, while everything else goes on.
    disk.fill()
    await ledger.moreFailures(20)
    await recovered()

    going = false
    await Promise.all(lanes)
    await expectTrueDecisions(site, ledger)
    expect(await site.process.stop()).toBe(0)
    await expectWhole(place, site, ledger)
    expect(recoveries.tooLong(`${ledger}`)).toEqual([])
  },
)
