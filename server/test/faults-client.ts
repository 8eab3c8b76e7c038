import { setTimeout } from 'node:timers/promises'
import type { Answer } from './cluster.ts'
import type { Ledger } from './faults-ledger.ts'
import type { Chance } from './faults-rounds.ts'
import type { Site } from './faults-site.ts'

/** What a client that is told 503 lets pass before it asks again. */
const backOffMs = 25

type Kind = 'tokens' | 'groups' | 'services' | 'invitations'
type Change = (client: Client) => Promise<unknown>

/**
 * Somebody who changes an organization on and on, in every way that is listed below, and writes down what was
 * acknowledged. Each has tokens, groups and accounts of its own; the settings are everybody's. What it lost sight of,
 * since a change of it was not answered, it touches no more.
 */
export class Client {
  readonly #site: Site
  readonly #ledger: Ledger
  readonly #chance: Chance
  /** Ids of what is there, and of service accounts' tokens by their owner. */
  readonly #own: Record<Kind, string[]> = { tokens: [], groups: [], services: [], invitations: [] }
  readonly #tokensOf = new Map<string, string[]>()
  #broken = false
  #names = 0

  constructor(site: Site, ledger: Ledger, chance: Chance) {
    this.#site = site
    this.#ledger = ledger
    this.#chance = chance
  }

  /** One change after another, until the connection breaks or nobody wants any more. */
  async changeOnAndOn(wanted: () => boolean = () => true): Promise<void> {
    this.#broken = false
    while (!this.#broken && wanted()) await this.#chance.pick(changes)(this)
  }

  #name(): string {
    this.#names += 1
    return `${this.#names} ${this.#chance.number(2 ** 31)}`
  }

  async #send(
    method: string,
    path: string,
    body: unknown,
    eventsOf: (answer: Answer) => readonly string[],
    headers?: Record<string, string>,
  ): Promise<Answer | undefined> {
    const answer = await this.#site.inside(method, path, body, headers).catch(() => undefined)
    this.#broken = answer === undefined
    const done = this.#ledger.note(answer, eventsOf)
    if (answer !== undefined && answer.status >= 500) await setTimeout(backOffMs)
    return done ? answer : undefined
  }

  /** One of these, taken away until it is known what became of it; makes one instead where there is none. */
  #take(kind: Kind): string | undefined {
    const list = this.#own[kind]
    return list.length === 0 ? undefined : list.splice(this.#chance.number(list.length), 1)[0]
  }

  /** Whatever was known of a token's secret is in doubt from now on. */
  #doubt(id: string): string | undefined {
    const secret = this.#ledger.good.get(id)
    this.#ledger.good.delete(id)
    return secret
  }

  #bury(secret: string | undefined): void {
    if (secret !== undefined) this.#ledger.dead.add(secret)
  }

  async createToken(accountId?: string): Promise<void> {
    const created = ({ body }: Answer) => [`token.created ${body.token.id}`]
    const made = await this.#send('POST', '/tokens', { name: this.#name(), ...(accountId && { accountId }) }, created)
    if (!made) return
    const { id } = made.body.token
    this.#ledger.good.set(id, made.body.secret)
    if (accountId === undefined) this.#own.tokens.push(id)
    else this.#tokensOf.get(accountId)?.push(id)
  }

  async refreshToken(): Promise<void> {
    const id = this.#take('tokens')
    if (id === undefined) return this.createToken()
    const old = this.#doubt(id)
    const made = await this.#send('POST', `/tokens/${id}/refresh`, {}, () => [`token.refreshed ${id}`])
    if (!made) return
    this.#bury(old)
    this.#ledger.good.set(id, made.body.secret)
    this.#own.tokens.push(id)
  }

  async describeToken(): Promise<void> {
    const id = this.#take('tokens')
    if (id === undefined) return this.createToken()
    const renamed = await this.#send('PATCH', `/tokens/${id}`, { name: this.#name() }, () => [`token.updated ${id}`])
    if (renamed) this.#own.tokens.push(id)
  }

  async deleteToken(): Promise<void> {
    const id = this.#take('tokens')
    if (id === undefined) return this.createToken()
    const old = this.#doubt(id)
    if (await this.#send('DELETE', `/tokens/${id}`, undefined, () => [`token.revoked ${id}`])) this.#bury(old)
  }

  async createGroup(): Promise<void> {
    const made = await this.#send('POST', '/groups', { name: this.#name() }, ({ body }) => [`group.created ${body.id}`])
    if (made) this.#own.groups.push(made.body.id)
  }

  async fillGroup(): Promise<void> {
    const id = this.#take('groups')
    if (id === undefined) return this.createGroup()
    const path = `/groups/${id}/members/${this.#site.accountId}`
    // Whoever is in it already is not put into it.
    const isIn = (await this.#site.inside('GET', `/groups/${id}`).catch(() => undefined))?.body.memberCount !== 0
    const added = () => (isIn ? [] : [`group.member_added ${id}`])
    if (await this.#send('PUT', path, { role: 'member' }, added)) this.#own.groups.push(id)
  }

  async deleteGroup(): Promise<void> {
    const id = this.#take('groups')
    if (id === undefined) return this.createGroup()
    await this.#send('DELETE', `/groups/${id}`, undefined, () => [`group.deleted ${id}`])
  }

  async invite(): Promise<void> {
    const emails = Array.from({ length: 3 }, () => `${this.#name().replace(' ', '-')}@example.com`)
    const invited = ({ body }: Answer) =>
      body.invitations.map((it: { accountId: string }) => `member.invited ${it.accountId}`)
    const made = await this.#send('POST', '/invitations', { emails, role: 'member' }, invited)
    if (made) this.#own.invitations.push(made.body.invitations[0].id)
  }

  async withdrawInvitation(): Promise<void> {
    const id = this.#take('invitations')
    if (id === undefined) return this.invite()
    await this.#send('DELETE', `/invitations/${id}`, undefined, () => [`invitation.withdrawn ${id}`])
  }

  /** With a token of its own. */
  async createServiceAccount(): Promise<void> {
    const created = ({ body }: Answer) => [`service_account.created ${body.id}`]
    const made = await this.#send('POST', '/service-accounts', { name: this.#name(), role: 'member' }, created)
    if (!made) return
    this.#own.services.push(made.body.id)
    this.#tokensOf.set(made.body.id, [])
    await this.createToken(made.body.id)
  }

  async deleteServiceAccount(): Promise<void> {
    const id = this.#take('services')
    if (id === undefined) return this.createServiceAccount()
    const secrets = (this.#tokensOf.get(id) ?? []).map((it) => this.#doubt(it))
    const gone = await this.#send('DELETE', `/service-accounts/${id}`, undefined, () => [
      `service_account.deleted ${id}`,
    ])
    if (gone) for (const it of secrets) this.#bury(it)
  }

  /** Mostly open, so that tokens can be made; the others may save in the same moment, and then this is refused (P10). */
  async saveSettings(creation = this.#chance.pick(['all', 'all', 'all', 'none'])): Promise<void> {
    const etag = (await this.#site.inside('GET', '/settings').catch(() => undefined))?.headers.etag
    if (typeof etag !== 'string') return
    const apiTokens = { creation, suspendOutsideGroups: this.#chance.number(2) === 0 }
    const saved = ({ headers }: Answer) =>
      headers.etag === etag ? [] : [`settings.updated ${this.#site.organization}`]
    await this.#send('PUT', '/settings', { apiTokens }, saved, { 'if-match': etag })
  }
}

const changes: readonly Change[] = [
  (it) => it.createToken(),
  (it) => it.createToken(),
  (it) => it.refreshToken(),
  (it) => it.describeToken(),
  (it) => it.deleteToken(),
  (it) => it.createGroup(),
  (it) => it.fillGroup(),
  (it) => it.deleteGroup(),
  (it) => it.invite(),
  (it) => it.withdrawInvitation(),
  (it) => it.createServiceAccount(),
  (it) => it.deleteServiceAccount(),
  (it) => it.saveSettings(),
]
