import { expect, test } from 'vitest'
import { Lease } from './lease.ts'
import { createSteadyClock } from './steady-clock.ts'

test('a suspended machine does not trust its lease on waking', () => {
  const world = { monotonic: 100, wall: 1_000_000 }
  const now = createSteadyClock(
    () => world.monotonic,
    () => world.wall,
  )
  const lease = new Lease()
  lease.begin({ number: 1, mark: 'a' })
  lease.grant({ number: 1, mark: 'a', ageMs: 0 }, now())
  expect(lease.holds(now())).toBe(true)
  // Ten minutes asleep, for which the monotonic clock stands still.
  world.wall += 600_000
  expect(lease.holds(now())).toBe(false)
  expect(lease.ageMs(now())).toBeGreaterThanOrEqual(600_000)
})

test('an answer that was on its way while the machine slept grants nothing', () => {
  const world = { monotonic: 0, wall: 0 }
  const now = createSteadyClock(
    () => world.monotonic,
    () => world.wall,
  )
  const lease = new Lease()
  lease.begin({ number: 1, mark: 'a' })
  const sentAtMs = now()
  world.wall += 5_000
  lease.grant({ number: 1, mark: 'a', ageMs: 0 }, sentAtMs)
  expect(lease.holds(now())).toBe(false)
})

test('a wall clock that is set, forwards or back, ends a lease and the next answer grants one again', () => {
  for (const jumpMs of [3_600_000, -3_600_000]) {
    const world = { monotonic: 0, wall: 1_700_000_000_000 }
    const now = createSteadyClock(
      () => world.monotonic,
      () => world.wall,
    )
    const lease = new Lease()
    lease.begin({ number: 1, mark: 'a' })
    lease.grant({ number: 1, mark: 'a', ageMs: 0 }, now())
    world.wall += jumpMs
    expect(lease.holds(now())).toBe(false)
    lease.grant({ number: 1, mark: 'a', ageMs: 0 }, now())
    expect(lease.holds(now())).toBe(true)
  }
})
