import { describe, expect, test } from 'vitest'
import type { Token } from '../tokens/queries'
import { perAccount, roundUp, worthALook } from './insights'
import { summaryOf } from './words'

const now = Date.parse('2026-11-24T12:00:00Z')
const ago = (days: number) => new Date(now - days * 86_400_000).toISOString()
const token = (id: string, change: Partial<Token>) =>
  ({ id, createdAt: ago(100), lastUsedAt: ago(1), expiresAt: ago(-30), ...change }) as Token
const ids = (tokens: Token[], days = 30) =>
  worthALook(tokens, days, now).map(({ token, unused, neverExpires }) => [token.id, unused, neverExpires])

describe('what is worth a look', () => {
  test('unused for the whole period, or without an expiration; both at once first', () => {
    const tokens = [
      token('fine', {}),
      token('forever', { expiresAt: null }),
      token('never', { lastUsedAt: null }),
      token('quiet', { lastUsedAt: ago(31), expiresAt: null }),
    ]
    expect(ids(tokens)).toEqual([
      ['quiet', true, true],
      ['never', true, false],
      ['forever', false, true],
    ])
    expect(ids(tokens, 90)).toContainEqual(['quiet', false, true])
  })
  test('a token younger than the period has not had its time', () => {
    expect(ids([token('new', { createdAt: ago(3), lastUsedAt: null })])).toEqual([])
    expect(ids([token('new', { createdAt: ago(8), lastUsedAt: null })], 7)).toEqual([['new', true, false]])
  })
})

test('accounts: their tokens together, most used first, the latest use of any', () => {
  const [ada, deploy] = [
    { id: 'mem_1', kind: 'member', name: 'Ada' } as const,
    { id: 'svc_1', kind: 'service_account', name: 'Deploy' } as const,
  ]
  const used = [
    { tokenId: 'a', name: 'A', account: ada, count: 5, lastUsedAt: ago(3) },
    { tokenId: 'b', name: 'B', account: deploy, count: 7, lastUsedAt: null },
    { tokenId: 'c', name: 'C', account: ada, count: 4, lastUsedAt: ago(2) },
  ]
  expect(perAccount(used)).toEqual([
    { account: ada, count: 9, tokens: 2, lastUsedAt: ago(2) },
    { account: deploy, count: 7, tokens: 1, lastUsedAt: null },
  ])
})

test.each([
  [0, 4],
  [4, 4],
  [5, 6],
  [11, 12],
  [13, 16],
  [999, 1000],
  [1318, 1600],
  [24_001, 30_000],
])('the axis of %d ends at %d, whose half is whole', (highest, end) => {
  expect(roundUp(highest)).toBe(end)
})

test('the period in a sentence', () => {
  const days = [
    { date: '2026-11-23', count: 3 },
    { date: '2026-11-24', count: 1 },
  ]
  expect(summaryOf({ days, tokens: [] })).toMatch(/^4 uses in the last 2 days, by 0 tokens; most on .*23.* \(3\)\.$/)
  expect(summaryOf({ days: [{ date: '2026-11-24', count: 0 }], tokens: [] })).toBe('No use in the last 1 days.')
})
