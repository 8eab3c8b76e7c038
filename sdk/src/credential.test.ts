import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isWellFormed, newSecret } from '../../server/src/features/tokens/rules.ts'
import { externalSecret, managedSecret } from '../test/tokens.ts'
import { formOf, hashOf } from './credential.ts'

test('T9: every secret that the server makes is a managed token', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('member' as const, 'service_account' as const),
      fc.uint8Array({ minLength: 200, maxLength: 200 }).filter((it) => it.filter((byte) => byte < 248).length > 43),
      (kind, random) => {
        expect(formOf(newSecret(kind, () => random))).toBe('managed')
      },
    ),
  )
})

test('T9: one letter changed, and it is malformed here as it is on the server', () => {
  fc.assert(
    fc.property(fc.nat(52), fc.constantFrom(...'09AZaz_-.+ é'), (at, letter) => {
      const secret = managedSecret()
      const changed = secret.slice(0, at) + letter + secret.slice(at + 1)
      expect(formOf(changed)).toBe(isWellFormed(changed) ? 'managed' : 'malformed')
      expect(changed === secret || formOf(changed) === 'malformed').toBe(true)
    }),
  )
})

test.each([
  ['a compact JWS', externalSecret(), 'external'],
  ['of 16 KiB', `a.b.${'c'.repeat(16 * 1024 - 4)}`, 'external'],
  ['of one letter more', `a.b.${'c'.repeat(16 * 1024 - 3)}`, 'malformed'],
  ['two parts', 'a.b', 'malformed'],
  ['four parts', 'a.b.c.d', 'malformed'],
  ['an empty part', 'a..c', 'malformed'],
  ['a letter of plain base64', 'a.b+.c', 'malformed'],
  ['a line end at the end', 'a.b.c\n', 'malformed'],
  ['nothing', '', 'malformed'],
  ['a managed token with a line end', `${managedSecret()}\n`, 'malformed'],
  ['no text', undefined, 'malformed'],
  ['an object', { length: 53 }, 'malformed'],
])('E2, T9: %s', (_what, credential, form) => {
  expect(formOf(credential)).toBe(form)
})

test('a token is named as the feed names it: SHA-256 in base64url', () => {
  const secret = managedSecret()
  expect(hashOf(secret)).toBe(createHash('sha256').update(secret).digest('base64url'))
})
