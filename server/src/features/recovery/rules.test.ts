import { describe, expect, test } from 'vitest'
import type { Actor } from '../audit/rules.ts'
import type { TokenCreation } from '../settings/rules.ts'
import { type LostEvent, type SettingsEvent, settingIn, standOf, stepsOf } from './rules.ts'

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
    expect(settingIn({ creation: 'all', groups: 'none', suspendOutsideGroups: true })).toBeUndefined()
    expect(settingIn(null)).toBeUndefined()
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
      ['group.deleted', 'by_hand'],
    ] as const
    const events = actions.map(([action], i) => event(i + 1, action, `${i}`))
    expect(done(...events.toReversed())).toEqual(actions.map(([, kind], i) => [i + 1, kind]))
  })

  test('what gave something is not', () => {
    expect(
      done(event(1, 'token.created', 'a'), event(2, 'member.joined', 'b'), event(3, 'session.signed_in', 'c')),
    ).toEqual([])
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
