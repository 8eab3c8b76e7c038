import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findNameFault, hasAtSign, toNameKey } from './names.ts'

describe('names', () => {
  test.each([
    ['zero-width space', '\u200b'],
    ['word joiner', '\u2060'],
    ['Hangul filler', '\u3164'],
    ['half-width Hangul filler', '\uffa0'],
    ['braille blank', '\u2800'],
    ['variation selector', '\ufe0f'],
    ['combining grapheme joiner', '\u034f'],
    ['several, with a space', '\u3164 \u3164'],
  ])('%s by itself cannot be seen', (_name, text) => {
    expect(findNameFault(text)).toBe('Enter a name that can be seen.')
    expect(findNameFault(`a${text}`)).not.toBe('Enter a name that can be seen.')
  })

  test.each([
    ['zero-width space', 'O\u200bps'],
    ['word joiner', 'O\u2060ps'],
    ['soft hyphen', 'O\u00adps'],
    ['right-to-left override', 'a\u202egpj.exe'],
    ['isolate', '\u2066Ops\u2069'],
    ['left-to-right mark', 'Ops\u200e'],
    ['byte order mark', 'O\ufeffps'],
    ['joiner between Latin letters', 'O\u200dps'],
    ['non-joiner after a letter', 'Ops\u200c'],
    ['joiner at the start', '\u200dعلی'],
    ['tag characters without a flag', 'a\u{e0061}'],
  ])('%s is refused', (_name, text) => expect(findNameFault(text)).toBe('Leave out invisible characters.'))

  test.each([
    'Zoë Ångström',
    'علی‌رضا',
    'क्‍ष',
    'ශ්‍රී ලංකා',
    '👩‍🚀 crew',
    '👩🏽‍🚀',
    '❤️',
    '🏴󠁧󠁢󠁳󠁣󠁴󠁿',
    '日本',
    'R&D / α-β',
    '!',
    'O’Brien',
  ])('%s is a name', (text) => expect(findNameFault(text)).toBeUndefined())

  test('ignorable characters do not make a name different', () => {
    const ignorable = fc.constantFrom(
      '\u200b',
      '\u2060',
      '\u3164',
      '\u00ad',
      '\ufe0f',
      '\u200d',
      '\u034f',
      '\u115f',
      '\u{e0061}',
    )
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
        ignorable,
        fc.nat(20),
        (name, character, at) => {
          const letters = [...name]
          const changed = [...letters.slice(0, at), character, ...letters.slice(at)].join('')
          expect(toNameKey(changed)).toBe(toNameKey(name.replace(/[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu, '')))
          expect(toNameKey(toNameKey(name))).toBe(toNameKey(name))
        },
      ),
    )
  })

  test('an at sign is found in each of its forms', () => {
    for (const sign of ['@', '\uff20', '\ufe6b']) expect(hasAtSign(`cto${sign}globex.test`)).toBe(true)
    expect(hasAtSign('cto at globex.test')).toBe(false)
  })
})
