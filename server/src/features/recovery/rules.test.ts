import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Actor, auditActions } from '../audit/rules.ts'
import type { TokenCreation } from '../settings/rules.ts'
import {
  accountIn,
  concernsRecovery,
  type LostEvent,
  type SettingsEvent,
  settingIn,
  standOf,
  stepsOf,
} from './rules.ts'

const operator: Actor = { kind: 'operator', id: null, name: 'Operator' }
const ada: Actor = { kind: 'member', id: 'mem_1', name: 'Ada' }
const told = (creation: TokenCreation['creation']) => ({
  creation,
  groups: [{ id: 'grp_1', name: 'Platform' }],
  suspendOutsideGroups: true,
})
const setting = (creation: TokenCreation['creation']): TokenCreation => ({
  creation,
  groupIds: ['grp_1'],
  suspendOutsideGroups: true,
})

describe('how an organization stands', () => {
  const time = new Date('2026-03-04T05:06:07Z')
  const saved = (actor: Actor, before: unknown, after: unknown): SettingsEvent => ({ time, actor, before, after })
  const begun = saved(operator, told('groups'), told('none'))
  const saves = (newest?: SettingsEvent, newestByOperator = newest) => ({ newest, newestByOperator })

  test.each([
    ['held: lowered by the operator, and nobody saved since', saves(begun), 'none', 'held'],
    ['free: nothing was ever saved', saves(), 'all', 'free'],
    [
      'free: only admins saved',
      { newest: saved(ada, told('all'), told('none')), newestByOperator: undefined },
      'none',
      'free',
    ],
    ['free: confirmed', saves(saved(operator, told('none'), told('groups'))), 'groups', 'free'],
    ['changed: an admin raised it', saves(saved(ada, told('none'), told('all')), begun), 'all', 'changed'],
    [
      'changed: an admin saved it and left it down',
      saves(saved(ada, told('none'), told('none')), begun),
      'none',
      'changed',
    ],
    [
      'free: it had been lowered by its admins, after the backup',
      saves(saved(operator, told('none'), told('none'))),
      'none',
      'free',
    ],
    [
      'free: an event that tells of no setting',
      saves(saved(operator, { creation: 'maybe' }, told('none'))),
      'none',
      'free',
    ],
    ['free: past the service somebody raised it without an event', saves(begun), 'all', 'free'],
  ] as const)('%s', (_name, events, present, kind) => {
    expect(standOf(setting(present), events).kind).toBe(kind)
  })

  test('what comes back is what the event says stood before', () => {
    expect(standOf(setting('none'), saves(begun))).toEqual({ kind: 'held', since: time, before: setting('groups') })
  })

  test.each(['all', 'groups', 'none'] as const)('an event tells of the setting %s', (creation) => {
    expect(settingIn(told(creation))).toEqual(setting(creation))
  })

  // P1: a setting that is told in part must not come back with a gap where its switch was.
  test.each([
    ['nothing', null],
    ['another creation', { ...told('all'), creation: 'some' }],
    ['no creation', { ...told('all'), creation: undefined }],
    ['an empty creation', { ...told('all'), creation: '' }],
    ['groups that are no list', { ...told('all'), groups: 'none' }],
    ['no switch', { ...told('all'), suspendOutsideGroups: undefined }],
    ['a switch that is a word', { ...told('all'), suspendOutsideGroups: 'true' }],
  ])('an event that tells of %s tells of no setting', (_name, of) => {
    expect(settingIn(of)).toBeUndefined()
  })
})

describe('what is done again', () => {
  const event = (sequence: number, action: string, targetId: string, more: Partial<LostEvent> = {}): LostEvent => ({
    id: `evt_${sequence}`,
    organizationId: 'org_1',
    sequence,
    time: new Date(sequence),
    actor: ada,
    action,
    target: { kind: 'token', id: targetId, name: '' },
    before: null,
    after: null,
    ...more,
  })
  const done = (...events: LostEvent[]) => stepsOf(events).map((it) => [it.event.sequence, it.kind])

  test('what was taken away for good, in the order in which it happened, whatever the order of the file', () => {
    const actions = [
      ['token.revoked', 'revoke_token'],
      ['member.removed', 'remove_member'],
      ['service_account.deleted', 'delete_service_account'],
      ['invitation.withdrawn', 'withdraw_invitation'],
      ['account_mapping.deleted', 'delete_mapping'],
      ['oauth_provider.deleted', 'delete_provider'],
      ['token.refreshed', 'retire_secret'],
      ['password.changed', 'by_hand'],
      ['password.reset', 'by_hand'],
      ['second_factor.enabled', 'by_hand'],
      ['invitation.resent', 'by_hand'],
      ['invitation.link_shown', 'by_hand'],
      ['group.deleted', 'by_hand'],
    ] as const
    const events = actions.map(([action], i) => event(i + 1, action, `${i}`))
    expect(done(...events.toReversed())).toEqual(actions.map(([, kind], i) => [i + 1, kind]))
  })

  // What was made after the backup is not there: its role or its switch must not be taken for a change of one.
  test.each([
    ['token.created', {}],
    ['member.invited', { role: 'member' }],
    ['member.joined', { status: 'joined' }],
    ['service_account.created', { name: 'x', role: 'member' }],
    ['oauth_provider.created', { enabled: false }],
    ['session.signed_in', null],
    ['second_factor.disabled', null],
  ])('%s gave something, and is not', (action, after) => {
    const it = event(1, action, 'a', { after })
    expect(done(it)).toEqual([])
    expect(concernsRecovery(it)).toBe(false)
  })

  // `recovery apply` counts what does not matter and drops it: it must keep every event that makes another one void.
  test.each([
    ['token.revoked', null],
    ['password.changed', null],
    ['member.role_changed', { role: 'admin' }],
    ['service_account.updated', { role: 'admin' }],
    ['oauth_provider.updated', { enabled: true }],
    ['group.member_added', { account: { id: 'a' }, role: 'member' }],
    ['group.member_changed', { account: { id: 'a' }, role: 'manager' }],
  ])('%s matters', (action, after) => {
    expect(concernsRecovery(event(1, action, 'a', { after }))).toBe(true)
  })

  // The action of a file is any text; one such as `constructor` would be found in every object, and break off the run.
  test('an action that the audit log does not know is nothing', () => {
    const foreign = fc.oneof(fc.string(), fc.constantFrom('constructor', 'toString', '__proto__'))
    const isKnown = (action: string) => (auditActions as readonly string[]).includes(action)
    fc.assert(
      fc.property(
        foreign.filter((it) => !isKnown(it)),
        (action) => {
          expect(concernsRecovery(event(1, action, 'a', { after: { role: 'member', enabled: false } }))).toBe(false)
        },
      ),
    )
  })

  // A second export may hold the same events, and they come in any order: the run must not depend on either.
  test('events in any order and more than once are done again once, in their order', () => {
    const some = fc.record({
      action: fc.constantFrom(...auditActions),
      id: fc.constantFrom('a', 'b'),
      after: fc.constantFrom(null, { role: 'member' }, { role: 'admin' }, { enabled: false }, { account: { id: 'c' } }),
    })
    const log = fc.array(some).map((all) => all.map((it, i) => event(i + 1, it.action, it.id, { after: it.after })))
    const shuffled = log.chain((events) =>
      fc.tuple(fc.constant(events), fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 })),
    )
    fc.assert(
      fc.property(shuffled, ([events, mixed]) => {
        const steps = done(...mixed)
        expect(steps).toEqual(done(...events))
        const sequences = steps.map(([sequence]) => Number(sequence))
        expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b))
        for (const it of stepsOf(mixed)) expect(concernsRecovery(it.event)).toBe(true)
      }),
    )
  })

  test('of several refreshes the last counts', () => {
    expect(done(event(5, 'token.refreshed', 'a'), event(3, 'token.refreshed', 'a'))).toEqual([[5, 'retire_secret']])
  })

  test('a role counts as it was last', () => {
    const kind = { target: { kind: 'member', id: 'a', name: '' } } as const
    const demoted = (n: number) => event(n, 'member.role_changed', 'a', { ...kind, after: { role: 'member' } })
    const promoted = (n: number) => event(n, 'member.role_changed', 'a', { ...kind, after: { role: 'admin' } })
    expect(done(demoted(1), promoted(2))).toEqual([])
    expect(done(demoted(3), promoted(2))).toEqual([[3, 'demote_member']])
    const service = { target: { kind: 'service_account', id: 's', name: '' } } as const
    const renamed = event(5, 'service_account.updated', 's', { ...service, after: { name: 'x' } })
    const lowered = event(4, 'service_account.updated', 's', { ...service, after: { role: 'member' } })
    expect(done(renamed, lowered)).toEqual([[4, 'demote_service_account']])
  })

  test('a group is left if that was the last of it, account by account', () => {
    const left = (n: number, id: string) => event(n, 'group.member_removed', 'g', { before: { account: { id } } })
    const joined = (n: number, id: string) => event(n, 'group.member_added', 'g', { after: { account: { id } } })
    expect(done(left(1, 'a'), joined(2, 'a'), joined(3, 'b'), left(4, 'b'))).toEqual([[4, 'leave_group']])
    expect(done(left(1, 'a'), left(2, 'b'))).toEqual([
      [1, 'leave_group'],
      [2, 'leave_group'],
    ])
  })

  // O6: a manager lets others in, so that whoever was one when the backup was made must not stay one untold.
  test('a group that somebody manages no more is for people, unless that was not the last of it', () => {
    const changed = (n: number, role: string) =>
      event(n, 'group.member_changed', 'g', { before: { account: { id: 'a' } }, after: { account: { id: 'a' }, role } })
    const left = event(3, 'group.member_removed', 'g', { before: { account: { id: 'a' } } })
    const joined = event(4, 'group.member_added', 'g', { after: { account: { id: 'a' }, role: 'member' } })
    expect(done(changed(1, 'member'))).toEqual([[1, 'by_hand']])
    expect(done(changed(1, 'member'), changed(2, 'manager'))).toEqual([])
    expect(done(changed(1, 'member'), left)).toEqual([[3, 'leave_group']])
    expect(done(left, joined)).toEqual([])
  })

  test.each([
    ['after', { before: null, after: { account: { id: 'a' } } }, 'a'],
    ['before', { before: { account: { id: 'a' } }, after: null }, 'a'],
    ['neither', { before: null, after: null }, undefined],
    ['after, without an account', { before: null, after: { role: 'member' } }, undefined],
  ])("a group's event tells of its account: %s", (_name, more, expected) => {
    expect(accountIn(event(1, 'group.member_removed', 'g', more))).toBe(expected)
  })

  test('a provider that was disabled, unless it was enabled again; another change of it is for people', () => {
    const provider = (n: number, after: unknown) => event(n, 'oauth_provider.updated', 'p', { after })
    expect(done(provider(1, { enabled: false }))).toEqual([[1, 'disable_provider']])
    expect(done(provider(1, { enabled: false }), provider(2, { enabled: true }))).toEqual([])
    expect(done(provider(1, { enabled: false }), provider(2, { audiences: [] }))).toEqual([
      [1, 'disable_provider'],
      [2, 'by_hand'],
    ])
  })

  test('of several saves of the setting the last counts', () => {
    expect(done(event(1, 'settings.updated', 'o'), event(2, 'settings.updated', 'o'))).toEqual([[2, 'set']])
  })
})
