/* What a verification says. All of it is frozen, since the same objects are given to everybody who asks. */

export interface Group {
  readonly id: string
  readonly name: string
}

export interface Account {
  readonly id: string
  readonly kind: 'member' | 'service_account'
  /** A member's email, a service account's name. */
  readonly username: string
  /** The role that this request acts with; an external token's scope may have narrowed it (E5). */
  readonly role: 'admin' | 'member'
  readonly groups: readonly Group[]
}

export interface Token {
  readonly source: 'managed' | 'external'
  /** Of a managed token. */
  readonly id?: string
  /** Of an external token: the OAuth provider that it was held against. */
  readonly providerId?: string
  readonly issuer?: string
  /** The account's id (managed), or the subject as the provider knows it (external). */
  readonly subject: string
  readonly scope?: string
  /** Unix milliseconds; left out if it never expires. */
  readonly expiresAtMs?: number
}

export interface Active {
  readonly active: true
  readonly organizationId: string
  readonly account: Account
  readonly token: Token
}

/** N2, and `unavailable` when nobody can know at the moment. A newer server may send others. */
export type Reason =
  | 'malformed'
  | 'owner_removed'
  | 'revoked'
  | 'unknown'
  | 'expired'
  | 'suspended'
  | 'untrusted_issuer'
  | 'ambiguous_organization'
  | 'provider_disabled'
  | 'unavailable'
  | 'invalid_signature'
  | 'invalid_claims'
  | 'unmapped_subject'
  | 'insufficient_scope'
  | (string & {})

/** N4: whose token it was, for reasons of which its users deserve to be told. Meant for you, not for the end client. */
export interface Whose {
  readonly organizationId: string
  readonly account?: Pick<Account, 'id' | 'kind' | 'username'>
  readonly tokenId?: string
  readonly providerId?: string
  readonly issuer?: string
  readonly subject?: string
  readonly expiresAtMs?: number
}

export interface Inactive {
  readonly active: false
  readonly reason: Reason
  readonly whose?: Whose
}

export type Verification = Active | Inactive

const refusals = new Map<string, Inactive>()
/** Reasons are few, but a server could make them up. */
const mostRefusals = 100

/** A refusal that tells no more than its reason. */
export function refusalFor(reason: Reason): Inactive {
  const known = refusals.get(reason)
  if (known) return known
  const made: Inactive = Object.freeze({ active: false, reason })
  if (refusals.size < mostRefusals) refusals.set(reason, made)
  return made
}

/** A managed token whose time has passed while it was remembered as good. */
export function expiredAnswer({ organizationId, account: { id, kind, username }, token }: Active): Inactive {
  const account = Object.freeze({ id, kind, username })
  const { id: tokenId, expiresAtMs } = token
  const whose: Whose = Object.freeze({
    organizationId,
    account,
    ...(tokenId !== undefined && { tokenId }),
    ...(expiresAtMs !== undefined && { expiresAtMs }),
  })
  return Object.freeze({ active: false, reason: 'expired', whose })
}
