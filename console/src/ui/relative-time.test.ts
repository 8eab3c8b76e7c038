import { describe, expect, test } from 'vitest'
import { formatRelative } from './relative-time'

const at = (text: string) => new Date(text).toISOString()
const day = 86_400_000

describe('a time relative to now', () => {
  test.each([
    ['2026-11-29T23:30:00', '2026-12-01T00:30:00', 'in 2 days'],
    ['2026-11-29T01:00:00', '2026-11-30T23:00:00', 'tomorrow'],
    ['2026-11-29T01:00:00', '2026-11-29T23:00:00', 'in 22 hours'],
    ['2026-11-29T23:00:00', '2026-11-27T01:00:00', '2 days ago'],
    ['2026-11-29T12:00:00', '2026-11-28T09:00:00', 'yesterday'],
    ['2026-11-29T12:00:00', '2026-10-25T12:00:00', '1 month ago'],
    ['2026-11-01T12:00:00', '2026-10-04T12:00:00', '4 weeks ago'],
    ['2026-11-29T12:00:00', '2027-01-10T12:00:00', 'in 1 month'],
    ['2026-11-29T12:00:00', '2027-11-29T12:00:00', 'in 1 year'],
    ['2026-11-29T12:00:00', '2026-11-29T12:00:30', 'just now'],
  ])('%s: %s is %s', (now, time, text) => {
    expect(formatRelative(at(time), Date.parse(at(now)))).toBe(text)
  })

  test('"tomorrow" and "yesterday" are always the neighbouring day of the calendar', () => {
    for (let hour = 24; hour < 72; hour += 1) {
      for (const startHour of [0, 9, 23]) {
        const now = new Date(2026, 5, 15, startHour, 30).getTime()
        const time = now + hour * 3_600_000
        const isNextDay = new Date(time).getDate() === new Date(now + day).getDate()
        expect(formatRelative(new Date(time).toISOString(), now) === 'tomorrow').toBe(isNextDay)
      }
    }
  })
})
