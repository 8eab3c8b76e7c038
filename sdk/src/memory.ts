import { Bounded, type Kept } from './bounded.ts'
import { Records, Shared, SharedAccount } from './shared.ts'
import type { Counted } from './usage.ts'
import type { Account, Active, Inactive, Token, Verification } from './verification.ts'

/** What the feed tells to forget (P11). A token is named by the hash of its secret. */
export interface Forget {
  readonly kind: 'organization' | 'account' | 'token' | 'provider' | 'issuer'
  readonly id: string
}

interface External {
  readonly provider: Shared
  readonly issuer: Shared
  /** On the monotonic clock: then it is asked anew. */
  readonly untilMs: number
}

/** An answer with all that it rests on. */
export interface Entry extends Kept, Counted {
  readonly answer: Verification
  /** The feed's number at which it was true. */
  readonly from: number
  readonly account: SharedAccount
  /** Of an external token alone. */
  readonly external: External | undefined
}

interface Refused extends Kept {
  readonly answer: Inactive
  readonly from: number
}

/** Tokens that are not good are worth less room. */
const mostRefused = 20_000
/** A provider can send scopes of many kilobytes; such a token is asked about each time. */
const mostExternalCharacters = 4096

const isSameAccount = (a: Account, b: Account) =>
  a.role === b.role &&
  a.kind === b.kind &&
  a.username === b.username &&
  a.groups.length === b.groups.length &&
  a.groups.every(({ id, name }, at) => id === b.groups[at]?.id && name === b.groups[at]?.name)

/** What one process remembers: answers by the hash of the token, bounded whatever is thrown at it. */
export class Memory {
  readonly #entries: Bounded<Entry>
  readonly #refused: Bounded<Refused>
  readonly #accounts = new Records<SharedAccount>()
  readonly #organizations = new Records<Shared>()
  readonly #providers = new Records<Shared>()
  readonly #issuers = new Records<Shared>()

  constructor(maxTokens: number) {
    this.#entries = new Bounded(maxTokens, (entry) => this.#release(entry))
    this.#refused = new Bounded(Math.min(maxTokens, mostRefused))
  }

  get size(): number {
    return this.#entries.size + this.#refused.size
  }

  /** How many records its answers rest on; never more than answers need. */
  get records(): number {
    return this.#accounts.size + this.#organizations.size + this.#providers.size + this.#issuers.size
  }

  /** The answer under this name if it was true at `vouched`, unless something that it rests on was forgotten. */
  get(name: string, vouched: number): Entry | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined || entry.from > vouched) return undefined
    const { account, external } = entry
    const forgotten =
      account.forgotten ||
      account.organization.forgotten ||
      (external !== undefined && (external.provider.forgotten || external.issuer.forgotten))
    if (!forgotten) return entry
    this.#entries.delete(name)
    return undefined
  }

  /** A refusal that no change undoes. */
  refusal(name: string, vouched: number): Inactive | undefined {
    const refused = this.#refused.get(name)
    return refused && refused.from <= vouched ? refused.answer : undefined
  }

  /** Keeps an answer about a managed token that says whose it is, good or not. */
  keepManaged(name: string, answer: Verification, from: number): void {
    if (answer.active) {
      const account = this.#accountOf(answer.organizationId, answer.account.id, answer.account)
      this.#keep(name, { answer: sharing(answer, account), from, account, external: undefined })
    } else if (answer.whose?.account) {
      const account = this.#accountOf(answer.whose.organizationId, answer.whose.account.id, undefined)
      this.#keep(name, { answer, from, account, external: undefined })
    }
  }

  /** Keeps an external token that is good, until it is to be asked about anew. */
  keepExternal(name: string, answer: Active, { from, untilMs }: { from: number; untilMs: number }): void {
    const { subject, scope = '', providerId = '', issuer = '' } = answer.token
    if (subject.length + scope.length + issuer.length > mostExternalCharacters) return
    const account = this.#accountOf(answer.organizationId, answer.account.id, undefined)
    account.view ??= answer.account
    const external = {
      provider: this.#providers.get(providerId) ?? this.#providers.put(new Shared(providerId)),
      issuer: this.#issuers.get(issuer) ?? this.#issuers.put(new Shared(issuer)),
      untilMs,
    }
    this.#keep(name, { answer: sharing(answer, account), from, account, external })
  }

  keepRefusal(name: string, answer: Inactive, from: number): void {
    this.#entries.delete(name)
    this.#refused.set(name, { answer, from, used: false })
  }

  forget({ kind, id }: Forget): void {
    if (kind === 'organization') this.#organizations.forget(id)
    else if (kind === 'account') this.#accounts.forget(id)
    else if (kind === 'provider') this.#providers.forget(id)
    else if (kind === 'issuer') this.#issuers.forget(id)
    else {
      this.#entries.delete(id)
      this.#refused.delete(id)
    }
  }

  forgetEverything(): void {
    this.#entries.clear()
    this.#refused.clear()
    for (const records of [this.#accounts, this.#organizations, this.#providers, this.#issuers]) records.clear()
  }

  /**
   * The record of an account. Where a managed token's answer tells something else of it than the record does, a change
   * is on its way that one of both has seen already, so all that rests on the record is asked about anew.
   */
  #accountOf(organizationId: string, accountId: string, view: Account | undefined): SharedAccount {
    const organization = this.#organizations.get(organizationId) ?? this.#organizations.put(new Shared(organizationId))
    const known = this.#accounts.get(accountId)
    if (known?.organization === organization && (!view || !known.view || isSameAccount(known.view, view))) {
      known.view ??= view
      return known
    }
    return this.#accounts.put(new SharedAccount(accountId, organization, view))
  }

  #keep(name: string, { answer, from, account, external }: Omit<Entry, keyof Kept | 'uses' | 'usedAtSeconds'>): void {
    // Held first: taking the place of an older answer releases what that one held.
    this.#accounts.hold(account)
    this.#organizations.hold(account.organization)
    if (external) {
      this.#providers.hold(external.provider)
      this.#issuers.hold(external.issuer)
    }
    this.#refused.delete(name)
    this.#entries.set(name, { answer, from, account, external, used: false, uses: 0, usedAtSeconds: 0 })
  }

  #release({ account, external }: Entry): void {
    this.#accounts.release(account)
    this.#organizations.release(account.organization)
    if (!external) return
    this.#providers.release(external.provider)
    this.#issuers.release(external.issuer)
  }
}

/** Written out, since an object that is made in one go is the smallest. */
function managedToken(id: string, subject: string, expiresAtMs: number | undefined): Token {
  return expiresAtMs === undefined
    ? Object.freeze({ source: 'managed', id, subject })
    : Object.freeze({ source: 'managed', id, subject, expiresAtMs })
}

/** The same answer with the texts and objects that others have already: a token costs little more than its own id. */
function sharing({ account: told, token }: Active, account: SharedAccount): Active {
  const view = account.view && isSameAccount(account.view, told) ? account.view : told
  const own = token.id === undefined ? token : managedToken(token.id, account.id, token.expiresAtMs)
  return Object.freeze({ active: true, organizationId: account.organization.id, account: view, token: own })
}
