import { describe, expect, test } from 'vitest'
import { catalogueFaults, type Feature, ownFeatures, stages, withOwn } from './rules.ts'

const feature = (key: string, more: Partial<Feature> = {}): Feature => ({
  key,
  name: key,
  description: '',
  stage: 'public_preview',
  documentationUrl: null,
  feedbackUrl: null,
  since: null,
  plannedEnd: null,
  requires: [],
  organizations: [],
  ...more,
})
const faultsOf = (...features: Feature[]) => catalogueFaults(features).map(({ index, path }) => [index, ...path])

describe('F1: a catalogue', () => {
  test('without a fault', () => {
    const chain = [
      feature('a', { stage: 'general_availability' }),
      feature('b', { requires: ['a', 'token-insights'], since: '2026-01-01', plannedEnd: '2026-01-01' }),
      feature('c', { stage: 'private_preview', organizations: ['acme'], requires: ['a', 'b'] }),
      feature('d', { stage: 'withdrawn', requires: ['a', 'b', 'c'] }),
    ]
    expect(catalogueFaults(chain)).toEqual([])
    expect(catalogueFaults([])).toEqual([])
    expect(catalogueFaults(ownFeatures)).toEqual([])
  })

  test('names a key twice', () => {
    expect(faultsOf(feature('a'), feature('b'), feature('a'))).toEqual([[2, 'key']])
  })

  test('names a requirement or an organization twice: the later one is told', () => {
    expect(faultsOf(feature('a'), feature('b', { requires: ['a', 'a'] }))).toEqual([[1, 'requires', 1]])
    const organizations = ['acme', 'globex', 'acme', 'acme']
    expect(faultsOf(feature('a', { stage: 'private_preview', organizations }))).toEqual([
      [0, 'organizations', 2],
      [0, 'organizations', 3],
    ])
  })

  test('requires what is not there', () => {
    expect(faultsOf(feature('a', { requires: ['nothing', 'command-palette'] }))).toEqual([[0, 'requires', 0]])
  })

  test('goes in circles, of one, two or three; each on it says so, and what only leads there does not', () => {
    const say = (...features: Feature[]) => catalogueFaults(features).map((it) => it.message)
    expect(say(feature('a', { requires: ['a'] }))).toEqual([expect.stringContaining('a → a')])
    expect(
      say(
        feature('a', { requires: ['b'] }),
        feature('b', { requires: ['c'] }),
        feature('c', { requires: ['a'] }),
        feature('d', { requires: ['a'] }),
      ),
    ).toEqual([
      expect.stringContaining('a → b → c → a'),
      expect.stringContaining('b → c → a → b'),
      expect.stringContaining('c → a → b → c'),
    ])
  })

  test('a circle is found behind a requirement that leads nowhere, and told at the requirements', () => {
    const around = [feature('x'), feature('a', { requires: ['x', 'b'] }), feature('b', { requires: ['y', 'a'] })]
    expect(faultsOf(...around, feature('y', { requires: ['x'] }))).toEqual([
      [1, 'requires'],
      [2, 'requires'],
    ])
  })

  test('each fault says in a sentence what it is about', () => {
    const told = catalogueFaults([
      feature('a', { stage: 'withdrawn' }),
      feature('a', { requires: ['a', 'gone', 'gone'], since: '2026-02-01', plannedEnd: '2026-01-01' }),
      feature('b', { stage: 'general_availability', requires: ['token-insights'], organizations: ['acme'] }),
    ]).map(({ message }) => message)
    for (const message of told) expect(message).toMatch(/^\S+ .+\.$/)
    const all = told.join('\n')
    for (const word of ['key a', 'gone', 'token-insights', 'public_preview', '2026-01-01', '2026-02-01'])
      expect(all).toContain(word)
  })

  test('F7: our own are public previews from the first day', () => {
    const first = { stage: 'public_preview', since: '2026-11-24', requires: [], organizations: [] }
    expect(ownFeatures).toMatchObject([
      { key: 'token-insights', ...first },
      { key: 'command-palette', ...first },
    ])
  })

  test('requires what is less mature: of sixteen pairs of stages six', () => {
    const order = ['withdrawn', 'private_preview', 'public_preview', 'general_availability'] as const
    for (const stage of stages)
      for (const required of stages) {
        const faults = faultsOf(feature('a', { stage: required }), feature('b', { stage, requires: ['a'] }))
        const wrong = order.indexOf(required) < order.indexOf(stage)
        expect(faults, `${stage} requires ${required}`).toEqual(wrong ? [[1, 'requires', 0]] : [])
      }
  })

  test('ends before it begins', () => {
    expect(faultsOf(feature('a', { since: '2026-02-01', plannedEnd: '2026-01-31' }))).toEqual([[0, 'plannedEnd']])
  })

  test('names organizations outside of a private preview', () => {
    for (const stage of stages) {
      const faults = faultsOf(feature('a', { stage, organizations: ['acme'] }))
      expect(faults, stage).toEqual(stage === 'private_preview' ? [] : [[0, 'organizations']])
    }
  })

  test('F7: may end a preview of our own, and what rests on it is told', () => {
    const ended = feature('token-insights', { stage: 'withdrawn' })
    expect(withOwn([ended]).map((it) => [it.key, it.stage])).toEqual([
      ['token-insights', 'withdrawn'],
      ['command-palette', 'public_preview'],
    ])
    expect(faultsOf(ended, feature('a', { requires: ['token-insights'] }))).toEqual([[1, 'requires', 0]])
  })

  test('a long web of requirements is looked through at once', () => {
    const layers = Array.from({ length: 60 }, (_, i) =>
      [0, 1].map((n) => feature(`l${i}-${n}`, { requires: i === 0 ? [] : [`l${i - 1}-0`, `l${i - 1}-1`] })),
    ).flat()
    expect(catalogueFaults(layers)).toEqual([])
  })
})
