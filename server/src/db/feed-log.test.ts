import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type FeedEntry, FeedLog } from './feed-log.ts'

const entry = (number: number, names = 1): FeedEntry => ({
  number,
  mark: `m${number}`,
  forget: Array.from({ length: names }, (_, i) => ({ kind: 'token', id: `${number}.${i}` })),
})

test('nothing is known before the beginning, and only one mark names a point', () => {
  const log = new FeedLog()
  expect(log.since({ number: 0, mark: '' })).toBeUndefined()
  log.begin({ number: 7, mark: 'm7' })
  log.push(entry(8))
  expect(log.since({ number: 7, mark: 'm7' })).toEqual([entry(8)])
  expect(log.since({ number: 8, mark: 'm8' })).toEqual([])
  for (const point of [
    { number: 8, mark: 'other' },
    { number: 7, mark: '' },
    { number: 6, mark: 'm6' },
    { number: 9, mark: 'm9' },
    { number: Number.NaN, mark: 'm8' },
  ])
    expect(log.since(point)).toBeUndefined()
  log.begin({ number: 8, mark: 'n8' })
  expect(log.since({ number: 8, mark: 'm8' })).toBeUndefined()
  expect(log.since({ number: 8, mark: 'n8' })).toEqual([])
})

test('what comes after any point is all that came after it, or is not known: never less; and it is bounded', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(12), { maxLength: 60 }),
      fc.nat(70),
      fc.record({ entries: fc.integer({ min: 1, max: 20 }), names: fc.integer({ min: 1, max: 60 }) }),
      (names, at, bounds) => {
        const log = new FeedLog(bounds)
        log.begin({ number: 5, mark: 'm5' })
        const all = names.map((count, i) => entry(6 + i, count))
        for (const it of all) log.push(it)
        const known = log.since({ number: at, mark: `m${at}` })
        if (known) expect(known).toEqual(all.filter(({ number }) => number > at))
        const head = 5 + all.length
        expect(log.since({ number: head, mark: `m${head}` })).toEqual([])
        const kept = Array.from({ length: head + 1 }, (_, number) => log.since({ number, mark: `m${number}` }))
        expect(Math.max(...kept.map((it) => it?.length ?? 0))).toBeLessThanOrEqual(bounds.entries)
      },
    ),
  )
})

test('a listener that ended is told no more', () => {
  const log = new FeedLog()
  const told: number[] = []
  const stop = log.onStep((step) => told.push(step.number))
  log.begin({ number: 1, mark: 'm1' })
  log.push(entry(2))
  stop()
  log.push(entry(3))
  expect(told).toEqual([1, 2])
})
