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
    ['between several spaces', `openid  ${member}`, 'member', 'member'],
    ['a foreign UUID', foreign, no, no],
    ['a foreign UUID beside ours', `${foreign} ${member}`, 'member', 'member'],
    ['a foreign UUID inside a longer word', `api://${foreign}/.default`, no, no],
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

describe('E5: a role in another spelling is never skipped', () => {
  /** Every way to write a UUID that people and authorization servers were seen to use. */
  const spellings: Record<string, (uuid: string) => string> = {
    'with a prefix': (uuid) => `role:${uuid}`,
    'as a URN (RFC 9562 §4)': (uuid) => `urn:uuid:${uuid}`,
    'in braces': (uuid) => `{${uuid}}`,
    'in quotes': (uuid) => `"${uuid}"`,
    'as a JSON list': (uuid) => `["${uuid}"]`,
    'inside an address': (uuid) => `https://api.example/roles/${uuid}/use`,
    'with a suffix': (uuid) => `${uuid}.read`,
    'with a semicolon': (uuid) => `${uuid};`,
    'without hyphens': (uuid) => uuid.replaceAll('-', ''),
    'in capitals': (uuid) => `ROLE:${uuid.toUpperCase()}`,
    'with en dashes': (uuid) => uuid.replaceAll('-', '\u2013'),
    'with non-breaking hyphens': (uuid) => uuid.replaceAll('-', '\u2011'),
    'with underscores': (uuid) => uuid.replaceAll('-', '_'),
    'with full-width digits': (uuid) => uuid.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    'with an invisible character': (uuid) => `${uuid.slice(0, 10)}\u200b${uuid.slice(10)}`,
  }
  test.each(Object.entries(spellings))('%s: ours acts, another is refused', (_name, spell) => {
    expect([role(spell(member), 'admin'), role(spell(admin), 'admin')]).toEqual(['member', 'admin'])
    expect(role(`openid ${spell(member)}`, 'member')).toBe('member')
    expect([role(spell(admin), 'member'), role(spell(foreign), 'admin'), role(spell(foreign), 'member')]).toEqual([
      no,
      no,
      no,
    ])
  })

  test('a UUID that is cut short, or runs on, is refused, ours as well as another', () => {
    const broken = (uuid: string) => [
      ...[35, 34, 30, 24, 20, 18, 14].flatMap((length) => [uuid.slice(0, length), uuid.slice(-length)]),
      uuid.slice(0, 10),
      `${uuid}0`,
      `a${uuid}`,
      `%7B${uuid}%7D`,
      uuid.replaceAll('-', '').slice(0, 31),
      uuid.replaceAll('-', '').slice(1),
    ]
    for (const uuid of [admin, member, foreign, '5f2b1c3d-9a8e-4b7c-8d6e-1f0a2b3c4d5e'])
      for (const text of broken(uuid))
        for (const scope of [text, `role:${text}`, `openid ${text}`])
          expect([scope, role(scope, 'admin')]).toEqual([scope, no])
    expect([role(member.slice(0, 8), 'admin'), role(member.slice(-8), 'admin')]).toEqual([no, no])
  })

  test('words that are no role leave the rights of the account', () => {
    const words =
      'openid profile email offline_access read:tokens tokens.write-all https://api.example/v1.0/read 2026-11-29'
    expect(role(words, 'admin')).toBe('admin')
    // Identifiers of other systems: a Git commit, a MongoDB object, a date with a time.
    expect(role('build:2fd4e1c67a2d28fced849ee1bb76e7391b93eb12 item:507f1f77bcf86cd799439011', 'member')).toBe(
      'member',
    )
  })

  test('a word with the configured prefix names a role, whatever follows', () => {
    const prefixed = { ...plain, rolePrefix: 'portcullis:' }
    for (const word of ['portcullis:', 'portcullis:admin', 'Portcullis:reader', `portcullis:${foreign}`])
      expect([word, role(`openid ${word}`, 'admin', prefixed)]).toEqual([word, no])
    expect(role(`portcullis:${member}`, 'admin', prefixed)).toBe('member')
    expect(role('other:admin', 'admin', prefixed)).toBe('admin')
  })
})
