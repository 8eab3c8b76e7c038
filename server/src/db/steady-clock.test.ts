import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSteadyClock } from './steady-clock.ts'

test('a suspended machine: the time for which the monotonic clock stood still counts', () => {
  const world = { monotonic: 100, wall: 1_000_000 }
  const now = createSteadyClock(
    () => world.monotonic,
    () => world.wall,
  )
  const before = now()
  world.wall += 600_000
  expect(now() - before).toBe(600_000)
})

test('never slower than either clock by more than the tolerance, and never backwards, whatever both do', () => {
  const step = fc.record({ elapsedMs: fc.nat(2_000), wallJumpMs: fc.integer({ min: -5_000_000, max: 5_000_000 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const world = { monotonic: 0, wall: 1_700_000_000_000 }
      const now = createSteadyClock(
        () => world.monotonic,
        () => world.wall,
      )
      for (const { elapsedMs, wallJumpMs } of steps) {
        const before = { steady: now(), wall: world.wall }
        world.monotonic += elapsedMs
        world.wall += elapsedMs + wallJumpMs
        const passed = now() - before.steady
        expect(passed).toBeGreaterThanOrEqual(elapsedMs)
        expect(passed).toBeGreaterThanOrEqual(world.wall - before.wall - 20)
      }
    }),
  )
})

test('many short suspensions add up: none of them is lost for good', () => {
  const world = { monotonic: 0, wall: 0 }
  const now = createSteadyClock(
    () => world.monotonic,
    () => world.wall,
  )
  const before = now()
  for (let i = 0; i < 100; i += 1) {
    world.wall += 15
    now()
  }
  expect(now() - before).toBeGreaterThanOrEqual(1500 - 20)
})
