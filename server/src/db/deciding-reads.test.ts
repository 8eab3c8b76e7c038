import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeOnBoth, openTestDatabase, type TestDatabase } from '../../test/databases.ts'
import { createDecidingReads, refusalOf } from './deciding-reads.ts'

const lease = () => ({ holds: true, applied: 0, mark: '', beginnings: 1, confirmedAt: 1 })
const call = sql<{ token_id: string | null }>`find_token('nobody')`

test('only a read from the primary, at or after the point of the lease and of its history, may decide', () => {
  const position = fc.record({
    not_writable: fc.boolean(),
    synchronous: fc.boolean(),
    head: fc.nat(5),
    seen_mark: fc.constantFrom('', 'a', 'b'),
  })
  const asked = fc.record({ applied: fc.nat(5), mark: fc.constantFrom('', 'a', 'b') })
  fc.assert(
    fc.property(position, asked, fc.boolean(), (at, point, holds) => {
      const mayDecide =
        !at.not_writable && at.head >= point.applied && at.seen_mark === point.mark && (holds || !at.synchronous)
      expect(refusalOf(at, point, holds) === undefined).toBe(mayDecide)
    }),
  )
})

describeOnBoth('reads that decide', (open) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await open()
  })

  test('an answer that is behind what was applied, or of another history, is unavailable', async () => {
    expect(await createDecidingReads(database.db, lease())(call, 'token_id')).toEqual([])
    for (const point of [{ applied: 1_000_000 }, { mark: 'another' }])
      await expect(createDecidingReads(database.db, { ...lease(), ...point })(call, 'token_id')).rejects.toMatchObject({
        code: '57P03',
      })
  })

  test('a read-only transaction is unavailable', async () => {
    await database.db
      .transaction()
      .setAccessMode('read only')
      .execute(async (tx) => {
        await expect(createDecidingReads(tx, lease())(call, 'token_id')).rejects.toMatchObject({ code: '25006' })
      })
  })
})

for (const kind of ['embedded', 'postgres'] as const) {
  let database: TestDatabase
  beforeAll(async () => {
    database = await openTestDatabase(kind)
  })
  afterAll(() => database.drop())

  test(`a frozen database: one read times out, the others fail without asking until the feed has answered [${kind}]`, async () => {
    const current = { ...lease(), holds: false }
    const decide = createDecidingReads(database.db, current, 50)
    const frozen = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const asked = () => database.load().inUse + database.load().waiting
    const freeze = database.owner.transaction().execute(async (tx) => {
      await sql`lock table token_secrets in access exclusive mode`.execute(tx)
      begun.resolve()
      await frozen.promise
    })
    await begun.promise
    await expect(decide(call, 'token_id')).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    const before = asked()
    for (let i = 0; i < 20; i += 1) await expect(decide(call, 'token_id')).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    expect(asked()).toBe(before)
    // The feed answered, so the database is asked again.
    current.confirmedAt = 2
    const again = decide(call, 'token_id')
    expect(asked()).toBeGreaterThan(before)
    current.holds = true
    frozen.resolve()
    expect(await again).toEqual([])
    await freeze
  })
}
