import type { AccountKind, VerifiedJws } from '../accounts/rules.ts'
import type { ExternalReason } from '../external-tokens/rules.ts'
import type { OAuthProvider } from '../oauth-providers/rules.ts'
import type { Role } from '../organizations/rules.ts'
import { isSuspended, type TokenCreation } from '../settings/rules.ts'

/** N2: why a managed token is not good, in the order in which they decide. */
export const managedReasons = ['malformed', 'owner_removed', 'revoked', 'unknown', 'expired', 'suspended'] as const
export type ManagedReason = (typeof managedReasons)[number]

/** What is known of a presented secret. `undefined` in `Evidence` means that no secret with its hash was ever given out. */
export interface KnownToken {
  id: string
  organizationId: string
  accountId: string
  /** Unix milliseconds; expiry is `Infinity` for never. */
  issuedAtMs: number
  expiresAtMs: number
  /** Deleted, or refreshed away: this secret opens nothing any more (T4, T5). */
  revoked: boolean
}

export interface KnownAccount {
  id: string
  organizationId: string
  kind: AccountKind
  role: Role
  name: string
  /** The email of a member, the name of a service account. */
  username: string
  groups: readonly { id: string; name: string }[]
  groupIds: readonly string[]
  removed: boolean
}

export interface KnownOrganization {
  id: string
  setting: TokenCreation
  roleIds: Record<Role, string>
}

/** All that decides about a managed token. */
export interface Evidence {
  source: 'managed'
  token: KnownToken
  account: KnownAccount
  organization: KnownOrganization
}

/** A good external token: whose it is, what it said, and the role that it acts with (E5). */
export interface ExternalEvidence {
  source: 'external'
  provider: OAuthProvider
  subject: string
  claims: Readonly<Record<string, unknown>>
  verified: VerifiedJws
  account: KnownAccount
  role: Role
}

/** N4: what the resource server is told of an external token that is refused: no account where none is mapped. */
export interface ExternalOwner {
  provider: OAuthProvider
  subject: string
  account: KnownAccount | undefined
}

type Check = (it: Evidence, nowMs: number, namedOrganizationId: string | undefined) => boolean

/**
 * N2: every check on a well-formed managed token, in the order in which they decide; the first that holds is the
 * reason. `unknown` also covers a token that was named for another organization (E4): nothing is said of a stranger's
 * token, so that check comes first.
 */
const checks: readonly (readonly [reason: ManagedReason, fails: Check])[] = [
  ['unknown', ({ token }, _now, named) => named !== undefined && named !== token.organizationId],
  ['owner_removed', ({ account }) => account.removed],
  ['revoked', ({ token }) => token.revoked],
  ['expired', ({ token }, nowMs) => token.expiresAtMs <= nowMs],
  ['suspended', ({ organization, account }) => isSuspended(organization.setting, account)],
]

/** N2: the reason why this token is not good now, or undefined when it is. */
export function refusalReason(it: Evidence, nowMs: number, namedOrganizationId?: string): ManagedReason | undefined {
  for (const [reason, fails] of checks) if (fails(it, nowMs, namedOrganizationId)) return reason
  return undefined
}

export type Reason = ManagedReason | ExternalReason

/** N4: for these reasons the resource server, and it alone, is told whose token it was. */
export const tellsWhose = (reason: Reason): boolean =>
  reason === 'suspended' || reason === 'expired' || reason === 'unmapped_subject'

/** Sentences for those whom one helps. A provider that is off or unknown is not told of: nothing was verified yet. */
const helpful: Partial<Record<Reason, string>> = {
  suspended: "The organization's settings suspend this API token. Nothing was deleted; ask an admin.",
  expired: 'The token has expired. Refresh it or get a new one.',
  ambiguous_organization: "Several organizations take this token. Send one's id in the header IB-Context.",
  unmapped_subject: "No account is mapped to the token's subject. Ask an admin of the organization.",
  insufficient_scope: "The token's scope names no role that its account holds.",
}

/** N2: what the end client reads; ASCII, helpful, and nothing that tells an unknown token from a revoked one. */
export const refusalText = (reason: Reason): string => helpful[reason] ?? 'The token is not valid.'

/** Whoever stands behind a good credential of the management API, before an organization is chosen (N5). */
export type Principal =
  | { kind: 'session'; userId: string; sessionId: string; name: string; email: string }
  | { kind: 'managed'; tokenId: string; hash: string; expiresAt: Date | null; account: KnownAccount }
  /** `account` bears the role that the token acts with; `narrowed` when its scope took some away (E5, T2). */
  | {
      kind: 'external'
      providerId: string
      narrowed: boolean
      expiresAt: Date
      verified: VerifiedJws
      account: KnownAccount
    }

/** What every door learns of a presented token. `unavailable`: neither memory nor the database can vouch for an answer (N3). */
export type Decision =
  | { active: true; evidence: Evidence | ExternalEvidence }
  | { active: false; reason: ManagedReason; evidence?: Evidence }
  | { active: false; reason: ExternalReason; owner?: ExternalOwner }
