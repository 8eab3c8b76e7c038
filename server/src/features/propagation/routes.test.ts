import { beforeAll, expect, test } from 'vitest'
import { describeOnBoth, type TestDatabase } from '../../../test/databases.ts'
import { type Harness, harness } from '../../../test/harness.ts'
import { FeedLog } from '../../db/feed-log.ts'
import { peers } from '../../db/peers.ts'
import { buildPresence } from './actions.ts'

const sight = { since: 0, agoMs: 0, outageMs: 0, leaving: false }

describeOnBoth('GET …/settings/propagation', (open) => {
  let app: Harness
  let database: TestDatabase
  beforeAll(async () => {
    database = await open()
    app = await harness(database)
  })

  const newTenant = async () => {
    const acme = await app.newOrganization()
    const ask = async () => (await app.call('GET', `${acme.path}/settings/propagation`, { as: acme.admin })).body
    /** Saves, and waits until this process has learned the number of the save by the feed. */
    const save = async (creation: 'all' | 'none') => {
      const saved = await acme.setCreation({ creation })
      await app.lease.renew()
      await app.lease.renew()
      return saved.body.version as number
    }
    const of = async (name: string) => (await ask()).confirmed.find((it: { name: string }) => it.name === name)
    const own = () => of(app.presence.name)
    return { acme, ask, save, of, own }
  }

  test('200: the process that answered a save obeys it, and says how long after', async () => {
    const { acme, ask, save, own } = await newTenant()
    const version = await save('none')
    const told = await ask()
    expect(told.version).toBe(version)
    expect(await own()).toEqual({
      name: app.presence.name,
      kind: 'server',
      version,
      afterMs: expect.any(Number),
      lastSeenAt: expect.any(String),
    })
    const settings = await app.call('GET', `${acme.path}/settings`, { as: acme.admin })
    expect(told.savedAt).toBe(settings.body.updatedAt)
  })

  test('200: a verifier obeys a save once it has applied its number, and not before; one that leaves is gone', async () => {
    const { save, of } = await newTenant()
    const verifier = { ...sight, name: 'orders:1', since: app.lease.applied, applied: app.lease.applied }
    app.presence.seen(verifier)
    const before = await save('none')
    expect(await of('orders:1')).toMatchObject({ kind: 'verifier', version: before - 1 })
    const version = await save('all')
    app.presence.seen({ ...verifier, applied: app.lease.applied, agoMs: 5 })
    expect(await of('orders:1')).toMatchObject({ version })
    expect((await of('orders:1')).afterMs).toBeLessThan(60_000)
    app.presence.seen({ ...verifier, leaving: true })
    await expect.poll(() => of('orders:1')).toBeUndefined()
  })

  test('200: a verifier that began after the save obeys it at once; its own beginning counts, not when it was met here', async () => {
    const { save, of } = await newTenant()
    const version = await save('none')
    app.presence.seen({ ...sight, name: 'late:1', since: app.lease.applied, applied: app.lease.applied })
    expect(await of('late:1')).toMatchObject({ version, afterMs: 0 })
    const { applied } = app.lease
    app.presence.seen({ ...sight, name: 'moved:1', since: applied - 1, applied, agoMs: 0 })
    expect(await of('moved:1')).toMatchObject({ version, afterMs: expect.any(Number) })
  })

  test('200: another process is known by the database; one that was not seen for three seconds is silent, which is no refusal', async () => {
    const { acme, save, of } = await newTenant()
    const version = await save('none')
    const log = new FeedLog()
    const lease = { applied: app.lease.applied, ageMs: 40, log }
    const known = peers(database.db)
    const other = buildPresence({ name: 'other', lease, peers: known, isAlone: true, failed: () => undefined })
    log.push({ number: lease.applied, mark: 'm', forget: [{ kind: 'organization', id: acme.id, version }] })
    await other.flush()
    expect(await of('other')).toMatchObject({ kind: 'server', version, afterMs: expect.any(Number) })
    const asleep = { name: 'asleep', kind: 'verifier', applied: 0, allowanceMs: 500, confirmed: [] } as const
    await known.record([{ ...asleep, seenAgoMs: 5000 }])
    const { lastSeenAt, silentSince, refusesFrom } = await of('asleep')
    expect(silentSince).toBe(lastSeenAt)
    expect(refusesFrom).toBeUndefined()
    await other.close()
    expect(await of('other')).toBeUndefined()
  })

  test('200: the first to see a verifier obey is believed; a later word of the same save changes nothing', async () => {
    const { save, of } = await newTenant()
    await save('none')
    const number = app.lease.applied
    const known = peers(database.db)
    const it = { name: 'v', kind: 'verifier', applied: number, allowanceMs: 0, seenAgoMs: 0 } as const
    const word = async (agoMs: number) => {
      await known.record([{ ...it, confirmed: [{ number, version: 2, agoMs }] }])
      return (await of('v')).afterMs
    }
    const first = await word(0)
    expect(await word(-50_000)).toBe(first)
  })

  test('200: what other organizations saved says nothing here, and 403 for members', async () => {
    const { acme, save, own } = await newTenant()
    const version = await save('none')
    const { afterMs } = await own()
    const other = await app.newOrganization()
    await other.setCreation({ creation: 'none' })
    await app.lease.renew()
    expect(await own()).toMatchObject({ version, afterMs })
    const member = await acme.newMember()
    expect((await app.call('GET', `${acme.path}/settings/propagation`, { as: member })).status).toBe(403)
  })

  test('P11: deleting a selected group is a save like any other', async () => {
    const { acme, own } = await newTenant()
    const groupId = await acme.newGroup()
    await acme.setCreation({ creation: 'groups', groupIds: [groupId] })
    await app.call('DELETE', `${acme.path}/groups/${groupId}?confirm=true`, { as: acme.admin })
    await app.lease.renew()
    await app.lease.renew()
    expect(await own()).toMatchObject({ version: 3 })
  })
})
