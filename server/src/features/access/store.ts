import { LRUCache } from 'lru-cache'
import type { Forget } from '../../db/change.ts'
import type { FoundToken } from '../../db/lookups.ts'
import type { Evidence, KnownAccount, KnownOrganization, KnownToken } from './rules.ts'

export interface MemoryBounds {
  tokens: number
  accounts: number
  organizations: number
  /** Well-formed secrets that were never given out; nobody can make one of them good, so no change forgets them. */
  unknowns: number
}

export const defaultBounds: MemoryBounds = {
  tokens: 200_000,
  accounts: 100_000,
  organizations: 20_000,
  unknowns: 20_000,
}

/**
 * What one process remembers of secrets, bounded whatever is thrown at it. Tokens by the hash of their secret; owners
 * and organizations once each, so that a change of the setting forgets one record and not a million (P8).
 */
export class Memory {
  readonly #tokens: LRUCache<string, KnownToken>
  readonly #accounts: LRUCache<string, KnownAccount>
  readonly #organizations: LRUCache<string, KnownOrganization>
  readonly #unknowns: LRUCache<string, true>
  readonly #forgotAt: LRUCache<string, Date>

  constructor(bounds: MemoryBounds = defaultBounds) {
    this.#tokens = new LRUCache({ max: bounds.tokens })
    this.#accounts = new LRUCache({ max: bounds.accounts })
    this.#organizations = new LRUCache({ max: bounds.organizations })
    this.#unknowns = new LRUCache({ max: bounds.unknowns })
    this.#forgotAt = new LRUCache({ max: bounds.organizations })
  }

  get size(): number {
    return this.#tokens.size
  }

  /** All that is needed to decide about a secret, or undefined when some of it is not remembered. */
  evidence(hash: string): Evidence | undefined {
    const token = this.#tokens.get(hash)
    if (token === undefined) return undefined
    const account = this.#accounts.get(token.accountId)
    const organization = this.#organizations.get(token.organizationId)
    return account && organization && { token, account, organization }
  }

  isUnknown(hash: string): boolean {
    return this.#unknowns.has(hash)
  }

  keepUnknown(hash: string): void {
    this.#unknowns.set(hash, true)
  }

  keep(hash: string, { token, account, organization }: Evidence): void {
    this.#tokens.set(hash, token)
    this.#accounts.set(account.id, account)
    this.#organizations.set(organization.id, organization)
  }

  forget(what: readonly Forget[] | 'everything', at: Date): void {
    if (what === 'everything') {
      this.#tokens.clear()
      this.#accounts.clear()
      this.#organizations.clear()
      // A database that was restored, or failed over and back, may know a secret that it did not know before.
      this.#unknowns.clear()
      return
    }
    for (const { kind, id } of what) {
      if (kind === 'token') this.#tokens.delete(id)
      if (kind === 'account') this.#accounts.delete(id)
      if (kind !== 'organization') continue
      this.#organizations.delete(id)
      this.#forgotAt.set(id, at)
    }
  }

  forgotAt(organizationId: string): Date | undefined {
    return this.#forgotAt.get(organizationId)
  }
}

/** A row of `find_token` as the three records that the rules ask for. */
export function toEvidence(row: FoundToken): Evidence {
  return {
    token: {
      id: row.token_id,
      organizationId: row.organization_id,
      accountId: row.account_id,
      issuedAtMs: row.issued_at.getTime(),
      expiresAtMs: row.expires_at?.getTime() ?? Number.POSITIVE_INFINITY,
      revoked: row.revoked,
    },
    account: {
      id: row.account_id,
      organizationId: row.organization_id,
      kind: row.kind,
      role: row.role,
      name: row.name,
      username: row.username,
      groups: row.groups,
      groupIds: row.groups.map((it) => it.id),
      removed: row.owner_removed,
    },
    organization: {
      id: row.organization_id,
      setting: { creation: row.creation, groupIds: row.selected, suspendOutsideGroups: row.suspend_outside_groups },
      roleIds: row.organization_role_ids,
    },
  }
}
