import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** Tokens as an attacker writes them: any text in any part, signed by any key in any way. */
export const encode = (part: unknown): string =>
  Buffer.from(typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part)).toString('base64url')

const pss = { padding: 6, saltLength: -1 }

/** The bare signature of RFC 7518 §3 for an algorithm, made without any library that would refuse to. */
export function signatureOf(alg: string, key: KeyObject, input: string): Buffer {
  const data = Buffer.from(input)
  if (alg.startsWith('HS'))
    return createHmac(`sha${alg.slice(2)}`, key.export({ format: 'der', type: 'spki' }))
      .update(data)
      .digest()
  if (alg.startsWith('Ed')) return sign(null, data, key)
  const digest = `sha${alg.slice(2)}`
  if (alg.startsWith('ES')) return sign(digest, data, { key, dsaEncoding: 'ieee-p1363' })
  return sign(digest, data, alg.startsWith('PS') ? { key, ...pss } : key)
}

export interface Forgery {
  header?: unknown
  claims?: unknown
  alg?: string
  key?: KeyObject
}

export function forge({ header, claims, alg = 'RS256', key = keys.rsa.privateKey }: Forgery): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${signatureOf(alg, key, input).toString('base64url')}`
}

export const keys = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  otherRsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed: generateKeyPairSync('ed25519'),
}

export const jwkOf = (pair: { publicKey: KeyObject }, more: object = {}) => ({
  ...pair.publicKey.export({ format: 'jwk' }),
  ...more,
})
