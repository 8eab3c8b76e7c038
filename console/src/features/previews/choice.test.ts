import { describe, expect, test } from 'vitest'
import { amongListed, sameKeys, tick, untick } from './choice'
import { alongSentence } from './words'

const features = [
  { key: 'charts', requires: [] },
  { key: 'alerts', requires: ['charts'] },
  { key: 'palette', requires: [] },
  { key: 'mails', requires: ['alerts', 'general'] },
]

describe('what requires another (F4)', () => {
  test('is ticked with it, and with what that requires; what is not listed is no part of the choice', () => {
    expect(tick(features, ['palette'], 'mails')).toEqual({
      chosen: ['charts', 'alerts', 'palette', 'mails'],
      along: ['charts', 'alerts'],
    })
    expect(tick(features, ['charts'], 'alerts')).toEqual({ chosen: ['charts', 'alerts'], along: [] })
  })
  test('is unticked with it, however far', () => {
    expect(untick(features, ['charts', 'alerts', 'palette', 'mails'], 'charts')).toEqual({
      chosen: ['palette'],
      along: ['alerts', 'mails'],
    })
    expect(untick(features, ['charts', 'alerts'], 'alerts')).toEqual({ chosen: ['charts'], along: [] })
  })
  test('says so', () => {
    expect(alongSentence('Mails', ['Charts', 'Alerts'], true)).toBe(
      'Mails needs Charts and Alerts, which are selected too.',
    )
    expect(alongSentence('Charts', ['Alerts'], false)).toBe('Alerts needs Charts and is no longer selected either.')
  })
})

test('the order is no change, and what has left the list is left out', () => {
  expect(sameKeys(['a', 'b'], ['b', 'a'])).toBe(true)
  expect(sameKeys(['a'], ['a', 'b'])).toBe(false)
  expect(amongListed(features, ['gone', 'palette', 'charts'])).toEqual(['charts', 'palette'])
})
