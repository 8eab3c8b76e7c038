import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formOutcomes, isCanonicalBase64url, looksLikeJws, maxJwsLength, readJws } from './rules.ts'

const encode = (it: unknown) => Buffer.from(JSON.stringify(it)).toString('base64url')
const compact = (header: object, claims: object, signature = 'AAAA') =>
  `${encode(header)}.${encode(claims)}.${signature}`

test('base64url is canonical exactly when it is what encoding its bytes gives', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => isCanonicalBase64url(Buffer.from(bytes).toString('base64url'))))
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'AQg_-+/= \nZ9é') }), (text) => {
      const canonical = /^[\w-]*$/.test(text) && Buffer.from(text, 'base64url').toString('base64url') === text
      expect(isCanonicalBase64url(text)).toBe(canonical)
    }),
  )
})

test('any change of a token’s text gives another token or none: never the same header and claims and signature', () => {
  const good = compact({ alg: 'RS256', kid: 'k' }, { iss: 'x', n: 1 }, 'AAEC')
  const bytesOf = (text: string) =>
    text
      .split('.')
      .map((it) => Buffer.from(it, 'base64url').toString('hex'))
      .join('.')
  fc.assert(
    fc.property(
      fc.nat(good.length - 1),
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.nat(3),
      (start, inserted, removed) => {
        const changed = good.slice(0, start) + inserted + good.slice(start + removed)
        if (changed !== good && readJws(changed).ok) expect(bytesOf(changed)).not.toBe(bytesOf(good))
      },
    ),
    { numRuns: 2000 },
  )
})

test('whatever is presented is read or refused, and the list of checks says the same', () => {
  const part = fc.oneof(
    fc.base64String(),
    fc.jsonValue().map(encode),
    fc.string(),
    fc.constant(encode({ alg: 'ES256' })),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const text = parts.join('.')
      const read = readJws(text)
      const outcomes = formOutcomes(text)
      expect(outcomes.every((it) => it.passed)).toBe(read.ok)
      if (!read.ok) expect(outcomes.at(-1)).toEqual({ name: read.name, passed: false, detail: read.detail })
    }),
    { numRuns: 500 },
  )
})

describe('size', () => {
  const sized = (length: number) => {
    const start = compact({ alg: 'RS256' }, {}, '')
    return start + 'A'.repeat(length - start.length)
  }
  test('16 KiB are read, and not one more', () => {
    const signatureLength = (it: number) => (it - compact({ alg: 'RS256' }, {}, '').length) % 4
    const longest = signatureLength(maxJwsLength) === 1 ? maxJwsLength - 1 : maxJwsLength
    expect(readJws(sized(longest)).ok).toBe(true)
    expect(readJws(sized(maxJwsLength + 4))).toMatchObject({ ok: false, name: 'Size' })
  })
})

test('a JWS is told from a managed token and from nonsense', () => {
  expect(looksLikeJws(compact({ alg: 'RS256' }, {}))).toBe(true)
  expect(['pcu_abc', '', 'ey', 'eyJhbGciOiJSUzI1NiJ9'].filter(looksLikeJws)).toEqual([])
})
