import * as crypto from 'node:crypto'

/* What can be told of a credential by its text alone (T9, E2): garbage costs no request. */

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const managedForm = /^pc[us]_[0-9A-Za-z]{49}$/
const managedLength = 53
const checksumLength = 6

const jwsForm = /^[\w-]+\.[\w-]+\.[\w-]+$/
/** The longest credential that is looked at, as in the server (E2). */
const maxLength = 16 * 1024

/** RFC 1952 §8: the table of CRC-32, since `zlib.crc32` is younger than the oldest Node that this runs on. */
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1
  return rest
})

/** The value of each base62 digit by its code. */
const digitValues = new Uint8Array(128)
for (let value = 0; value < alphabet.length; value += 1) digitValues[alphabet.charCodeAt(value)] = value

/** T9: does the checksum at the end fit all that stands before it? The form has been looked at already. */
function hasChecksum(text: string): boolean {
  const end = managedLength - checksumLength
  let crc = 0xffffffff
  for (let at = 0; at < end; at += 1) crc = crcTable[(crc ^ text.charCodeAt(at)) & 0xff]! ^ (crc >>> 8)
  let stated = 0
  for (let at = end; at < managedLength; at += 1) stated = stated * 62 + digitValues[text.charCodeAt(at)]!
  return stated === (crc ^ 0xffffffff) >>> 0
}

/** Which way a credential goes; `malformed` is decided here and now. */
export type CredentialForm = 'managed' | 'external' | 'malformed'

/** Tells a managed token (T9, checksum included) and a compact JWS (RFC 7515 §7.1) from all else. */
export function formOf(credential: unknown): CredentialForm {
  if (typeof credential !== 'string') return 'malformed'
  if (credential.length === managedLength && managedForm.test(credential))
    return hasChecksum(credential) ? 'managed' : 'malformed'
  return credential.length <= maxLength && jwsForm.test(credential) ? 'external' : 'malformed'
}

/**
 * The name under which a credential is remembered, and by which the feed names a managed token: nothing is kept under
 * the secret itself. `crypto.hash` is three times as fast as a hash object, where the platform has it.
 */
export const hashOf: (credential: string) => string =
  typeof crypto.hash === 'function'
    ? (credential) => crypto.hash('sha256', credential, 'base64url')
    : (credential) => crypto.createHash('sha256').update(credential).digest('base64url')
