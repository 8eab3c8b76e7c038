import { describe, expect, test } from 'vitest'
import type { Impact } from '../impact/queries'
import { impactSentence } from '../impact/words'
import { findRestoredVersion, lacksGroups, sameChoice, toChoice, toDraft } from './choice'
import type { Propagation, Settings } from './queries'
import { effectText, savedNotice, standingOf } from './words'

type Saved = Settings['apiTokens']

const choice = (change: Partial<Saved> = {}): Saved => ({
  creation: 'all',
  groupIds: [],
  suspendOutsideGroups: false,
  beforeStop: null,
  ...change,
})

describe('the form keeps what every mode keeps (P6)', () => {
  test('turned off and on again, the selection is as it was', () => {
    const off = toDraft(choice({ creation: 'none', groupIds: ['grp_2', 'grp_1'], suspendOutsideGroups: true }))
    expect(toChoice({ ...off, allowed: true })).toEqual({
      creation: 'groups',
      groupIds: ['grp_1', 'grp_2'],
      suspendOutsideGroups: true,
    })
  })
  test('turned on again, what was in force before the stop is preselected, not an older selection (P13)', () => {
    const before = { creation: 'all' as const, groupIds: ['grp_1'], suspendOutsideGroups: true, version: 3 }
    const stopped = choice({ creation: 'none', groupIds: ['grp_1', 'grp_2'], beforeStop: before })
    const restored = toChoice({ ...toDraft(stopped), allowed: true })
    expect(restored).toEqual({ creation: 'all', groupIds: ['grp_1'], suspendOutsideGroups: true })
    expect(findRestoredVersion(restored, stopped)).toBe(3)
    expect(findRestoredVersion({ ...restored, creation: 'groups' }, stopped)).toBeUndefined()
    expect(sameChoice(toChoice(toDraft(stopped)), stopped)).toBe(true)
  })
  test('the order of groups is no change', () => {
    expect(sameChoice(choice({ groupIds: ['a', 'b'] }), choice({ groupIds: ['b', 'a'] }))).toBe(true)
    expect(sameChoice(choice({ groupIds: ['a'] }), choice({ groupIds: ['a', 'b'] }))).toBe(false)
  })
  test('only “Selected groups” needs groups', () => {
    expect(lacksGroups(choice({ creation: 'groups' }))).toBe(true)
    expect(lacksGroups(choice({ creation: 'none' }))).toBe(false)
  })
})

describe('the impact in words (P9)', () => {
  const impact = (
    losing: number,
    gaining: number,
    suspended: number,
    restored: number,
    used = 0,
    stillSuspended = 0,
  ): Impact => ({
    accounts: { losingCreation: losing, gainingCreation: gaining },
    tokens: { suspended, restored, suspendedUsedLast24h: used, stillSuspended, revoked: 0, revokedUsedLast24h: 0 },
    externalSubjects: 0,
    examples: [],
    warnings: [],
  })
  test.each([
    [impact(0, 0, 0, 0), 'No account and no token is affected.', 'Settings saved'],
    [impact(1, 0, 1, 0), '1 account loses the ability to create tokens and 1 token is suspended.', '1 token suspended'],
    [
      impact(12, 0, 14, 0, 3),
      '12 accounts lose the ability to create tokens and 14 tokens are suspended (3 used in the last 24 hours).',
      '14 tokens suspended',
    ],
    [impact(0, 0, 0, 30, 0, 129), '30 tokens work again and 129 tokens stay suspended.', '30 tokens restored'],
    [impact(0, 2, 0, 5), '2 accounts gain the ability to create tokens and 5 tokens work again.', '5 tokens restored'],
  ])('%#', (given, sentence, notice) => {
    expect(impactSentence(given)).toBe(sentence)
    expect(savedNotice(given)).toBe(notice)
  })
})

describe('where a save is in effect (P11)', () => {
  const peer = (it: Partial<Propagation['confirmed'][number]> = {}) => ({
    name: 'a',
    kind: 'server' as const,
    version: 3,
    afterMs: 0,
    lastSeenAt: '2026-01-01T00:00:00Z',
    ...it,
  })
  const told = (...confirmed: Propagation['confirmed']) =>
    effectText({ version: 3, savedAt: '2026-01-01T00:00:00Z', confirmed })

  test('servers and verifiers are counted, and the slowest says how long it took', () => {
    expect(told(peer())).toBe('in effect on 1 server')
    expect(told(peer({ afterMs: 8 }), peer({ afterMs: 38 }), peer({ kind: 'verifier', afterMs: 1240 }))).toBe(
      'in effect on 2 servers and 1 verifier after 1.2 s',
    )
  })
  test('who is behind is yet to confirm; who is silent is not waited for', () => {
    expect(told(peer({ afterMs: 8 }), peer({ version: 2, afterMs: 90 }))).toBe(
      'in effect on 1 server after 8 ms, 1 yet to confirm',
    )
    expect(told(peer({ version: 2 }))).toBe('in effect nowhere yet, 1 yet to confirm')
    const silent = { silentSince: '2026-01-01T00:00:00Z' }
    expect(told(peer({ afterMs: 8 }), peer({ version: 2, ...silent }))).toBe('in effect on 1 server after 8 ms')
    expect(told(peer({ ...silent }))).toBe('nobody has confirmed them yet')
  })
  test('each says how it stands', () => {
    expect(standingOf(peer({ version: 2 }), 3)).toBe('Yet to confirm')
    expect(standingOf(peer({ afterMs: 5 }), 3)).toBe('After 5 ms')
    expect(standingOf(peer(), 3)).toBe('From its start')
  })
})
