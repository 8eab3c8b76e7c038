import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchOf, type ReportedUse, usesReported } from './rules.ts'

const now = Date.parse('2026-11-24T10:20:00.123Z')
const hour = 60 * 60 * 1000
const day = 24 * hour
const dayOf = (atMs: number) => new Date(atMs).toISOString().slice(0, 10)

const reported = (over: Partial<ReportedUse> = {}): ReportedUse => ({
  tokenId: 'tok_1',
  day: '2026-11-24',
  count: 3,
  lastUsedAt: new Date(now - 5_000),
  ...over,
})
const taken = (over: Partial<ReportedUse>) => {
  const uses = usesReported([reported(over)], now)
  return uses.ok ? uses.value[0] : uses.errors
}

test('T8: pending uses are written for the UTC day of the last one', () => {
  const pending = new Map([
    ['tok_1', { count: 3, lastUsedAtMs: Date.parse('2026-11-24T23:59:59.999Z') }],
    ['tok_2', { count: 1, lastUsedAtMs: Date.parse('2026-11-25T00:00:00Z') }],
  ])
  expect(batchOf(pending)).toEqual([
    { tokenId: 'tok_1', day: '2026-11-24', count: 3, lastUsedAt: '2026-11-24T23:59:59.999Z' },
    { tokenId: 'tok_2', day: '2026-11-25', count: 1, lastUsedAt: '2026-11-25T00:00:00.000Z' },
  ])
  expect(batchOf(new Map())).toEqual([])
})

describe('T8: uses that a verifier reports', () => {
  test('stand as they are where its clock is right', () => {
    expect(taken({})).toEqual({
      tokenId: 'tok_1',
      day: '2026-11-24',
      count: 3,
      lastUsedAt: '2026-11-24T10:19:55.123Z',
    })
    expect(taken({ day: '2026-11-17', lastUsedAt: new Date('2026-11-17T23:59:59Z') })).toMatchObject({
      day: '2026-11-17',
      lastUsedAt: '2026-11-17T23:59:59.000Z',
    })
  })

  test('count as now when its clock is ahead, by a second, by an hour over midnight, by centuries', () => {
    expect(taken({ lastUsedAt: new Date(now + 1_000) })).toMatchObject({ lastUsedAt: '2026-11-24T10:20:00.123Z' })
    expect(taken({ day: '2026-11-25', lastUsedAt: new Date('2026-11-25T00:30:00Z') })).toMatchObject({
      day: '2026-11-24',
      lastUsedAt: '2026-11-24T10:20:00.123Z',
    })
    expect(taken({ day: '9999-12-31', lastUsedAt: new Date('9999-12-31T23:59:59Z') })).toMatchObject({
      day: '2026-11-24',
      lastUsedAt: '2026-11-24T10:20:00.123Z',
    })
  })

  test('were used last on their own day at the earliest', () => {
    expect(taken({ lastUsedAt: new Date('0001-01-01T00:00:00Z') })).toMatchObject({
      lastUsedAt: '2026-11-24T00:00:00.000Z',
    })
  })

  test('422: of a day that is over for more than a week, each with its place, and none of them is taken', () => {
    const uses = usesReported([reported(), reported({ day: '2026-11-16' }), reported({ day: '0000-01-01' })], now)
    expect(uses).toMatchObject({ code: 'invalid_request', errors: [{ path: '1.day' }, { path: '2.day' }] })
  })

  test('fifty faults are told at most, and the week reaches back seven whole days', () => {
    const uses = usesReported(Array<ReportedUse>(60).fill(reported({ day: '2026-11-16' })), now)
    expect(uses.ok ? [] : uses.errors).toHaveLength(50)
    expect(uses).toMatchObject({ errors: [{ message: 'At most 7 days ago.' }, ...Array(49).fill({})] })
    expect(usesReported([reported({ day: '2026-11-17' })], now).ok).toBe(true)
  })

  test('never lie in the future, nor before the week, whatever is reported', () => {
    const at = fc.integer({ min: now - 7 * day, max: now + 400 * day })
    fc.assert(
      fc.property(at, at, (dayMs, lastMs) => {
        const uses = usesReported([reported({ day: dayOf(dayMs), lastUsedAt: new Date(lastMs) })], now)
        const [use] = uses.ok ? uses.value : []
        if (!use) return false
        const last = Date.parse(use.lastUsedAt)
        return use.day <= dayOf(now) && use.day >= dayOf(now - 7 * day) && last <= now && last >= Date.parse(use.day)
      }),
    )
  })
})
