import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { groupNameKey, maxGroupsPerAccount, mayJoinGroup, mayManageGroup } from './rules.ts'

describe('O6: group names', () => {
  test.each([
    ['Platform', 'PLATFORM'],
    ['Straße', 'STRASSE'],
    ['Straẞe', 'strasse'],
    ['ΟΔΟΣ', 'οδος'],
    ['É', 'e\u0301'],
    ['ﬁnance', 'FINANCE'],
    ['Ⅳ', 'iv'],
    ['Ａｃｍｅ', 'acme'],
  ])('%s and %s are one name', (a, b) => {
    expect(groupNameKey(a)).toBe(groupNameKey(b))
  })

  test.each([
    ['Platform', 'Platforms'],
    ['Ops', '0ps'],
    ['resume', 'résumé'],
    ['a b', 'ab'],
  ])('%s and %s are two', (a, b) => {
    expect(groupNameKey(a)).not.toBe(groupNameKey(b))
  })

  test('keys are stored, so what they are made of stays as it is', () => {
    expect(groupNameKey('Straße №1')).toBe('strasse no1')
  })

  test('every way of writing one text compares alike, and comparing twice changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const key = groupNameKey(text)
        const others = [text.toUpperCase(), text.toLowerCase(), text.normalize('NFD'), text.normalize('NFC'), key]
        expect(others.map(groupNameKey)).toEqual(others.map(() => key))
      }),
      { numRuns: 500 },
    )
  })
})

describe('O6: who manages a group', () => {
  const model = new Set(['admin/undefined', 'admin/member', 'admin/manager', 'member/manager'])

  test.each(
    (['admin', 'member'] as const).flatMap((role) =>
      ([undefined, 'member', 'manager'] as const).map((inGroup) => ({ role, inGroup })),
    ),
  )('$role who is $inGroup there', ({ role, inGroup }) => {
    const allowed = mayManageGroup(role, inGroup)
    expect(allowed.ok).toBe(model.has(`${role}/${inGroup}`))
    if (!allowed.ok) expect(allowed.code).toBe('forbidden')
  })
})

test('O6: an account joins groups until it is in a hundred', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 * maxGroupsPerAccount }), (attempts) => {
      let joined = 0
      for (let i = 0; i < attempts; i += 1) if (mayJoinGroup(joined).ok) joined += 1
      expect(joined).toBe(Math.min(attempts, 100))
    }),
  )
  expect(mayJoinGroup(maxGroupsPerAccount)).toMatchObject({ code: 'invalid_request', errors: [{ path: 'accountId' }] })
})
