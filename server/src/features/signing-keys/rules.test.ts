import { calculateJwkThumbprint, exportJWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { jwkOf, keys } from '../../../test/forge.ts'
import { keyFault, keysFor, maxKeys, readKeySet, sameKeys, thumbprintOf } from './rules.ts'

const setOf = (...list: unknown[]) => {
  const set = readKeySet({ keys: list })
  if (typeof set === 'string') return expect.unreachable(set)
  return set
}
const rsa = jwkOf(keys.rsa)
const n = Buffer.from(rsa.n ?? '', 'base64url')
const b64 = (hex: string) => Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex').toString('base64url')
const bytes = (it: bigint) => b64(it.toString(16))
const modulus = BigInt(`0x${n.toString('hex')}`)
const p256 = jwkOf(keys.p256)

/** A modulus of the shape that ROCA's generator made: a power of 65537 modulo the product of the small primes. */
const rocaModulus = (() => {
  const primes = [3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n, 43n, 47n, 53n, 59n, 61n, 67n, 71n, 73n, 79n]
  primes.push(83n, 89n, 97n, 101n, 103n, 107n, 109n, 113n, 127n, 131n, 137n, 139n, 149n, 151n, 157n, 163n, 167n)
  const product = primes.reduce((all, prime) => all * prime, 2n)
  return (1n << 2047n) - ((1n << 2047n) % product) + product + 65537n
})()

const smallPrimes = Array.from({ length: 165 }, (_, i) => BigInt(i + 3)).filter((it) =>
  Array.from({ length: 13 }, (_, i) => BigInt(i + 2)).every((by) => by >= it || it % by !== 0n),
)
/** The next number from here, in steps of two, that no small odd prime divides. */
const withoutSmallFactor = (from: bigint, step = 2n): bigint =>
  smallPrimes.some((it) => from % it === 0n) ? withoutSmallFactor(from + step, step) : from

const bad: [name: string, jwk: unknown, says: string][] = [
  ['null', null, 'no object'],
  ['text', 'key', 'no object'],
  ['a list', [], 'kty'],
  ['no kty', { ...rsa, kty: undefined }, 'kty'],
  ['kty __proto__', { ...rsa, kty: '__proto__' }, 'kty'],
  ['a shared secret', { kty: 'oct', k: 'AAAA' }, 'private or shared'],
  ['a shared secret without its text', { kty: 'oct' }, 'private or shared'],
  ['a public key with a shared secret beside it', { ...rsa, k: 'AAAA' }, 'private or shared'],
  ['a private key', { ...keys.rsa.privateKey.export({ format: 'jwk' }) }, 'private or shared'],
  ['for encryption', { ...rsa, use: 'enc' }, 'use'],
  ['use is a list', { ...rsa, use: ['sig'] }, 'use'],
  ['key_ops without verify', { ...rsa, key_ops: ['encrypt'] }, 'key_ops'],
  ['key_ops is text', { ...rsa, key_ops: 'verify' }, 'key_ops'],
  ['kid is a number', { ...rsa, kid: 1 }, 'kid'],
  ['alg is an object', { ...rsa, alg: {} }, 'alg'],
  ['RSA without n', { ...rsa, n: undefined }, 'n and e'],
  ['RSA with n as a number', { ...rsa, n: 7 }, 'n and e'],
  ['RSA with padding in n', { ...rsa, n: `${rsa.n}==` }, 'n and e'],
  ['e = 1', { ...rsa, e: 'AQ' }, 'e is 1'],
  ['e = 1 with zeros before', { ...rsa, e: b64('00000001') }, 'e is 1'],
  ['e = 0', { ...rsa, e: b64('00') }, 'e is 1'],
  ['e = 2', { ...rsa, e: b64('02') }, 'even'],
  ['e = 65536', { ...rsa, e: b64('010000') }, 'even'],
  ['e as long as n', { ...rsa, e: rsa.n }, 'e is '],
  ['e of nine bytes', { ...rsa, e: b64('010000000000000001') }, 'too large'],
  ['2047 bits', { ...rsa, n: bytes(modulus >> 1n) }, '2047 bits'],
  ['1024 bits', { ...rsa, n: bytes((modulus >> 1024n) | 1n) }, '1024 bits'],
  [
    '1024 bits behind zeros',
    { ...rsa, n: b64(`${'00'.repeat(128)}${((modulus >> 1024n) | 1n).toString(16)}`) },
    '1024 bits',
  ],
  ['16384 bits', { ...rsa, n: bytes((1n << 16383n) | 1n) }, 'n and e'],
  ['8193 bits', { ...rsa, n: bytes((1n << 8192n) | 1n) }, 'n'],
  ['even n without another small factor', { ...rsa, n: bytes(withoutSmallFactor(modulus - 1n)) }, 'small factor'],
  ['even n', { ...rsa, n: bytes(modulus & ~1n) }, 'small factor'],
  [
    'n divisible by 3',
    { ...rsa, n: bytes(modulus - (modulus % 3n) + (modulus % 2n === (modulus % 3n) % 2n ? 3n : 0n)) },
    'small factor',
  ],
  ['n of ROCA', { ...rsa, n: bytes(rocaModulus) }, 'ROCA'],
  ['secp256k1', { ...p256, crv: 'secp256k1' }, 'curve'],
  ['curve of another kind', { ...p256, kty: 'OKP' }, 'curve'],
  ['X25519', { ...jwkOf(keys.ed), crv: 'X25519' }, 'curve'],
  ['a curve in a list', { ...p256, crv: ['P-256'] }, 'curve'],
  ['curve __proto__', { ...p256, crv: '__proto__' }, 'curve'],
  ['short x', { ...p256, x: 'AAAA' }, 'length'],
  ['no y', { ...p256, y: undefined }, 'length'],
  ['Ed25519 with a long x', { ...jwkOf(keys.ed), x: b64('00'.repeat(33)) }, 'length'],
]

describe('E7: keys that may not verify', () => {
  test.each(bad)('%s', (_name, jwk, says) => {
    expect(keyFault(jwk)).toContain(says)
    const set = setOf(jwk, jwkOf(keys.p256, { kid: 'good' }))
    expect([set.keys.map((it) => it.kid), set.refused]).toEqual([['good'], 1])
  })

  test('a point that is not on its curve is left out, and its neighbours stay', () => {
    const off = { ...p256, y: b64('01'.repeat(32)) }
    const set = setOf(rsa, off, jwkOf(keys.ed))
    expect([set.keys.length, set.refused, set.firstFault]).toEqual([2, 1, 'a key that cannot be read'])
  })
})

test('good keys of every kind are read, and their private or certificate members never', () => {
  const set = setOf(...Object.values(keys).map((it) => jwkOf(it, { x5c: ['AAAA'], x5u: 'https://evil.example' })))
  expect([set.keys.length, set.refused]).toEqual([Object.keys(keys).length, 0])
})

test.each<[what: string, jwk: object]>([
  ['for signatures', { ...rsa, use: 'sig' }],
  ['for verifying', { ...rsa, key_ops: ['verify'] }],
  ['for signing and verifying', { ...rsa, key_ops: ['sign', 'verify'] }],
  ['e of eight bytes', { ...rsa, e: b64('0100000000000001') }],
  ['2048 bits', { ...rsa, n: bytes(withoutSmallFactor((1n << 2047n) | 1n)) }],
  ['8192 bits', { ...rsa, n: bytes(withoutSmallFactor((1n << 8191n) | 1n)) }],
])('a key that may verify: %s', (_, jwk) => expect(keyFault(jwk)).toBeUndefined())

test('ROCA is told by all of its primes: a modulus of that shape for the first twenty-four alone is sound', () => {
  const first = smallPrimes.slice(0, 24).reduce((all, prime) => all * prime, 2n)
  const alike = (by: bigint): string | undefined => {
    const n = rocaModulus + by * first
    return smallPrimes.some((it) => n % it === 0n) ? alike(by + 1n) : keyFault({ ...rsa, n: bytes(n) })
  }
  expect(alike(1n)).toBeUndefined()
})

test('e = 3 is weak nowhere but in padding, which is checked', () =>
  expect(keyFault({ ...rsa, e: 'Aw' })).toBeUndefined())

test(`up to ${maxKeys} keys, and a document of more is refused as a whole`, () => {
  const many = (count: number) => Array.from({ length: count }, () => p256)
  expect(setOf(...many(maxKeys)).keys.length).toBe(maxKeys)
  expect(readKeySet({ keys: many(maxKeys + 1) })).toContain('more than')
  expect(readKeySet({ keys: many(10_000) })).toContain('more than')
  for (const wrong of [undefined, null, {}, 'keys', 7]) expect(readKeySet({ keys: wrong })).toContain('no list')
})

test('RFC 7638: thumbprints as jose makes them, and that of its §3.1', async () => {
  for (const pair of Object.values(keys)) {
    const jwk = await exportJWK(pair.publicKey)
    expect(thumbprintOf({ ...jwk, kid: 'x', alg: 'y' })).toBe(await calculateJwkThumbprint(jwk))
  }
})

test('every key of a set is named by its own thumbprint', () => {
  expect(setOf(rsa, p256).keys.map((it) => it.thumbprint)).toEqual([thumbprintOf(rsa), thumbprintOf(p256)])
})

test('RFC 7638: a modulus with a zero before it is the same key, or a set would differ from itself once stored', () => {
  const led = Buffer.concat([Buffer.from([0]), n]).toString('base64url')
  expect(setOf({ ...rsa, n: led }).keys[0]?.thumbprint).toBe(setOf(rsa).keys[0]?.thumbprint)
})

test('the same keys: whatever their order, and under the same names', () => {
  const a = setOf({ ...rsa, kid: 'a' }, p256)
  expect(sameKeys(a, setOf(p256, { ...rsa, kid: 'a' }))).toBe(true)
  for (const other of [setOf({ ...rsa, kid: 'b' }, p256), setOf({ ...rsa, kid: 'a' }), setOf()])
    expect(sameKeys(a, other)).toBe(false)
  expect(sameKeys(setOf({ ...rsa, alg: 'RS256' }), setOf({ ...rsa, alg: 'PS256' }))).toBe(false)
})

describe('which keys may have signed', () => {
  const set = setOf(
    jwkOf(keys.rsa, { kid: 'a' }),
    jwkOf(keys.otherRsa, { kid: 'b', alg: 'RS256' }),
    jwkOf(keys.p256, { kid: 'a', alg: 'ES256' }),
    jwkOf(keys.p384, { kid: 'c' }),
    jwkOf(keys.ed, { kid: 'd', alg: 'EdDSA' }),
  )
  const found = (alg: string, kid?: string) => keysFor(set, alg, kid).map((it) => `${it.kid} ${it.family}`)

  test.each([
    ['RS256', undefined, ['a RSA', 'b RSA']],
    ['RS256', 'b', ['b RSA']],
    ['PS256', undefined, ['a RSA']],
    ['RS512', 'b', []],
    ['RS384', undefined, ['a RSA']],
    ['RS512', undefined, ['a RSA']],
    ['PS384', undefined, ['a RSA']],
    ['PS512', undefined, ['a RSA']],
    ['ES256', 'a', ['a P-256']],
    ['ES384', undefined, ['c P-384']],
    ['ES512', undefined, []],
    ['EdDSA', 'd', ['d Ed25519']],
    ['Ed25519', undefined, ['d Ed25519']],
    ['HS256', undefined, []],
    ['none', undefined, []],
    ['__proto__', undefined, []],
    ['constructor', undefined, []],
    ['RS256', 'A', []],
  ])('%s, %s: %j', (alg, kid, expected) => expect(found(alg, kid)).toEqual(expected))

  test('ES512 is signed with P-521', () => {
    expect(keysFor(setOf(jwkOf(keys.p521), jwkOf(keys.p256)), 'ES512', undefined).map((it) => it.family)).toEqual([
      'P-521',
    ])
  })

  test('a key that is said to be for another algorithm signed with none of its own', () => {
    const misnamed = setOf(jwkOf(keys.ed, { alg: 'RS256' }), jwkOf(keys.p256, { alg: 'ES384' }))
    for (const alg of ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'RS256'])
      expect(keysFor(misnamed, alg, undefined)).toEqual([])
  })
})
