import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { externalReasons } from '../external-tokens/rules.ts'
import { type Evidence, managedReasons, refusalReason, refusalText, tellsWhose } from './rules.ts'

const good: Evidence = {
  source: 'managed',
  token: {
    id: 'tok_1',
    organizationId: 'org_1',
    accountId: 'mem_1',
    issuedAtMs: 0,
    expiresAtMs: Number.POSITIVE_INFINITY,
    revoked: false,
  },
  account: {
    id: 'mem_1',
    organizationId: 'org_1',
    kind: 'member',
    role: 'member',
    name: 'Ada',
    username: 'ada@example.com',
    groups: [],
    groupIds: [],
    removed: false,
  },
  organization: {
    id: 'org_1',
    setting: { creation: 'all', groupIds: [], suspendOutsideGroups: false },
    roleIds: { admin: 'a', member: 'm' },
  },
}

/** Each fault, as it spoils good evidence; the reasons decide in this order (N2), the stranger's token first (E4). */
const faults = {
  removed: (it: Evidence): Evidence => ({ ...it, account: { ...it.account, removed: true } }),
  revoked: (it: Evidence): Evidence => ({ ...it, token: { ...it.token, revoked: true } }),
  expired: (it: Evidence): Evidence => ({ ...it, token: { ...it.token, expiresAtMs: 1000 } }),
  suspended: (it: Evidence): Evidence => ({
    ...it,
    organization: { ...it.organization, setting: { ...it.organization.setting, creation: 'none' } },
  }),
}
const order = ['removed', 'revoked', 'expired', 'suspended'] as const
const reasons = { removed: 'owner_removed', revoked: 'revoked', expired: 'expired', suspended: 'suspended' } as const

describe('N2: reasons', () => {
  test('the first fault in the order decides, whatever else is wrong', () => {
    fc.assert(
      fc.property(fc.subarray([...order]), fc.boolean(), (chosen, named) => {
        const spoilt = chosen.reduce((it, fault) => faults[fault](it), good)
        const first = order.find((it) => chosen.includes(it))
        expect(refusalReason(spoilt, 1000, named ? 'org_1' : undefined)).toBe(first && reasons[first])
        expect(refusalReason(spoilt, 1000, 'org_2')).toBe('unknown')
      }),
    )
  })

  test('T6: the moment of expiration is the first that is refused', () => {
    const it = faults.expired(good)
    expect([999, 1000, 1001].map((nowMs) => refusalReason(it, nowMs))).toEqual([undefined, 'expired', 'expired'])
  })

  test('P5: under groups a token works inside, and outside unless the admin chose otherwise', () => {
    const under = (suspendOutsideGroups: boolean, groupIds: string[]): Evidence => ({
      ...good,
      account: { ...good.account, groupIds },
      organization: {
        ...good.organization,
        setting: { creation: 'groups', groupIds: ['grp_a'], suspendOutsideGroups },
      },
    })
    expect(refusalReason(under(true, ['grp_a']), 0)).toBeUndefined()
    expect(refusalReason(under(true, ['grp_b']), 0)).toBe('suspended')
    expect(refusalReason(under(false, ['grp_b']), 0)).toBeUndefined()
  })
})

describe('what is told', () => {
  test('N4: only of suspended and expired tokens is it told whose they are', () => {
    expect(managedReasons.filter(tellsWhose)).toEqual(['expired', 'suspended'])
  })

  test('N4: nor of external ones, but for those whose subject nobody is mapped to', () => {
    expect(externalReasons.filter(tellsWhose)).toEqual(['expired', 'unmapped_subject'])
  })

  test('N2: sentences are ASCII, and nothing tells an unknown token from a revoked one or a removed owner', () => {
    for (const reason of managedReasons) expect(refusalText(reason)).toMatch(/^[\x20-\x7e]+$/)
    expect(new Set((['malformed', 'owner_removed', 'revoked', 'unknown'] as const).map(refusalText)).size).toBe(1)
    expect(refusalText('suspended')).toContain('settings suspend this API token')
    expect(refusalText('ambiguous_organization')).toContain('IB-Context')
    expect(refusalText('unmapped_subject')).toContain('mapped')
    expect(refusalText('insufficient_scope')).toContain('scope')
    for (const reason of externalReasons) expect(refusalText(reason)).toMatch(/^[\x20-\x7e]+$/)
    const silent = ['untrusted_issuer', 'provider_disabled', 'invalid_signature', 'invalid_claims'] as const
    for (const reason of silent) expect(refusalText(reason)).toBe(refusalText('unknown'))
  })
})
