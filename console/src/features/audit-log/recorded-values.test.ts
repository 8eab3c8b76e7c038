import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toChangedLines, toRecordedLines } from './recorded-values'

test('a setting reads as labelled fields, with the names of its groups', () => {
  const groups = [
    { id: 'grp_1', name: 'Platform' },
    { id: 'grp_2', name: 'Security' },
  ]
  expect(toRecordedLines({ creation: 'groups', groups, suspendOutsideGroups: true })).toEqual([
    ['Who can create API tokens', ['Selected groups']],
    ['Groups', ['Platform', 'Security']],
    ['Suspend tokens of accounts outside of these groups', ['Yes']],
  ])
})

test('a nested thing reads as its name, and without one as its own fields', () => {
  expect(toRecordedLines({ account: { id: 'mem_1', name: 'Grace Hopper' }, role: 'manager' })).toEqual([
    ['Account', ['Grace Hopper']],
    ['Role', ['Manager']],
  ])
  expect(toRecordedLines({ apiTokens: { creation: 'none' } })).toEqual([['Who can create API tokens', ['Nobody']]])
  expect(toRecordedLines({ groups: [] })).toEqual([['Groups', []]])
})

test('what is the same before and after is not shown', () => {
  const before = { creation: 'all', suspendOutsideGroups: false }
  const after = { creation: 'none', suspendOutsideGroups: false }
  expect(toChangedLines(before, after)).toEqual({
    before: [['Who can create API tokens', ['All members']]],
    after: [['Who can create API tokens', ['Nobody']]],
  })
})

test('whatever an event holds, it is never shown as JSON', () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/)
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, word, fc.integer(), fc.boolean(), fc.constant(null), tie('list'), tie('thing')),
    list: fc.array(tie('value'), { maxLength: 3 }),
    thing: fc.dictionary(word, tie('value'), { maxKeys: 3 }),
  }))
  fc.assert(
    fc.property(value, (recorded) => {
      expect(
        JSON.stringify(
          toRecordedLines(recorded)
            .flatMap(([label, texts]) => [label, ...texts])
            .join(' '),
        ),
      ).not.toMatch(/[{}[\]]|object Object/)
    }),
  )
})
