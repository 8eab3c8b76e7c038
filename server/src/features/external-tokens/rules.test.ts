import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Role } from '../organizations/rules.ts'
import { effectiveRole } from './rules.ts'

const roleIds = { admin: '0198a000-0000-7000-8000-00000000000a', member: '0198a000-0000-7000-8000-00000000000b' }
const foreign = '0198a000-0000-7000-8000-00000000000f'
const plain = { scopeClaim: 'scope', requireScope: false }
const role = (scope: unknown, account: Role, provider = plain) => {
  const result = effectiveRole(provider, scope === undefined ? {} : { [provider.scopeClaim]: scope }, roleIds, account)
  return result.ok ? result.value : result.code
}
const { admin, member } = roleIds
const no = 'insufficient_scope'

describe('E5: scope', () => {
  test.each<[name: string, scope: unknown, forAdmin: string, forMember: string]>([
    ['none', undefined, 'admin', 'member'],
    ['empty', '', 'admin', 'member'],
    ['no UUID', 'openid profile', 'admin', 'member'],
    ['empty list', [], 'admin', 'member'],
    ['the admin’s role', admin, 'admin', no],
    ['the member’s role', member, 'member', 'member'],
    ['both roles', `${member} ${admin}`, 'admin', 'member'],
    ['a list', [member, 'openid'], 'member', 'member'],
    ['a list that holds several in one', [`openid ${member}`], 'member', 'member'],
    ['in capitals', member.toUpperCase(), 'member', 'member'],
    ['among others', `openid ${member} profile`, 'member', 'member'],
    ['between commas', `openid,${member}`, 'member', 'member'],
    ['a foreign UUID', foreign, no, no],
    ['a foreign UUID beside ours', `${foreign} ${member}`, 'member', 'member'],
    ['a UUID inside a longer word is none', `api://${foreign}/.default`, 'admin', 'member'],
    ['a number', 7, no, no],
    ['null', null, no, no],
    ['an object', { [member]: true }, no, no],
    ['a list with a number', [member, 7], no, no],
  ])('%s', (_name, scope, forAdmin, forMember) => {
    expect([role(scope, 'admin'), role(scope, 'member')]).toEqual([forAdmin, forMember])
  })

  test('a provider that requires a scope refuses a token without a role of this organization', () => {
    const strict = { scopeClaim: 'scp', requireScope: true }
    for (const scope of [undefined, '', 'openid', foreign, [], [foreign]]) expect(role(scope, 'admin', strict)).toBe(no)
    expect(role([member], 'admin', strict)).toBe('member')
  })

  test('a scope never widens access: the role is at most the account’s, and more words never make it higher', () => {
    const word = fc.constantFrom('openid', admin, member, foreign, admin.toUpperCase())
    const rank = { admin: 2, member: 1, insufficient_scope: 0 }
    fc.assert(
      fc.property(fc.array(word), fc.constantFrom<Role>('admin', 'member'), fc.boolean(), (words, account, asList) => {
        const found = role(asList ? words : words.join(' '), account)
        expect(rank[found]).toBeLessThanOrEqual(rank[account])
        expect(rank[role([...words, foreign], account)]).toBeLessThanOrEqual(rank[found])
      }),
    )
  })

  test('a claim that every object has is no scope', () =>
    expect(effectiveRole({ scopeClaim: 'constructor', requireScope: false }, {}, roleIds, 'member')).toMatchObject({
      ok: true,
    }))
})
