import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/databases.ts'
import { isDatabaseAway } from './away.ts'
import { retryConflicts } from './retry-conflicts.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase('postgres')
  await sql`create table counters (id integer primary key, value integer not null)`.execute(database.owner)
  await sql`insert into counters values (1, 0), (2, 0)`.execute(database.owner)
})
afterAll(() => database.drop())

test('two transactions that deadlock: one is run again, and both are done', async () => {
  const met = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
  let attempts = 0
  const increment = (first: number, second: number, own: number) =>
    retryConflicts(() =>
      database.owner.transaction().execute(async (tx) => {
        attempts += 1
        await sql`update counters set value = value + 1 where id = ${first}`.execute(tx)
        met[own]?.resolve()
        await Promise.all(met.map(({ promise }) => promise))
        await sql`update counters set value = value + 1 where id = ${second}`.execute(tx)
      }),
    )
  await Promise.all([increment(1, 2, 0), increment(2, 1, 1)])
  expect(attempts).toBe(3)
  const { rows } = await sql<{ value: number }>`select value from counters`.execute(database.owner)
  expect(rows.map(({ value }) => value)).toEqual([2, 2])
}, 20_000)

test('a conflict that stays is thrown as unavailable, and another error at once', async () => {
  let attempts = 0
  const failWith = (code: string) =>
    retryConflicts(() => {
      attempts += 1
      return Promise.reject(Object.assign(new Error('no'), { code }))
    })
  const error = await failWith('40001').catch((reason: unknown) => reason)
  expect(isDatabaseAway(error)).toBe(true)
  expect(attempts).toBe(3)
  await expect(failWith('23505')).rejects.toMatchObject({ code: '23505' })
  expect(attempts).toBe(4)
})
