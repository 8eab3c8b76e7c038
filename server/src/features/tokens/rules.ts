import { crc32 } from 'node:zlib'
import { invalid, ok, type Result, refuse } from '../../kernel/result.ts'
import type { AccountKind, Caller } from '../accounts/rules.ts'
import type { Role } from '../organizations/rules.ts'

/* The format (T9). */

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const randomLength = 43
const checksumLength = 6
const prefixes: Record<AccountKind, string> = { member: 'pcu_', service_account: 'pcs_' }

/**
 * T9: finds every managed token in a text, whatever stands around it (an escaped `\\n`, `%3D`, `MY_`), in any engine of
 * regular expressions; the checksum rules chance hits out.
 */
export const tokenPattern = `pc[us]_[0-9A-Za-z]{${randomLength + checksumLength}}`

/** The length of a managed token in characters. */
export const tokenLength = 4 + randomLength + checksumLength

/** T9: CRC-32 (as in zlib) in base62, most significant digit first, padded with `0`. */
export function checksumOf(text: string): string {
  let rest = crc32(text)
  let digits = ''
  for (let i = 0; i < checksumLength; i += 1) {
    digits = alphabet[rest % 62] + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}

/** T9: a new secret. Bytes of 248 and above are thrown away, since they would favour the first eight letters. */
export function newSecret(kind: AccountKind, randomBytes: (size: number) => Uint8Array): string {
  let body: string = prefixes[kind]
  while (body.length < 4 + randomLength) {
    for (const byte of randomBytes(randomLength)) {
      if (byte < 248 && body.length < 4 + randomLength) body += alphabet[byte % 62]
    }
  }
  return body + checksumOf(body)
}

const form = new RegExp(`^${tokenPattern}$`)

/** T9: has this text the form of a managed token, checksum included? Costs no look-up. */
export const isWellFormed = (text: string): boolean =>
  text.length === tokenLength && form.test(text) && text.endsWith(checksumOf(text.slice(0, -checksumLength)))

/** T9: what a list shows of a secret: its prefix and last four characters. */
export const hintOf = (secret: string): string => `${secret.slice(0, 4)}…${secret.slice(-4)}`

/* Life. */

export type TokenState = 'active' | 'suspended' | 'expired'

/** The moment of expiration is the first at which the token is no longer good. */
export const isExpired = (expiresAt: Date | null, now: Date): boolean => expiresAt !== null && expiresAt <= now

/** T6: derived, never stored: expired before suspended. */
export function tokenState(token: { expiresAt: Date | null }, suspended: boolean, now: Date): TokenState {
  if (isExpired(token.expiresAt, now)) return 'expired'
  return suspended ? 'suspended' : 'active'
}

/** T3: the moment that a request names, by the server's clock; nothing named means never. */
export const toExpiration = (
  { expiresAt = null, expiresIn }: { expiresAt?: Date | null | undefined; expiresIn?: number | undefined },
  now: Date,
): Date | null => (expiresIn === undefined ? expiresAt : new Date(now.getTime() + expiresIn * 1000))

const longestYears = 10

/** T3: never, or later than now and at most ten years ahead. */
export function mayExpireAt(expiresAt: Date | null, now: Date): Result<void, 'invalid_request'> {
  if (expiresAt === null) return ok(undefined)
  if (expiresAt <= now) return invalid('expiresAt', 'Choose a time in the future.')
  const latest = new Date(now)
  latest.setUTCFullYear(latest.getUTCFullYear() + longestYears)
  return expiresAt <= latest ? ok(undefined) : invalid('expiresAt', `Choose a time within ${longestYears} years.`)
}

/** T2: the credential that asks, as far as it limits what it may make; a console session limits nothing. */
export interface Maker {
  accountId: string
  role: Role
  /** When the token that asks expires: what it creates expires no later. `null`: a session, or a token that never does. */
  expiresAt: Date | null
  /** E5: an external token whose scope names a role makes no stronger credential than itself. */
  narrowed: boolean
}

export const makerOf = ({ accountId, role, credential }: Caller): Maker => ({
  accountId,
  role,
  narrowed: credential.kind === 'external' && credential.narrowed,
  expiresAt: credential.kind === 'session' ? null : credential.expiresAt,
})

export interface TokenOwner {
  accountId: string
  kind: AccountKind
}

/** T2: for itself, or an admin for a service account; nobody for another person; a narrowed credential for nobody. */
export function mayMakeTokenFor(maker: Maker, owner: TokenOwner): Result<void, 'forbidden'> {
  if (maker.narrowed) return refuse('forbidden', { detail: 'A credential narrowed by its scope makes no tokens.' })
  if (maker.accountId === owner.accountId) return ok(undefined)
  if (maker.role === 'admin' && owner.kind === 'service_account') return ok(undefined)
  return refuse('forbidden', { detail: 'Tokens of another person can only be created by that person.' })
}

/** T2: what is made with a token, managed or external, expires no later than that token. */
export function mayOutlive(maker: Maker, expiresAt: Date | null): Result<void, 'invalid_request'> {
  const limit = maker.expiresAt
  if (limit === null || (expiresAt !== null && expiresAt <= limit)) return ok(undefined)
  return invalid('expiresAt', 'Must not be later than the expiration of the token that you use.')
}

/** T11: an account has so many tokens at most, expired ones included, so that no account fills the disk. */
export const mayAddToken = (present: number, most: number): Result<void, 'invalid_request'> =>
  present < most
    ? ok(undefined)
    : invalid('accountId', `An account can have at most ${most} tokens. Delete one that is no longer used first.`)

/** T5, O1: tokens are seen, edited and deleted by their owner and by admins; for others they don't exist. */
export const maySeeToken = (reader: { accountId: string; role: Role }, ownerId: string): boolean =>
  reader.role === 'admin' || reader.accountId === ownerId
