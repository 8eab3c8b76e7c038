import { describe, expect, test } from 'vitest'
import { Lease } from './lease.ts'

const at = (number: number, mark = `m${number}`) => ({ number, mark })

/** A lease that has begun at 5 and applied up to this number. */
function leaseAt(number: number): Lease {
  const lease = new Lease()
  lease.begin(at(5))
  for (let next = 6; next <= number; next += 1) lease.apply(at(next))
  return lease
}

describe('N3: a grant', () => {
  test('holds from when it was asked for until one second later, less the age', () => {
    const lease = leaseAt(5)
    expect(lease.grant({ ...at(5), ageMs: 37 }, 10_000)).toBe('granted')
    expect(lease.holds(10_962)).toBe(true)
    expect(lease.holds(10_963)).toBe(false)
    expect(lease.ageMs(10_963)).toBe(1000)
  })

  test('does not shorten what a later one gave', () => {
    const lease = leaseAt(5)
    lease.grant({ ...at(5), ageMs: 0 }, 10_200)
    lease.grant({ ...at(5), ageMs: 0 }, 10_000)
    expect(lease.endsAtMs).toBe(11_200)
  })

  test('needs a beginning', () => {
    expect(new Lease().grant({ ...at(5), ageMs: 0 }, 0)).toBe('unknown')
  })

  test('is not given for another mark, nor for what came before the beginning', () => {
    const lease = leaseAt(6)
    expect(lease.grant({ ...at(6, 'other'), ageMs: 0 }, 0)).toBe('unknown')
    expect(lease.grant({ ...at(4), ageMs: 0 }, 0)).toBe('unknown')
    expect(lease.holds(1)).toBe(false)
  })

  test('is given by a server that is a little behind, and vouches up to there', () => {
    const lease = leaseAt(8)
    expect(lease.grant({ ...at(7), ageMs: 0 }, 0)).toBe('granted')
    expect(lease.vouched).toBe(7)
  })

  test('knows the last thousand marks', () => {
    const lease = leaseAt(1_010)
    expect(lease.grant({ ...at(11), ageMs: 0 }, 0)).toBe('granted')
    expect(lease.grant({ ...at(10), ageMs: 0 }, 0)).toBe('unknown')
  })

  test('waits for the stream, and then counts from when it was asked for', () => {
    const lease = leaseAt(5)
    expect(lease.grant({ ...at(7), ageMs: 0 }, 10_000)).toBe('ahead')
    lease.apply(at(6))
    expect(lease.holds(10_500)).toBe(false)
    lease.apply(at(7))
    expect(lease.holds(10_999)).toBe(true)
    expect(lease.holds(11_000)).toBe(false)
  })

  test('that waited is void when the number comes with another mark', () => {
    const lease = leaseAt(5)
    lease.grant({ ...at(6, 'other'), ageMs: 0 }, 10_000)
    lease.apply(at(6))
    expect(lease.holds(10_000)).toBe(false)
  })

  test('that waited is void after a new beginning', () => {
    const lease = leaseAt(5)
    lease.grant({ ...at(6), ageMs: 0 }, 10_000)
    lease.begin(at(5))
    lease.apply(at(6))
    expect(lease.holds(10_000)).toBe(false)
  })

  test('ends with a new beginning', () => {
    const lease = leaseAt(5)
    lease.grant({ ...at(5), ageMs: 0 }, 10_000)
    lease.begin(at(5))
    expect(lease.holds(10_000)).toBe(false)
    expect(lease.vouched).toBe(-1)
  })
})

describe('a change follows', () => {
  test.each([
    [6, true],
    [5, false],
    [7, false],
    [0, false],
  ])('%i on 5: %s', (number, follows) => {
    expect(leaseAt(5).follows(at(number))).toBe(follows)
  })

  test('not before a beginning', () => {
    expect(new Lease().follows(at(1))).toBe(false)
  })

  test('not when an answer from there bore another mark: two histories', () => {
    const lease = leaseAt(5)
    lease.mayKeep(at(6, 'other'), lease.beginnings)
    expect(lease.follows(at(6))).toBe(false)
  })
})

describe('N3: an answer may be kept', () => {
  test.each([
    ['of the point that is applied', at(6), true],
    ['of that number in another history', at(6, 'other'), false],
    ['older than what was forgotten', at(5), false],
    ['from ahead of the stream', at(9), true],
  ])('%s: %s', (_what, point, may) => {
    const lease = leaseAt(6)
    expect(lease.mayKeep(point, lease.beginnings)).toBe(may)
  })

  test('not when everything was forgotten since it was asked for', () => {
    const lease = leaseAt(6)
    const { beginnings } = lease
    lease.begin(at(6))
    expect(lease.mayKeep(at(6), beginnings)).toBe(false)
    expect(lease.mayKeep(at(9), beginnings)).toBe(false)
  })

  test('not before a beginning', () => {
    expect(new Lease().mayKeep(at(6), 0)).toBe(false)
  })

  test('not from two histories ahead', () => {
    const lease = leaseAt(6)
    expect(lease.mayKeep(at(9), lease.beginnings)).toBe(true)
    expect(lease.mayKeep(at(9, 'other'), lease.beginnings)).toBe(false)
  })

  test('only from a thousand points ahead', () => {
    const lease = leaseAt(5)
    const kept = Array.from({ length: 1_100 }, (_, i) => lease.mayKeep(at(100 + i), lease.beginnings))
    expect(kept.filter(Boolean)).toHaveLength(1_000)
  })
})
