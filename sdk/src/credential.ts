import * as crypto from 'node:crypto'

/* What can be told of a credential by its text alone (T9, E2): garbage costs no request. */

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const managedLength = 53
const checksumStart = 47

const jwsForm = /^[\w-]+\.[\w-]+\.[\w-]+$/
/** The longest credential that is looked at, as in the server (E2). */
const maxLength = 16 * 1024

/**
 * RFC 1952 §8, four bytes at a step: tables[n] has the CRC-32 of each byte with n zero bytes behind it. `zlib.crc32` is
 * younger than the oldest Node that this runs on, and a call out of JavaScript costs more than these 47 bytes.
 */
const tables = [0, 1, 2, 3].map(() => new Int32Array(256)) as [Int32Array, Int32Array, Int32Array, Int32Array]
const [table0, table1, table2, table3] = tables
for (let byte = 0; byte < 256; byte += 1) {
  let rest = byte
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1
  table0[byte] = rest
}
for (const [n, table] of tables.slice(1).entries())
  for (let byte = 0; byte < 256; byte += 1) {
    const before = tables[n]![byte]!
    table[byte] = (before >>> 8) ^ table0[before & 0xff]!
  }

/** The value of each base62 digit by its code, and for all other codes one that shows itself when it is added up. */
const noDigit = 0x80
const digitValues = new Uint8Array(256).fill(noDigit)
for (let value = 0; value < alphabet.length; value += 1) digitValues[alphabet.charCodeAt(value)] = value

/** What a code adds to the faults: none for a digit, and whatever is no byte shows itself as well. */
const faultOf = (code: number) => digitValues[code & 0xff]! | ((code >> 8) << 7)

/** T9: prefix, digits, and a checksum that fits all that stands before it. Hot, hence by hand, four characters at a step. */
function isManaged(text: string): boolean {
  if (!text.startsWith('pcu_') && !text.startsWith('pcs_')) return false
  let crc = -1
  let faults = 0
  let at = 0
  for (; at + 4 <= checksumStart; at += 4) {
    const a = text.charCodeAt(at)
    const b = text.charCodeAt(at + 1)
    const c = text.charCodeAt(at + 2)
    const d = text.charCodeAt(at + 3)
    if (at > 0) faults |= faultOf(a) | faultOf(b) | faultOf(c) | faultOf(d)
    crc ^= a | (b << 8) | (c << 16) | (d << 24)
    crc = table3[crc & 0xff]! ^ table2[(crc >>> 8) & 0xff]! ^ table1[(crc >>> 16) & 0xff]! ^ table0[crc >>> 24]!
  }
  for (; at < checksumStart; at += 1) {
    const code = text.charCodeAt(at)
    faults |= faultOf(code)
    crc = table0[(crc ^ code) & 0xff]! ^ (crc >>> 8)
  }
  let stated = 0
  for (; at < managedLength; at += 1) {
    const code = text.charCodeAt(at)
    faults |= faultOf(code)
    stated = stated * 62 + digitValues[code & 0xff]!
  }
  return faults < noDigit && stated === ~crc >>> 0
}

/** Which way a credential goes; `malformed` is decided here and now. */
export type CredentialForm = 'managed' | 'external' | 'malformed'

/** Tells a managed token (T9, checksum included) and a compact JWS (RFC 7515 §7.1) from all else. */
export function formOf(credential: unknown): CredentialForm {
  if (typeof credential !== 'string') return 'malformed'
  if (credential.length === managedLength && isManaged(credential)) return 'managed'
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
