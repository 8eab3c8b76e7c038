import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Role } from '../organizations/rules.ts'
import {
  byOf,
  type Caller,
  invitationFaults,
  invitationFaultTexts,
  invitationLifetimeMs,
  isInvitationOpen,
  type MemberStatus,
  mayChangeRole,
  mayRemoveMember,
  maySeeEmail,
  type Standing,
  shownName,
} from './rules.ts'

const role = fc.constantFrom<Role>('admin', 'member')
const status = fc.constantFrom<MemberStatus>('invited', 'joined')
const kind = fc.constantFrom('member', 'service_account')

/** The organization as a child would keep it: a list of people and machines. */
const account: fc.Arbitrary<Standing> = fc.oneof(
  fc.record({ kind: fc.constant('member' as const), role, status }),
  fc.record({ kind: fc.constant('service_account' as const), role, status: fc.constant('joined' as const) }),
)
const step = fc.record({
  who: fc.nat(),
  what: fc.constantFrom<'remove' | 'join' | Role>('remove', 'join', 'admin', 'member'),
})

const joinedAdmins = (all: readonly Standing[]) =>
  all.filter((it) => it.kind === 'member' && it.role === 'admin' && it.status === 'joined').length

describe('O2: an organization always has a joined admin', () => {
  test('whatever is asked in whatever order, and nothing is refused that would have been harmless', () => {
    fc.assert(
      fc.property(fc.array(account), fc.array(step, { maxLength: 60 }), (others, steps) => {
        let all: Standing[] = [{ kind: 'member', role: 'admin', status: 'joined' }, ...others]
        for (const { who, what } of steps) {
          const it = all[who % all.length]
          if (!it) return
          const count = { joinedAdmins: joinedAdmins(all) }
          const changed = what === 'join' ? { ...it, status: 'joined' as const } : { ...it, role: what as Role }
          const next = all.flatMap((one) => (one !== it ? [one] : what === 'remove' ? [] : [changed]))
          const allowed =
            what === 'remove'
              ? mayRemoveMember(it, count)
              : what === 'join'
                ? { ok: true }
                : mayChangeRole(it, what, count)
          expect(allowed.ok).toBe(joinedAdmins(next) > 0)
          if (allowed.ok) all = next
        }
        expect(joinedAdmins(all)).toBeGreaterThan(0)
      }),
    )
  })
})

test('O2: the refusal names its rule, for removal and demotion alike', () => {
  const last: Standing = { kind: 'member', role: 'admin', status: 'joined' }
  const refused = { ok: false, code: 'last_admin', detail: expect.stringContaining('admin') }
  expect(mayRemoveMember(last, { joinedAdmins: 1 })).toEqual(refused)
  expect(mayChangeRole(last, 'member', { joinedAdmins: 1 })).toEqual(refused)
})

describe('O7: whose email is seen, and who has no other name', () => {
  const member = fc.record({ id: fc.constantFrom('a', 'b'), role, status })

  test('admins see all, others the joined admins’ and their own', () => {
    fc.assert(
      fc.property(role, member, (readerRole, it) => {
        const seen = maySeeEmail({ role: readerRole, accountId: 'a' }, it)
        expect(seen).toBe(readerRole === 'admin' || it.id === 'a' || (it.role === 'admin' && it.status === 'joined'))
      }),
    )
  })

  test('a name never gives away an email that is not seen', () => {
    fc.assert(
      fc.property(role, member, kind, (readerRole, it, itsKind) => {
        const reader = { role: readerRole, accountId: 'a' }
        const isEmail = itsKind === 'member' && it.status === 'invited'
        const shown = shownName(reader, { ...it, kind: itsKind, name: isEmail ? 'mia@example.com' : 'Mia' })
        if (isEmail && !maySeeEmail(reader, it)) expect(shown).toBe('Invited member')
        else expect(shown).toBe(isEmail ? 'mia@example.com' : 'Mia')
      }),
    )
  })
})

describe('O3: invitations', () => {
  const email = fc.constantFrom('a@x.org', 'b@x.org', 'c@x.org', 'd@x.org')

  test('each fault is told once, at its place; a list without faults repeats nobody and knows nobody', () => {
    fc.assert(
      fc.property(fc.array(email), fc.dictionary(email, status), (emails, known) => {
        const faults = invitationFaults(emails, new Map(Object.entries(known)))
        const expected = emails.flatMap((it, index) => {
          if (emails.indexOf(it) < index) return [{ index, fault: 'repeated' }]
          return known[it] === undefined ? [] : [{ index, fault: known[it] }]
        })
        expect(faults).toEqual(expected)
      }),
    )
  })

  test('it lives for seven days, and each fault has a sentence of its own', () => {
    expect(invitationLifetimeMs).toBe(604_800_000)
    expect(Object.keys(invitationFaultTexts)).toEqual(['repeated', 'joined', 'invited'])
    expect(new Set(Object.values(invitationFaultTexts)).size).toBe(3)
  })

  test('a link is open until the moment that it names', () => {
    const at = new Date('2026-01-08T00:00:00Z')
    expect(isInvitationOpen(at, new Date(at.getTime() - 1))).toBe(true)
    expect(isInvitationOpen(at, at)).toBe(false)
  })
})

test('A1: a change is made by whoever asks, at the clock’s time, from where the request came', () => {
  const at = new Date('2026-01-01T00:00:00Z')
  const caller: Caller = {
    accountId: 'svc_1',
    organizationId: 'org_1',
    kind: 'service_account',
    name: 'CI',
    role: 'admin',
    credential: { kind: 'managed', tokenId: 'tok_1', hash: 'h', expiresAt: null },
    requires: 'account',
  }
  const facts = { requestId: 'r', ip: '192.0.2.1', userAgent: 'curl' }
  expect(byOf({ now: () => at }, caller, facts)).toEqual({
    organizationId: 'org_1',
    actor: { kind: 'service_account', id: 'svc_1', name: 'CI' },
    authority: { kind: 'account', caller },
    at,
    ...facts,
  })
})
