import { sql } from 'kysely'
import type { Claimed, Due, Expiring } from '../features/expiry-notices/rules.ts'
import type { SignatureAlgorithm } from '../features/oauth-providers/rules.ts'
import type { TokenUse } from '../features/usage/rules.ts'
import type { Database } from './change.ts'
import { createDecidingReads, type ReadLease } from './deciding-reads.ts'

export interface Membership {
  organizationId: string
  organizationName: string
  organizationSlug: string
  accountId: string
  role: 'admin' | 'member'
}

/** One row of `memberships_of`. */
interface FoundMembership {
  organization_id: string
  organization_name: string
  organization_slug: string
  account_id: string
  role: 'admin' | 'member'
}

/** One row of `find_token`: a secret's token, its owner and its organization's setting, in one round trip. */
export interface FoundToken {
  token_id: string
  organization_id: string
  account_id: string
  issued_at: Date
  expires_at: Date | null
  revoked: boolean
  owner_removed: boolean
  kind: 'member' | 'service_account'
  role: 'admin' | 'member'
  name: string
  username: string
  groups: { id: string; name: string }[]
  organization_role_ids: { admin: string; member: string }
  creation: 'all' | 'groups' | 'none'
  suspend_outside_groups: boolean
  selected: string[]
}

/** What `find_external` and `find_token` alike tell of an account and its organization. */
type FoundAccount = Pick<
  FoundToken,
  | ('organization_id' | 'kind' | 'role' | 'name' | 'username' | 'groups')
  | ('organization_role_ids' | 'creation' | 'suspend_outside_groups' | 'selected')
>

/** One row of `find_external`: a provider that may fit a token, and the account that its subject is mapped to. */
export interface FoundExternal extends Omit<FoundAccount, 'kind' | 'role' | 'name' | 'username'> {
  provider_id: string
  jwks_url: string
  audiences: string[]
  algorithms: SignatureAlgorithm[]
  subject_claim: string
  scope_claim: string
  require_scope: boolean
  clock_tolerance: number
  max_lifetime: number
  enabled: boolean
  keys_fetched_at: Date | null
  account_id: string | null
  kind: FoundAccount['kind'] | null
  role: FoundAccount['role'] | null
  name: string | null
  username: string | null
}

/** What a token says of itself, as `find_external` asks: nothing of it is verified. */
export interface ExternalQuestion {
  issuer: string
  audiences: readonly string[]
  /** The top-level claims that are strings, without what a database cannot hold (U+0000, lone surrogates). */
  claims: Readonly<Record<string, string>>
  namedOrganizationId: string | undefined
}

/** A stored key set, of the address that it came from (E7). */
export interface FoundKeys {
  jwks_url: string
  key_set: { keys: unknown[] } | null
  fetched_at: Date | null
  last_error: string | null
}

/** F6: where an organization stands with its preview features. */
export interface FoundChoices {
  organization_id: string
  slug: string
  version: number
  chosen: string[]
}

/** What somebody wrote about a feature, for the operator. */
export interface FoundFeedback {
  id: string
  feature_key: string
  organization_id: string
  organization_name: string
  account_id: string
  account_name: string
  text: string
  created_at: Date
}

/** Text that a database can hold, and so can look for: no U+0000, no lone surrogate. */
export const isStorable = (text: unknown): text is string =>
  typeof text === 'string' && text.isWellFormed() && !text.includes('\u0000')

export type Lookups = ReturnType<typeof lookups>

/** The few look-ups that happen before an organization is known; each is one SECURITY DEFINER function (4th wall door, O1). */
export const lookups = (db: Database, lease: ReadLease) => {
  const decide = createDecidingReads(db, lease)
  return { ...decidingLookups(decide), ...otherLookups(db) }
}

/** Those whose answer lets somebody in: each must come from the primary, and be no older than what was forgotten (N3). */
const decidingLookups = (decide: ReturnType<typeof createDecidingReads>) => ({
  /** By the SHA-256 of a secret (base64url); also finds retired secrets and tokens of removed owners, and says so. */
  findToken: async (hash: string): Promise<FoundToken | undefined> =>
    (await decide(sql<FoundToken>`find_token(${hash})`, 'token_id'))[0],

  /** E4: the providers that map a token's subject, at most ten; where none does, one that gives the reason. */
  findExternal: ({ issuer, audiences, claims, namedOrganizationId }: ExternalQuestion): Promise<FoundExternal[]> =>
    decide(
      sql<FoundExternal>`find_external(${issuer}, ${JSON.stringify(audiences)}::jsonb, ${JSON.stringify(claims)}::jsonb,
        ${namedOrganizationId ?? null})`,
      'provider_id',
    ),

  /** E4: the claims that can be a subject at an issuer; none when no organization registered it. */
  findSubjectClaims: async (issuer: string): Promise<string[]> => {
    const call = sql<{ subject_claim: string }>`find_subject_claims(${issuer})`
    return (await decide(call, 'subject_claim')).map((row) => row.subject_claim)
  },

  findProviderKeys: async (providerId: string): Promise<FoundKeys | undefined> =>
    (await decide(sql<FoundKeys>`find_provider_keys(${providerId})`, 'jwks_url'))[0],

  /** By id or slug; undefined where there is no such organization. */
  findPreviewChoices: async (idOrSlug: string): Promise<FoundChoices | undefined> =>
    (await decide(sql<FoundChoices>`find_preview_choices(${idOrSlug})`, 'organization_id'))[0],

  /** The organizations that a person has joined, in the order of their creation. */
  membershipsOf: async (userId: string): Promise<Membership[]> => {
    const call = sql<FoundMembership>`memberships_of(${userId})`
    const found = await decide(call, 'organization_id')
    return found.map((row) => ({
      organizationId: row.organization_id,
      organizationName: row.organization_name,
      organizationSlug: row.organization_slug,
      accountId: row.account_id,
      role: row.role,
    }))
  },
})

const otherLookups = (db: Database) => ({
  /** E7: how a fetch ended that changed no key; `failure` is null when it was good, `at` when it was not. */
  recordKeyFetch: async (it: { providerId: string; jwksUrl: string; at: Date | null; failure: string | null }) => {
    await sql`select record_key_fetch(${it.providerId}, ${it.jwksUrl}, ${it.at}, ${it.failure})`.execute(db)
  },

  /** F1: the number of a catalogue's content, the same for every process that has it; a new one unless it is the latest. */
  numberCatalogue: async (hash: string): Promise<number> =>
    (await sql<{ number: number }>`select number_catalogue(${hash}) as number`.execute(db)).rows[0]?.number ?? 0,

  /** Newest first, those before `before`. */
  listFeedback: async (
    it: { feature?: string | undefined; before?: string | undefined },
    limit: number,
  ): Promise<FoundFeedback[]> =>
    (
      await sql<FoundFeedback>`select * from list_feedback(${it.feature ?? null}, ${it.before ?? null}, ${limit})`.execute(
        db,
      )
    ).rows,

  findInvitation: async (hash: string): Promise<{ organizationId: string; invitationId: string } | undefined> => {
    const found = await sql<{
      organization_id: string
      invitation_id: string
    }>`select * from find_invitation(${hash})`.execute(db)
    const row = found.rows[0]
    return row && { organizationId: row.organization_id, invitationId: row.invitation_id }
  },

  organizationCount: async (): Promise<number> =>
    (await sql<{ count: number }>`select organization_count() as count`.execute(db)).rows[0]?.count ?? 0,

  /** Living tokens that expire between two times, soonest first, those after `seen`. */
  expiringTokens: async (
    { after, until, seen }: { after: Date; until: Date; seen: Expiring | undefined },
    limit: number,
  ): Promise<Expiring[]> =>
    (
      await sql<Expiring>`select token_id as "tokenId", organization_id as "organizationId", kind, issued_at as "issuedAt",
        expires_at as "expiresAt", told
        from expiring_tokens(${after}, ${until}, ${seen?.expiresAt ?? after}, ${seen?.tokenId ?? ''}, ${limit})`.execute(
        db,
      )
    ).rows,

  /** Takes notices, committed when this resolves; answers those that nobody had taken. With `digest`, none if its day is taken. */
  claimExpiryNotices: async (
    due: readonly Due[],
    at: Date,
    digest?: { organizationId: string; day: string },
  ): Promise<Claimed[]> =>
    (
      await sql<Claimed>`select organization_id as "organizationId", organization_name as "organizationName",
        organization_slug as "organizationSlug", token_name as "tokenName", hint, expires_at as "expiresAt", owner, email
        from claim_expiry_notices(${JSON.stringify(due)}::jsonb, ${at}, ${digest?.organizationId ?? null}, ${digest?.day ?? null}::date)`.execute(
        db,
      )
    ).rows,

  /** T8: adds a batch of uses up. */
  recordUses: async (uses: readonly TokenUse[]): Promise<void> => {
    await sql`select record_uses(${JSON.stringify(uses)}::jsonb)`.execute(db)
  },
})
