import { expect, test } from 'vitest'
import { isMet, median, type Row, tableText } from './table.ts'

const row = (figure: number, mark: Row['mark']): Row => ({
  what: 'introspection',
  where: 'HTTP; PostgreSQL',
  figure,
  unit: '×',
  mark,
  beside: 'bare node:http',
  detail: '40k/s beside 50k/s',
})

test.each([
  [0.75, { atLeast: 0.75 }, true],
  [0.749, { atLeast: 0.75 }, false],
  [1.5, { atMost: 1.5 }, true],
  [1.501, { atMost: 1.5 }, false],
  [Number.NaN, { atLeast: 0.75 }, false],
  [Number.NaN, { atMost: 1.5 }, false],
])('%s against %o is met: %s; what could not be measured is not', (figure, mark, met) => {
  expect(isMet(row(figure, mark))).toBe(met)
})

test('a missed mark is named in its line and counted at the end', () => {
  const text = tableText([row(0.8, { atLeast: 0.75 }), row(0.7, { atLeast: 0.75 })])
  const [, first, second] = text.split('\n')
  expect(first).toMatch(/^ok .*0\.80 × +≥ 0\.75 ×/)
  expect(second).toMatch(/^MISSED .*0\.70 ×/)
  expect(text).toContain('1 of 2 marks missed.')
})

test('the median of an even number lies between', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([9, 1, 5])).toBe(5)
})
