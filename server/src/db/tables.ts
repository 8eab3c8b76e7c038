import type { ColumnType, Generated } from 'kysely'
import type { SignatureAlgorithm } from '../features/oauth-providers/rules.ts'
import type { BeforeStop } from '../features/settings/rules.ts'
import type { MailKind, MailState } from '../mail/rules.ts'

/** A JSON column: written as JSON text, read parsed. */
type Json<T = unknown> = ColumnType<T, string, string>
type Role = 'admin' | 'member'

/** The whole schema on one page. What it means: `docs/rules.md`; how it is made: `migrations/`. */
export interface Tables {
  organizations: {
    id: string
    name: string
    slug: string
    created_at: Date
    admin_role_id: string
    member_role_id: string
    /** Last audit event's number and hash: the chain's end (A2), and the lock that puts an organization's changes in a row. */
    audit_sequence: Generated<number>
    audit_hash: Generated<string>
  }
  token_settings: {
    organization_id: string
    creation: 'all' | 'groups' | 'none'
    suspend_outside_groups: boolean
    version: number
    updated_at: Date
    updated_by: string | null
    /** The feed's number of the last save. */
    saved_number: Generated<number>
    /** The setting that a stop replaced, with its version; null unless creation is `none` (P13). */
    before_stop: ColumnType<BeforeStop | null, string | null | undefined, string | null>
  }
  selected_groups: { organization_id: string; group_id: string }
  accounts: {
    id: string
    organization_id: string
    kind: 'member' | 'service_account'
    /** The person behind a joined member; null while invited and for service accounts. */
    user_id: string | null
    /** A service account's display name; a member's name is the person's, and the email's while invited. */
    name: string
    email: string | null
    role: Role
    status: 'invited' | 'joined'
    created_at: Date
    created_by: string | null
    joined_at: Date | null
    removed_at: Date | null
  }
  invitations: {
    id: string
    organization_id: string
    account_id: string
    secret_hash: string
    created_at: Date
    expires_at: Date
    /** How the current secret left: only by mail, or shown to an admin (O3). */
    secret_channel: Generated<'mail' | 'shown'>
    /** Refused attempts to accept with the secret that has this hash (O13). */
    refused_attempts: Generated<number>
    refused_secret_hash: Generated<string | null>
  }
  /** The mail queue: what to send, never a secret. Without an organization it is a person's. */
  mails: {
    id: string
    organization_id: string | null
    kind: MailKind
    /** What the mail is about: an invitation, a user. */
    subject_id: string
    recipient: string
    /** The account that asked for it. */
    requested_by: string | null
    details: Json<Record<string, string>>
    state: MailState
    /** Attempts that began; the number of the last one fences off a process whose lease ended. */
    attempts: number
    next_attempt_at: Date
    lease_until: Date | null
    /** A response code of SMTP, or the code of a failed connection. */
    last_error: string | null
    created_at: Date
    finished_at: Date | null
  }
  groups: { id: string; organization_id: string; name: string; name_key: string; description: string; created_at: Date }
  group_members: { group_id: string; account_id: string; organization_id: string; role: 'member' | 'manager' }
  tokens: {
    id: string
    organization_id: string
    account_id: string
    name: string
    description: string
    hint: string
    created_at: Date
    created_by: string | null
    /** When the present secret was given out. */
    issued_at: Date
    expires_at: Date | null
    revoked_at: Date | null
  }
  /** Every secret that a token ever had, by hash; `retired_at` is set on those that no longer open anything (T4). */
  token_secrets: { hash: string; token_id: string; organization_id: string; retired_at: Date | null }
  /** Uses per token and UTC day (`YYYY-MM-DD`). */
  token_uses: { token_id: string; organization_id: string; day: string; count: number }
  token_last_uses: { token_id: string; organization_id: string; last_used_at: Date }
  /** Which secrets' expirations were told: a row is taken before its mail leaves. */
  expiry_notices: { token_id: string; organization_id: string; issued_at: Date; days: 1 | 7; at: Date }
  /** The UTC days on which an organization's admins were told of its service accounts' tokens. */
  expiry_digests: { organization_id: string; day: string }
  /** E1; lists are JSON arrays of strings, times are in seconds. */
  oauth_providers: {
    id: string
    organization_id: string
    name: string
    issuer: string
    jwks_url: string
    audiences: Json<string[]>
    algorithms: Json<SignatureAlgorithm[]>
    subject_claim: string
    scope_claim: string
    require_scope: boolean
    clock_tolerance: number
    max_lifetime: number
    enabled: boolean
    created_at: Date
  }
  /** E7: the last good key set (a JWK Set, public members alone), of the address that it came from, for all processes. */
  provider_keys: {
    provider_id: string
    organization_id: string
    jwks_url: string
    key_set: Json<{ keys: unknown[] }> | null
    fetched_at: Date | null
    last_error: string | null
  }
  /** E3: whose subject at which provider is which account. */
  account_mappings: {
    id: string
    organization_id: string
    provider_id: string
    account_id: string
    subject: string
    display_name: string
    created_at: Date
  }
  /** F2, F8: who chose last; an organization that never chose has no row and stands at version 0. */
  preview_settings: { organization_id: string; version: number; updated_at: Date; updated_by: string | null }
  preview_choices: { organization_id: string; feature_key: string; enabled_at: Date; enabled_by: string | null }
  preview_feedback: {
    id: string
    organization_id: string
    feature_key: string
    account_id: string
    text: string
    created_at: Date
  }
  /** F1: every content that the catalogue ever had, of all processes; the highest number is the present one. */
  catalogues: { number: number; hash: string; at: Date }
  audit_events: {
    id: string
    organization_id: string
    sequence: number
    time: Date
    actor: Json<{ kind: string; id: string | null; name: string }>
    actor_id: string | null
    action: string
    target: Json<{ kind: string; id: string; name: string }>
    target_id: string
    before: Json | null
    after: Json | null
    ip: string | null
    user_agent: string | null
    request_id: string | null
    previous_hash: string
    hash: string
  }
  /** The change feed: what every process must forget, in the order of commits. */
  feed: {
    number: number
    organization_id: string
    forget: Json<readonly { kind: string; id: string }[]>
    at: Date
    /** Tells this history from another that bears the same numbers. */
    mark: Generated<string>
  }
  feed_head: { single: boolean; head: number }
  /** Processes and verifiers that were seen of late, and the saves of settings that they were seen to obey (P11). */
  peers: { name: string; kind: 'server' | 'verifier'; applied: number; allowance_ms: number; seen_at: Date }
  confirmations: { peer: string; organization_id: string; number: number; version: number; after_ms: number }
  /** The one-time set-up link of a first start. */
  setups: { secret_hash: string; created_at: Date; expires_at: Date }
  /** One row: what the processes of this instance have in common. */
  instance: { id: boolean; public_url: string }

  /* Better Auth's tables (people, sessions, second factors), in our spelling. */
  users: {
    id: string
    name: string
    email: string
    /** Better Auth's; nothing reads it. `email_proven_at` decides. */
    email_verified: boolean
    /** O11: when the person proved that the address is theirs. */
    email_proven_at: Generated<Date | null>
    image: string | null
    two_factor_enabled: boolean | null
    created_at: Date
    updated_at: Date
  }
  sessions: {
    id: string
    user_id: string
    token: string
    expires_at: Date
    ip_address: string | null
    user_agent: string | null
    created_at: Date
    updated_at: Date
  }
  user_credentials: {
    id: string
    user_id: string
    account_id: string
    provider_id: string
    password: string | null
    access_token: string | null
    refresh_token: string | null
    id_token: string | null
    access_token_expires_at: Date | null
    refresh_token_expires_at: Date | null
    scope: string | null
    created_at: Date
    updated_at: Date
  }
  verifications: { id: string; identifier: string; value: string; expires_at: Date; created_at: Date; updated_at: Date }
  two_factors: {
    id: string
    user_id: string
    secret: string
    backup_codes: string
    verified: boolean | null
    failed_verification_count: number | null
    locked_until: Date | null
  }
  /** O12: requests to start a person's sign-in afresh, by the hash of the mailed secret that asked. */
  fresh_starts: { secret_hash: string; user_id: string; requested_at: Date; ready_at: Date; stopped_at: Date | null }
  rate_limits: { id: string; key: string; count: number; last_request: number }
}
