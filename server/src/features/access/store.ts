import { LRUCache } from 'lru-cache'
import type { Forget } from '../../db/change.ts'
import type { FoundExternal, FoundToken } from '../../db/lookups.ts'
import type { Registered } from '../external-tokens/rules.ts'
import type { ReadToken } from '../jws/rules.ts'
import type { OAuthProvider } from '../oauth-providers/rules.ts'
import type { Evidence, KnownAccount, KnownOrganization, KnownToken } from './rules.ts'

export interface MemoryBounds {
  tokens: number
  accounts: number
  organizations: number
  /** Well-formed secrets that were never given out; nobody can make one of them good, so no change forgets them. */
  unknowns: number
  /** External tokens that were verified, and how many characters of theirs. */
  externals: number
  externalCharacters: number
}

export const defaultBounds: MemoryBounds = {
  tokens: 200_000,
  accounts: 100_000,
  organizations: 20_000,
  unknowns: 20_000,
  externals: 50_000,
  externalCharacters: 64 * 1024 * 1024,
}

/** An external token whose signature was good (E4, E7); whether it still is, is asked at each use. */
export interface RememberedExternal {
  jws: ReadToken
  issuer: string
  subject: string
  /** RFC 7638: of the key that verified it. */
  thumbprint: string
  registered: Registered
  /** The length of its text. */
  characters: number
}

type Providers = Map<string, OAuthProvider>

/**
 * What one process remembers of secrets, bounded whatever is thrown at it. Tokens by the hash of their secret; owners
 * and organizations once each, so that a change of the setting forgets one record and not a million (P8).
 */
export class Memory {
  readonly #tokens: LRUCache<string, KnownToken>
  readonly #accounts: LRUCache<string, KnownAccount>
  readonly #organizations: LRUCache<string, KnownOrganization>
  readonly #unknowns: LRUCache<string, true>
  readonly #externals: LRUCache<string, RememberedExternal & { asOf: Providers }>
  /** The providers known of an issuer, once each; when they are forgotten, no token that was found under them counts. */
  readonly #issuers: LRUCache<string, Providers>
  /** The claims that can be a subject, by issuer; none where nobody registered the issuer. */
  readonly #subjectClaims: LRUCache<string, readonly string[]>

  constructor(bounds: MemoryBounds = defaultBounds) {
    this.#tokens = new LRUCache({ max: bounds.tokens })
    this.#accounts = new LRUCache({ max: bounds.accounts })
    this.#organizations = new LRUCache({ max: bounds.organizations })
    this.#unknowns = new LRUCache({ max: bounds.unknowns })
    this.#externals = new LRUCache({
      max: bounds.externals,
      maxSize: bounds.externalCharacters,
      sizeCalculation: (it) => it.characters,
    })
    this.#issuers = new LRUCache({ max: bounds.externals })
    this.#subjectClaims = new LRUCache({ max: bounds.unknowns })
  }

  get size(): number {
    return this.#tokens.size + this.#externals.size
  }

  /** All that is needed to decide about a secret, or undefined when some of it is not remembered. */
  evidence(hash: string): Evidence | undefined {
    const token = this.#tokens.get(hash)
    if (token === undefined) return undefined
    const account = this.#accounts.get(token.accountId)
    const organization = this.#organizations.get(token.organizationId)
    return account && organization && { source: 'managed', token, account, organization }
  }

  /** An external token under the name that `keepExternal` gave it, unless its issuer was forgotten since. */
  external(name: string): RememberedExternal | undefined {
    const known = this.#externals.get(name)
    return known && this.#issuers.get(known.issuer) === known.asOf ? known : undefined
  }

  keepExternal(name: string, it: RememberedExternal): void {
    const asOf: Providers = this.#issuers.get(it.issuer) ?? new Map()
    this.#issuers.set(it.issuer, asOf)
    const provider = asOf.get(it.registered.provider.id) ?? it.registered.provider
    asOf.set(provider.id, provider)
    this.#externals.set(name, { ...it, registered: { ...it.registered, provider }, asOf })
  }

  subjectClaims(issuer: string): readonly string[] | undefined {
    return this.#subjectClaims.get(issuer)
  }

  keepSubjectClaims(issuer: string, claims: readonly string[]): void {
    this.#subjectClaims.set(issuer, claims)
  }

  account(id: string): KnownAccount | undefined {
    return this.#accounts.get(id)
  }

  organization(id: string): KnownOrganization | undefined {
    return this.#organizations.get(id)
  }

  keepOwner(account: KnownAccount, organization: KnownOrganization): void {
    this.#accounts.set(account.id, account)
    this.#organizations.set(organization.id, organization)
  }

  isUnknown(hash: string): boolean {
    return this.#unknowns.has(hash)
  }

  keepUnknown(hash: string): void {
    this.#unknowns.set(hash, true)
  }

  keep(hash: string, { token, account, organization }: Evidence): void {
    this.#tokens.set(hash, token)
    this.keepOwner(account, organization)
  }

  forget(what: readonly Forget[] | 'everything'): void {
    if (what === 'everything') {
      this.#tokens.clear()
      this.#accounts.clear()
      this.#organizations.clear()
      // A database that was restored, or failed over and back, may know a secret that it did not know before.
      this.#unknowns.clear()
      this.#externals.clear()
      this.#issuers.clear()
      this.#subjectClaims.clear()
      return
    }
    for (const { kind, id } of what) {
      if (kind === 'token') this.#tokens.delete(id)
      if (kind === 'account') this.#accounts.delete(id)
      if (kind === 'issuer') {
        this.#issuers.delete(id)
        this.#subjectClaims.delete(id)
      }
      if (kind === 'organization') this.#organizations.delete(id)
    }
  }
}

/** A row of `find_token` as the three records that the rules ask for. */
export function toEvidence(row: FoundToken): Evidence {
  return {
    source: 'managed',
    token: {
      id: row.token_id,
      organizationId: row.organization_id,
      accountId: row.account_id,
      issuedAtMs: row.issued_at.getTime(),
      expiresAtMs: row.expires_at?.getTime() ?? Number.POSITIVE_INFINITY,
      revoked: row.revoked,
    },
    account: toAccount(row),
    organization: toOrganization(row),
  }
}

type AccountRow = Pick<FoundToken, 'account_id' | 'organization_id' | 'kind' | 'role' | 'name' | 'username' | 'groups'>

const toAccount = (row: AccountRow & { owner_removed: boolean }): KnownAccount => ({
  id: row.account_id,
  organizationId: row.organization_id,
  kind: row.kind,
  role: row.role,
  name: row.name,
  username: row.username,
  groups: row.groups,
  groupIds: row.groups.map((it) => it.id),
  removed: row.owner_removed,
})

const toOrganization = (
  row: Pick<
    FoundToken,
    'organization_id' | 'creation' | 'selected' | 'suspend_outside_groups' | 'organization_role_ids'
  >,
): KnownOrganization => ({
  id: row.organization_id,
  setting: { creation: row.creation, groupIds: row.selected, suspendOutsideGroups: row.suspend_outside_groups },
  roleIds: row.organization_role_ids,
})

/** What `find_external` found: a provider, and the account there if one is mapped. */
export interface FoundProvider {
  provider: OAuthProvider
  account: KnownAccount | undefined
  organization: KnownOrganization
  /** Unix milliseconds of the stored key set; undefined before the first. */
  keysFetchedAtMs: number | undefined
}

/** A row of `find_external`, of this issuer. */
export function toFoundProvider(issuer: string, row: FoundExternal): FoundProvider {
  const { account_id, kind, role, name, username } = row
  const mapped = account_id !== null && kind !== null && role !== null && name !== null && username !== null
  return {
    provider: {
      id: row.provider_id,
      organizationId: row.organization_id,
      issuer,
      jwksUrl: row.jwks_url,
      audiences: row.audiences,
      algorithms: row.algorithms,
      subjectClaim: row.subject_claim,
      scopeClaim: row.scope_claim,
      requireScope: row.require_scope,
      clockToleranceSeconds: row.clock_tolerance,
      maxLifetimeSeconds: row.max_lifetime,
      enabled: row.enabled,
    },
    account: mapped ? toAccount({ ...row, account_id, kind, role, name, username, owner_removed: false }) : undefined,
    organization: toOrganization(row),
    keysFetchedAtMs: row.keys_fetched_at?.getTime(),
  }
}
