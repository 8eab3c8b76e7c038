import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  beforeStopAfter,
  defaultTokenCreation,
  isRestore,
  isSuspended,
  mayCreateToken,
  mayDeleteGroup,
  mayNotLockOut,
  maySave,
  outsideGroup,
  sameTokenCreation,
  suspensionOf,
  type TokenCreation,
  type VersionedSetting,
  withoutGroup,
} from './rules.ts'

const groupIds = ['grp_a', 'grp_b', 'grp_c', 'grp_d']
const someGroups = fc.subarray(groupIds)
const setting: fc.Arbitrary<TokenCreation> = fc.record({
  creation: fc.constantFrom('all', 'groups', 'none'),
  groupIds: someGroups,
  suspendOutsideGroups: fc.boolean(),
})
const holder = fc.record({ groupIds: someGroups })

/** The source document, as a table: what an account inside and outside of the selection may do, and whether its tokens work. */
const table = [
  { creation: 'all', suspendOutsideGroups: false, inside: ['creates', 'works'], outside: ['creates', 'works'] },
  { creation: 'all', suspendOutsideGroups: true, inside: ['creates', 'works'], outside: ['creates', 'works'] },
  { creation: 'groups', suspendOutsideGroups: false, inside: ['creates', 'works'], outside: ['restricted', 'works'] },
  {
    creation: 'groups',
    suspendOutsideGroups: true,
    inside: ['creates', 'works'],
    outside: ['restricted', 'suspended'],
  },
  {
    creation: 'none',
    suspendOutsideGroups: false,
    inside: ['disabled', 'suspended'],
    outside: ['disabled', 'suspended'],
  },
  {
    creation: 'none',
    suspendOutsideGroups: true,
    inside: ['disabled', 'suspended'],
    outside: ['disabled', 'suspended'],
  },
] as const

const said = (it: TokenCreation, owner: { groupIds: readonly string[] }) => {
  const may = mayCreateToken(it, owner)
  return [may.ok ? 'creates' : may.code.replace('token_creation_', ''), isSuspended(it, owner) ? 'suspended' : 'works']
}

describe('P1–P5: who may create, and whose tokens work', () => {
  test.each(table)('$creation, suspend outside: $suspendOutsideGroups', (row) => {
    const it = { ...row, groupIds: ['grp_a', 'grp_b'] }
    expect(said(it, { groupIds: ['grp_c', 'grp_b'] })).toEqual(row.inside)
    expect(said(it, { groupIds: ['grp_c'] })).toEqual(row.outside)
    expect(said(it, { groupIds: [] })).toEqual(row.outside)
  })

  test('P3: state depends on the present setting alone: whatever was before, leaving none restores what all allows', () => {
    fc.assert(fc.property(setting, holder, (it, owner) => !isSuspended({ ...it, creation: 'all' }, owner)))
  })

  test('P4: membership is live: joining a selected group gives the ability, leaving all of them takes it', () => {
    fc.assert(
      fc.property(fc.subarray(groupIds, { minLength: 1 }), fc.boolean(), someGroups, (selected, suspend, others) => {
        const it: TokenCreation = { creation: 'groups', groupIds: selected, suspendOutsideGroups: suspend }
        const joined = { groupIds: [...others, selected[0] ?? ''] }
        const left = { groupIds: others.filter((id) => !selected.includes(id)) }
        return mayCreateToken(it, joined).ok && !mayCreateToken(it, left).ok && !isSuspended(it, joined)
      }),
    )
  })

  test('whoever may create has tokens that work', () => {
    fc.assert(fc.property(setting, holder, (it, owner) => !mayCreateToken(it, owner).ok || !isSuspended(it, owner)))
  })

  test('suspensionOf says the same as isSuspended for accounts inside and outside', () => {
    fc.assert(
      fc.property(setting, holder, (it, owner) => {
        const selected = owner.groupIds.some((id) => it.groupIds.includes(id))
        return suspensionOf(it)[selected ? 'selected' : 'others'] === isSuspended(it, owner)
      }),
    )
  })
})

describe('P6: the selection', () => {
  test('acts in groups alone: in other modes it changes nothing', () => {
    fc.assert(
      fc.property(setting, someGroups, fc.boolean(), holder, (it, otherGroups, suspend, owner) => {
        fc.pre(it.creation !== 'groups')
        const other = { ...it, groupIds: otherGroups, suspendOutsideGroups: suspend }
        expect(said(other, owner)).toEqual(said(it, owner))
      }),
    )
  })

  test('groups without a group is refused, with the field named; everything else is taken', () => {
    fc.assert(fc.property(setting, (it) => maySave(it).ok === !(it.creation === 'groups' && it.groupIds.length === 0)))
    const refused = maySave({ creation: 'groups', groupIds: [], suspendOutsideGroups: false })
    expect(refused).toMatchObject({ ok: false, code: 'invalid_request', errors: [{ path: 'apiTokens.groupIds' }] })
  })

  test('a deleted group leaves the selection; emptied, it stays groups with nobody allowed', () => {
    const emptied = withoutGroup({ creation: 'groups', groupIds: ['grp_a'], suspendOutsideGroups: false }, 'grp_a')
    expect(emptied).toEqual({ creation: 'groups', groupIds: [], suspendOutsideGroups: false })
    fc.assert(fc.property(holder, (owner) => !mayCreateToken(emptied, owner).ok))
  })
})

describe('P13: what a stop replaced is kept for restoring', () => {
  const save = (present: VersionedSetting, next: TokenCreation): VersionedSetting => ({
    apiTokens: { ...next, beforeStop: beforeStopAfter(present, next) },
    version: present.version + 1,
  })
  const start = (first: TokenCreation): VersionedSetting => ({ apiTokens: { ...first, beforeStop: null }, version: 1 })

  test('any history of saves that ends in a stop keeps the last setting that was not `none`', () => {
    fc.assert(
      fc.property(setting, fc.array(setting, { maxLength: 8 }), (first, saves) => {
        fc.pre(first.creation !== 'none')
        const history = [...saves, { ...first, creation: 'none' as const }]
        let present = start(first)
        let inForce = { ...first, version: 1 }
        for (const next of history) {
          present = save(present, next)
          if (next.creation !== 'none') inForce = { ...next, version: present.version }
        }
        expect(present.apiTokens.beforeStop).toEqual(inForce)
      }),
    )
  })

  test('it is null in every other mode', () => {
    fc.assert(
      fc.property(setting, setting, (first, next) => {
        const { beforeStop } = save(start(first), next).apiTokens
        return (beforeStop === null) === (next.creation !== 'none' || first.creation === 'none')
      }),
    )
  })

  test('a selection that lost all its groups is restored only by naming the version that was in force', () => {
    const emptied: TokenCreation = { creation: 'groups', groupIds: [], suspendOutsideGroups: true }
    const stopped = save(start(emptied), { ...emptied, creation: 'none' }).apiTokens
    expect(maySave(emptied, isRestore(stopped, emptied, 1)).ok).toBe(true)
    for (const [next, version] of [
      [emptied, 2],
      [emptied, undefined],
      [{ ...emptied, suspendOutsideGroups: false }, 1],
    ] as const)
      expect(maySave(next, isRestore(stopped, next, version))).toMatchObject({ code: 'invalid_request' })
  })
})

test('P12: refused exactly when the asking token would be cut off; a console session never is', () => {
  fc.assert(
    fc.property(setting, holder, (it, asker) => {
      expect(mayNotLockOut(it, asker).ok).toBe(!isSuspended(it, asker))
      expect(mayNotLockOut(it, undefined).ok).toBe(true)
    }),
  )
  const closed: TokenCreation = { creation: 'none', groupIds: [], suspendOutsideGroups: false }
  const refused = { ok: false, code: 'would_lock_out', detail: expect.stringContaining('console') }
  expect(mayNotLockOut(closed, { groupIds: [] })).toEqual(refused)
})

test('P10: each part alone makes another setting', () => {
  const one: TokenCreation = { creation: 'groups', groupIds: ['grp_a', 'grp_b'], suspendOutsideGroups: true }
  expect(sameTokenCreation(one, { ...one })).toBe(true)
  expect(sameTokenCreation(one, { ...one, creation: 'none' })).toBe(false)
  expect(sameTokenCreation(one, { ...one, suspendOutsideGroups: false })).toBe(false)
  expect(sameTokenCreation(one, { ...one, groupIds: ['grp_a'] })).toBe(false)
  expect(sameTokenCreation({ ...one, groupIds: ['grp_a'] }, one)).toBe(false)
  expect(sameTokenCreation(one, { ...one, groupIds: ['grp_a', 'grp_c'] })).toBe(false)
})

test('P1: an organization begins with creation for everybody, and nothing suspended', () => {
  expect(defaultTokenCreation).toEqual({ creation: 'all', groupIds: [], suspendOutsideGroups: false })
})

test('P10: two settings are the same whatever the order of their groups', () => {
  fc.assert(fc.property(setting, (it) => sameTokenCreation(it, { ...it, groupIds: [...it.groupIds].reverse() })))
  fc.assert(
    fc.property(setting, setting, (a, b) => sameTokenCreation(a, b) === (JSON.stringify(a) === JSON.stringify(b))),
  )
})

test('P6: a selected group is deleted once that was confirmed, any other at once', () => {
  fc.assert(
    fc.property(setting, fc.constantFrom(...groupIds), fc.boolean(), (it, id, confirmed) => {
      const may = mayDeleteGroup(it, id, confirmed)
      expect(may.ok).toBe(confirmed || !it.groupIds.includes(id))
      if (!may.ok) expect(may.code).toBe('group_in_use')
    }),
  )
})

test('P12: deleting a group does to an account what leaving it and deselecting it do, and to no other of its groups', () => {
  fc.assert(
    fc.property(setting, holder, fc.constantFrom(...groupIds), (it, account, id) => {
      const left = outsideGroup(account, id)
      expect(left.groupIds).toEqual(account.groupIds.filter((one) => one !== id))
      expect(isSuspended(withoutGroup(it, id), left)).toBe(isSuspended(it, left))
    }),
  )
})
