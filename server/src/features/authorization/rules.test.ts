import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ok, refuse } from '../../kernel/result.ts'
import type { Decision, KnownAccount, KnownOrganization } from '../access/rules.ts'
import type { Caller, Requirement } from '../accounts/rules.ts'
import type { OAuthProvider } from '../oauth-providers/rules.ts'
import {
  authorize,
  isSessionLive,
  judgeCaller,
  judgeInvitation,
  judgeSetup,
  rejectEndedSession,
  type Standing,
  toPrincipal,
  toRejection,
  toSessionCaller,
  toTokenCaller,
} from './rules.ts'

const admitted: Caller = {
  accountId: 'mem_1',
  organizationId: 'org_1',
  kind: 'member',
  name: 'Ada',
  role: 'admin',
  credential: { kind: 'session', userId: 'usr_1', sessionId: 'ses_1' },
  requires: 'admin',
}
const good: Standing = { credential: ok(undefined), caller: admitted, groupRole: undefined }
const requirement = fc.constantFrom<Requirement>('account', 'admin', { groupManager: 'grp_1' })
const role = fc.constantFrom('admin' as const, 'member' as const)
const groupRole = fc.constantFrom('manager' as const, 'member' as const, undefined)

/** Each way to lose a right, in the order in which the rejections decide. */
const losses = {
  unauthenticated: (now: Standing): Standing => ({ ...now, credential: refuse('unauthenticated') }),
  not_found: (now: Standing): Standing => ({ ...now, caller: undefined }),
  forbidden: (now: Standing): Standing => ({ ...now, caller: now.caller && { ...now.caller, role: 'member' } }),
}
const order = ['unauthenticated', 'not_found', 'forbidden'] as const

describe('A4: a caller is judged again', () => {
  test('401 before 404 before 403, whatever else was taken away', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...order]), (taken) => {
        const now = taken.reduce((standing, loss) => losses[loss](standing), good)
        const first = order.find((loss) => taken.includes(loss))
        expect(judgeCaller(admitted, now)).toMatchObject(first ? { ok: false, code: first } : { ok: true })
      }),
    )
  })

  test('the requirement is held against the role as it is now, and that role is what is handed on', () => {
    fc.assert(
      fc.property(requirement, role, role, groupRole, (requires, before, after, inGroup) => {
        const now: Standing = { ...good, caller: { ...admitted, role: after }, groupRole: inGroup }
        const judged = judgeCaller({ ...admitted, role: before, requires }, now)
        const allowed = authorize({ role: after, requires }, inGroup)
        expect(judged.ok).toBe(allowed.ok)
        if (judged.ok) expect(judged.value).toMatchObject({ role: after, requires })
        else expect(judged).toEqual({ ...allowed, code: 'forbidden' })
      }),
    )
  })

  test('404 when the credential now stands for another account, or for one of another organization', () => {
    for (const other of [{ accountId: 'mem_2' }, { organizationId: 'org_2' }])
      expect(judgeCaller(admitted, { ...good, caller: { ...admitted, ...other } })).toMatchObject({ code: 'not_found' })
  })
})

describe('O6, O9: what a route demands', () => {
  test('an admin meets every requirement, a manager that of the own group, others only that of an account', () => {
    fc.assert(
      fc.property(requirement, role, groupRole, (requires, held, inGroup) => {
        const expected =
          requires === 'account' || held === 'admin' || (typeof requires === 'object' && inGroup === 'manager')
        expect(authorize({ role: held, requires }, inGroup).ok).toBe(expected)
      }),
    )
  })
})

const at = (ms: number) => new Date(ms)
const moment = fc.integer({ min: 0, max: 100 })

describe('the other actors', () => {
  test('a session is live for its own person until it expires', () => {
    fc.assert(
      fc.property(fc.constantFrom('usr_1', 'usr_2'), moment, moment, (userId, expiresAt, now) => {
        const live = isSessionLive({ userId, expiresAt: at(expiresAt) }, 'usr_1', at(now))
        expect(live).toBe(userId === 'usr_1' && expiresAt > now)
      }),
    )
    expect(isSessionLive(undefined, 'usr_1', at(0))).toBe(false)
  })

  test('O3: an invitation opens until it expires; who accepts it by a session must still be its person', () => {
    const email = fc.constantFrom('a@example.com', 'b@example.com')
    const signedInAs = fc.oneof(fc.constant(undefined), email)
    const session = fc.oneof(fc.constant(undefined), fc.record({ email: signedInAs }))
    fc.assert(
      fc.property(email, moment, session, moment, (invited, expiresAt, signedIn, now) => {
        const judged = judgeInvitation({ email: invited, expiresAt: at(expiresAt) }, signedIn, at(now))
        if (expiresAt <= now) expect(judged).toMatchObject({ code: 'not_found' })
        else if (signedIn === undefined) expect(judged.ok).toBe(true)
        else expect(judged.ok).toBe(signedIn.email === invited)
        if (!judged.ok && expiresAt > now) expect(judged.code).toBe('sign_in_required')
      }),
    )
    expect(judgeInvitation(undefined, undefined, at(0))).toMatchObject({ code: 'not_found' })
  })

  test('a set-up link opens until it expires', () => {
    fc.assert(
      fc.property(moment, moment, (expiresAt, now) => {
        expect(judgeSetup({ expiresAt: at(expiresAt) }, at(now)).ok).toBe(expiresAt > now)
      }),
    )
    expect(judgeSetup(undefined, at(0))).toMatchObject({ code: 'not_found' })
  })
})

const account: KnownAccount = {
  id: 'svc_1',
  organizationId: 'org_1',
  kind: 'service_account',
  role: 'admin',
  name: 'CI',
  username: 'CI',
  groups: [],
  groupIds: [],
  removed: false,
}
const organization: KnownOrganization = {
  id: 'org_1',
  setting: { creation: 'all', groupIds: [], suspendOutsideGroups: false },
  roleIds: { admin: 'a', member: 'm' },
}
const named = { accountId: 'svc_1', organizationId: 'org_1', kind: 'service_account', name: 'CI' }

describe('from a credential to a caller', () => {
  test('T2: a managed token acts as its account, and its secret and expiration travel with it', () => {
    fc.assert(
      fc.property(role, fc.option(moment, { nil: Number.POSITIVE_INFINITY }), (held, expiresAtMs) => {
        const token = {
          id: 'tok_1',
          organizationId: 'org_1',
          accountId: 'svc_1',
          issuedAtMs: 0,
          expiresAtMs,
          revoked: false,
        }
        const evidence = { source: 'managed', token, account: { ...account, role: held }, organization } as const
        const expiresAt = Number.isFinite(expiresAtMs) ? at(expiresAtMs) : null
        expect(toTokenCaller(toPrincipal({ active: true, evidence }, 'h'))).toEqual({
          ...named,
          role: held,
          credential: { kind: 'managed', tokenId: 'tok_1', hash: 'h', expiresAt },
        })
      }),
    )
  })

  test('E5, T2: an external token acts with its own role, narrowed when that is not its account’s', () => {
    const verified = { header: { alg: 'ES256' }, claims: { exp: 1.5 }, thumbprint: 't' }
    const provider = { id: 'idp_1' } as OAuthProvider
    fc.assert(
      fc.property(role, role, (held, acting) => {
        const evidence = { claims: verified.claims, verified, account: { ...account, role: held }, role: acting }
        const decision: Decision & { active: true } = {
          active: true,
          evidence: { source: 'external', provider, subject: 's', ...evidence },
        }
        expect(toTokenCaller(toPrincipal(decision, ''))).toEqual({
          ...named,
          role: acting,
          credential: {
            kind: 'external',
            providerId: 'idp_1',
            narrowed: held !== acting,
            expiresAt: at(1500),
            verified,
          },
        })
      }),
    )
  })

  test('a session acts as the person’s membership', () => {
    const session = { userId: 'usr_1', sessionId: 'ses_1', name: 'Ada' }
    const membership = { accountId: 'mem_1', organizationId: 'org_1', role: 'admin' as const }
    expect(toSessionCaller(session, membership)).toEqual({ ...admitted, requires: undefined })
  })

  test('a refused token is 401 with a sentence, a scope that is too narrow 403, and what nobody can vouch for 503', () => {
    expect(toRejection('expired')).toMatchObject({
      code: 'unauthenticated',
      detail: expect.stringContaining('expired'),
    })
    expect(toRejection('insufficient_scope')).toMatchObject({
      code: 'insufficient_scope',
      detail: expect.stringContaining('scope'),
    })
    expect(toRejection('unavailable')).toEqual({ ok: false, code: 'unavailable' })
    expect(rejectEndedSession()).toMatchObject({ code: 'unauthenticated', detail: expect.stringContaining('Sign in') })
  })
})
