import { describe, expect, test } from 'vitest'
import { limits, waitSeconds } from './limits.ts'

describe('counted attempts', () => {
  const limit = { most: 3, seconds: 60 }

  test('have room up to the limit, then wait until the window is over', () => {
    const startedMs = 1_000_000
    expect(waitSeconds(limit, { count: 3, startedMs }, startedMs)).toBeUndefined()
    expect(waitSeconds(limit, { count: 4, startedMs }, startedMs)).toBe(60)
    expect(waitSeconds(limit, { count: 4, startedMs }, startedMs + 59_001)).toBe(1)
    expect(waitSeconds(limit, { count: 4, startedMs }, startedMs + 90_000)).toBe(1)
  })

  test('of one address never reach what locks a person out everywhere', () => {
    const perHour = limits.sign_in_here.most * (3600 / limits.sign_in_here.seconds)
    expect(perHour).toBeLessThan(limits.sign_in.most)
  })
})
