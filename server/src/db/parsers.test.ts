import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDate, parseNumber, parseTime } from './parsers.ts'

test('what PostgreSQL writes in ISO style is read to the millisecond, whatever the offset', () => {
  expect(parseTime('2026-11-29 18:35:07.123456+00')).toEqual(new Date('2026-11-29T18:35:07.123Z'))
  expect(parseTime('2026-11-29 18:35:07+05:30')).toEqual(new Date('2026-11-29T13:05:07Z'))
  expect(parseTime('2026-11-29 18:35:07')).toEqual(new Date('2026-11-29T18:35:07Z'))
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), (time) => {
      expect(parseTime(time.toISOString().replace('T', ' ').replace('Z', '+00'))).toEqual(time)
    }),
  )
})

test('what cannot be parsed is an error, never null, never an invalid date', () => {
  for (const text of [
    '29.11.2026 18:35:07 UTC',
    'Sun Nov 29 18:35:07 2026 UTC',
    'infinity',
    '-infinity',
    '',
    '2026-13-01 00:00:00+00',
    '0044-03-15 00:00:00+00 BC',
  ])
    expect(() => parseTime(text)).toThrow('cannot be parsed')
  for (const text of ['29.11.2026', 'infinity', '']) expect(() => parseDate(text)).toThrow('cannot be parsed')
  for (const text of ['NaN', 'Infinity', '', '1,5', 'x']) expect(() => parseNumber(text)).toThrow('cannot be parsed')
})

test('an arbitrary text is a valid time or an error', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      let time: Date | undefined
      try {
        time = parseTime(text)
      } catch {
        return
      }
      expect(Number.isFinite(time.getTime())).toBe(true)
    }),
  )
})
