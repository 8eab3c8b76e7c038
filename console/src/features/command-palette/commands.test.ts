import { beforeEach, expect, test, vi } from 'vitest'
import { type Command, find } from './commands'
import { readRecent, rememberRecent } from './recent'

const command = (label: string, group: Command['group'] = 'Pages'): Command => ({
  key: label,
  label,
  group,
  run: () => undefined,
})
const all = [command('API tokens'), command('Groups'), command('Create token', 'Actions'), command('Zażółć gęślą')]
const labels = (typed: string, recent: string[] = []) =>
  find(all, typed, recent).map(({ group, commands }) => [group, ...commands.map(({ label }) => label)])

test('with nothing typed, what was chosen last comes first, and nothing twice', () => {
  expect(labels('', ['Create token', 'gone', 'Groups'])).toEqual([
    ['Recent', 'Create token', 'Groups'],
    ['Pages', 'API tokens', 'Zażółć gęślą'],
  ])
})

test('typed: the best fit first, among equals the recent one; accents and case don’t matter', () => {
  expect(labels('tok')).toEqual([['Found', 'API tokens', 'Create token']])
  expect(labels('tok', ['Create token'])).toEqual([['Found', 'Create token', 'API tokens']])
  expect(labels('CREATE tok')).toEqual([['Found', 'Create token']])
  expect(labels('zazo')).toEqual([['Found', 'Zażółć gęślą']])
  expect(labels('nothing')).toEqual([])
})

beforeEach(() => {
  const kept = new Map<string, string>()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  })
})

test('recent commands: of one viewer, the latest first, six at most, whatever stands in the storage', () => {
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'b']) rememberRecent('ada', key)
  expect(readRecent('ada')).toEqual(['b', 'g', 'f', 'e', 'd', 'c'])
  expect(readRecent('grace')).toEqual([])
  localStorage.setItem('portcullis-recent-commands:eve', '{"not":"a list"}')
  expect(readRecent('eve')).toEqual([])
  localStorage.setItem('portcullis-recent-commands:eve', '[1, "a", null]')
  expect(readRecent('eve')).toEqual(['a'])
  localStorage.setItem('portcullis-recent-commands:eve', 'broken')
  expect(readRecent('eve')).toEqual([])
})
