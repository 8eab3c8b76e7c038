import { createPublicKey, hash, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { JsonObject } from '../../kernel/json-object.ts'
import { isCanonicalBase64url } from '../jws/rules.ts'

/** A public key of a provider's set that may verify signatures. */
export interface SigningKey {
  /** RFC 7638, SHA-256: names the key whatever its set calls it (E7). */
  thumbprint: string
  kid: string | undefined
  /** What the set says that the key is for, if it says so. */
  alg: string | undefined
  /** `RSA`, or the name of its curve. */
  family: string
  publicKey: KeyObject
}

export interface KeySet {
  keys: readonly SigningKey[]
  /** How many keys of the document were left out, and why the first of them was. */
  refused: number
  firstFault: string | undefined
}

export const maxKeys = 100
const minRsaBits = 2048
/** A key that takes a second to use would be a weapon against us; nobody signs with more. */
const maxRsaBits = 8192
const maxExponentBytes = 8

const curves: Readonly<Record<string, readonly [kty: string, bytes: number]>> = {
  'P-256': ['EC', 32],
  'P-384': ['EC', 48],
  'P-521': ['EC', 66],
  Ed25519: ['OKP', 32],
}

/** Which family of keys an algorithm needs (RFC 7518 §3.1, RFC 8037 §3.1). */
const familyOf: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((alg) => [alg, 'RSA'])),
  ...{ ES256: 'P-256', ES384: 'P-384', ES512: 'P-521', EdDSA: 'Ed25519', Ed25519: 'Ed25519' },
}

const numberOf = (text: string) => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex') || '0'}`)

/** CVE-2017-15361 (ROCA): such moduli are powers of 65537 modulo each of these primes; a sound one is by one in 2^27. */
const rocaPrimes = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97].concat(
  [101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167],
)
const powersOf65537 = rocaPrimes.map((prime) => {
  const powers = new Set<number>()
  for (let power = 1; !powers.has(power); power = (power * 65537) % prime) powers.add(power)
  return [BigInt(prime), powers] as const
})

function modulusFault(n: bigint): string | undefined {
  const bits = n.toString(2).length
  if (bits < minRsaBits) return `an RSA key of ${bits} bits; ${minRsaBits} are needed`
  if (bits > maxRsaBits) return `an RSA key of ${bits} bits; at most ${maxRsaBits} are taken`
  if (n % 2n === 0n || powersOf65537.some(([prime]) => n % prime === 0n)) return 'an RSA key with a small factor'
  return powersOf65537.every(([prime, powers]) => powers.has(Number(n % prime)))
    ? 'an RSA key of a generator that is known to be weak (ROCA)'
    : undefined
}

const isBase64url = (it: unknown): it is string => typeof it === 'string' && it !== '' && isCanonicalBase64url(it)

function rsaFault({ n, e }: JsonObject): string | undefined {
  if (!isBase64url(n) || !isBase64url(e) || n.length > maxRsaBits / 4) return 'an RSA key without a readable n and e'
  const exponent = numberOf(e)
  // e = 1 makes every message its own signature; an even e has no inverse, so nobody can have signed with it.
  if (exponent < 3n || exponent % 2n === 0n) return 'an RSA key whose e is 1 or even'
  if (Buffer.from(e, 'base64url').length > maxExponentBytes) return 'an RSA key whose e is too large'
  return modulusFault(numberOf(n))
}

function curveFault({ kty, crv, x, y }: JsonObject): string | undefined {
  const curve = typeof crv === 'string' && Object.hasOwn(curves, crv) ? curves[crv] : undefined
  if (curve?.[0] !== kty) return 'a key on a curve that is not taken'
  const coordinates = kty === 'EC' ? [x, y] : [x]
  return coordinates.every((it) => isBase64url(it) && Buffer.from(it, 'base64url').length === curve?.[1])
    ? undefined
    : 'a key whose coordinates are not of its curve’s length'
}

/** Why a member of `keys` may not verify signatures (RFC 7517 §4, RFC 8725 §3.5), or undefined. */
export function keyFault(jwk: unknown): string | undefined {
  if (typeof jwk !== 'object' || jwk === null) return 'a key that is no object'
  const key = jwk as JsonObject
  const optional = [key.kid, key.alg, key.use]
  if (optional.some((it) => it !== undefined && typeof it !== 'string'))
    return 'a key whose kid, alg or use is no string'
  // A private key that was published signs for anybody; the same holds for a shared secret (RFC 7517 §9.2).
  if ('d' in key || 'k' in key || key.kty === 'oct') return 'a private or shared key, which must not be published'
  if (key.use !== undefined && key.use !== 'sig') return 'a key that is not for signatures (use)'
  if (key.key_ops !== undefined && !(Array.isArray(key.key_ops) && key.key_ops.includes('verify')))
    return 'a key that is not for verifying (key_ops)'
  if (key.kty === 'RSA') return rsaFault(key)
  return key.kty === 'EC' || key.kty === 'OKP' ? curveFault(key) : 'a key of a kind that is not taken (kty)'
}

/** RFC 7638 §3: SHA-256 over the required members alone, in lexicographic order. */
export const thumbprintOf = ({ kty, crv, x, y, n, e }: JsonObject): string =>
  hash('sha256', JSON.stringify(kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y }), 'base64url')

const membersOf = (key: KeyObject): JsonObject => ({ ...key.export({ format: 'jwk' }) })

function readKey(jwk: unknown): SigningKey | string {
  const fault = keyFault(jwk)
  if (fault) return fault
  const { kty, crv, x, y, n, e, kid, alg } = jwk as JsonObject & { kty: string; kid?: string; alg?: string }
  const parts = kty === 'RSA' ? { kty, n, e } : { kty, crv, x, ...(kty === 'EC' && { y }) }
  try {
    // Also refuses points that are not on their curve.
    const publicKey = createPublicKey({ key: parts as JsonWebKey, format: 'jwk' })
    // Of the key as we write it: n with a zero before it is the same key, and a stored set is read again.
    const thumbprint = thumbprintOf(membersOf(publicKey))
    return { thumbprint, kid, alg, family: kty === 'RSA' ? kty : String(crv), publicKey }
  } catch {
    return 'a key that cannot be read'
  }
}

/** A JWK Set (RFC 7517 §5), or what is wrong with it as a whole. A bad key is left out and spoils no neighbour (E7). */
export function readKeySet(document: JsonObject): KeySet | string {
  if (!Array.isArray(document.keys)) return 'The document has no list of keys.'
  if (document.keys.length > maxKeys) return `The document has more than ${maxKeys} keys.`
  const read = document.keys.map(readKey)
  const faults = read.filter((it) => typeof it === 'string')
  return { keys: read.filter((it) => typeof it !== 'string'), refused: faults.length, firstFault: faults[0] }
}

/** The same keys under the same names, in whatever order. */
export const sameKeys = (a: KeySet, b: KeySet): boolean => namesOf(a) === namesOf(b)
const namesOf = ({ keys }: KeySet) => JSON.stringify(keys.map((it) => `${it.thumbprint} ${it.alg} ${it.kid}`).sort())

/** RFC 9864 §2.2: `Ed25519` is what `EdDSA` was on that curve. */
const sameAlgorithm = (a: string, b: string) => a === b || (familyOf[a] === 'Ed25519' && familyOf[b] === 'Ed25519')

/** The keys that may have signed with this algorithm; of that name, when the token names one (RFC 7515 §4.1.4). */
export const keysFor = (set: KeySet, alg: string, kid: string | undefined): SigningKey[] =>
  set.keys.filter(
    (it) =>
      it.family === familyOf[alg] &&
      (it.alg === undefined || sameAlgorithm(it.alg, alg)) &&
      (kid === undefined || it.kid === kid),
  )
