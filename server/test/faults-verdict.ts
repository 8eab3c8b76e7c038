import { sql } from 'kysely'
import { expect } from 'vitest'
import type { Database } from '../src/db/change.ts'
import { openDatabase } from '../src/db/open.ts'
import { type ChainLink, chainStart, faultOfLink } from '../src/features/audit/rules.ts'
import { readChainEnd, readLinks } from '../src/features/audit/store.ts'
import type { Acknowledged, Ledger } from './faults-ledger.ts'
import type { Place, Site } from './faults-site.ts'

/** What the events of an organization say that there must be. */
interface Told {
  living: Record<'token' | 'group' | 'service_account', Set<string>>
  /** Accounts that were invited, and have not been withdrawn. */
  invited: Set<string>
  /** How many secrets each token ever had. */
  secrets: Map<string, number>
  saves: number
}

type Event = Pick<ChainLink['record'], 'action' | 'target' | 'before' | 'after'>

const livingKinds: Record<string, keyof Told['living']> = {
  token: 'token',
  group: 'group',
  service_account: 'service_account',
}

function tell(told: Told, { action, target, before }: Event): void {
  const living = told.living[livingKinds[target.kind] ?? 'token']
  const { tokens = [], account = '' } = (before ?? {}) as { tokens?: string[]; account?: string }
  if (/^(token|group|service_account)\.created$/.test(action)) living.add(target.id)
  if (/^(token\.revoked|group\.deleted|service_account\.deleted)$/.test(action)) living.delete(target.id)
  if (/^token\.(created|refreshed)$/.test(action)) told.secrets.set(target.id, (told.secrets.get(target.id) ?? 0) + 1)
  if (action === 'service_account.deleted') for (const it of tokens) told.living.token.delete(it)
  if (action === 'member.invited') told.invited.add(target.id)
  if (action === 'invitation.withdrawn') told.invited.delete(account)
  if (action === 'settings.updated') told.saves += 1
}

/** The same, as the tables have it. */
async function present(owner: Database): Promise<Told> {
  const tokens = await owner.selectFrom('tokens').select('id').where('revoked_at', 'is', null).execute()
  const groups = await owner.selectFrom('groups').select('id').execute()
  const accounts = await owner
    .selectFrom('accounts')
    .select(['id', 'kind', 'status'])
    .where('removed_at', 'is', null)
    .execute()
  const secrets = await owner.selectFrom('token_secrets').select('token_id').execute()
  const settings = await owner.selectFrom('token_settings').select('version').executeTakeFirstOrThrow()
  const count = new Map<string, number>()
  for (const { token_id: id } of secrets) count.set(id, (count.get(id) ?? 0) + 1)
  const idsOf = (rows: readonly { id: string }[]) => new Set(rows.map((it) => it.id))
  return {
    living: {
      token: idsOf(tokens),
      group: idsOf(groups),
      service_account: idsOf(accounts.filter((it) => it.kind === 'service_account')),
    },
    invited: idsOf(accounts.filter((it) => it.status === 'invited')),
    secrets: count,
    saves: settings.version - 1,
  }
}

/** Nothing half done: what one change writes into several tables is there in all of them. */
async function expectNoHalves(owner: Database): Promise<void> {
  const halves = await sql<{ what: string; id: string }>`
    select 'a living token without exactly one living secret' as what, t.id from tokens t where t.revoked_at is null
      and 1 <> (select count(*) from token_secrets s where s.token_id = t.id and s.retired_at is null)
    union all select 'a revoked token with a living secret', t.id from tokens t where t.revoked_at is not null
      and exists (select from token_secrets s where s.token_id = t.id and s.retired_at is null)
    union all select 'a living token of a removed account', t.id from tokens t join accounts a on a.id = t.account_id
      where t.revoked_at is null and a.removed_at is not null
    union all select 'an invited account without its invitation', a.id from accounts a
      where a.status = 'invited' and a.removed_at is null and not exists (select from invitations i where i.account_id = a.id)
    union all select 'an invitation of a removed account', i.id from invitations i join accounts a on a.id = i.account_id
      where a.removed_at is not null
    union all select 'a removed account in a group', m.account_id from group_members m join accounts a on a.id = m.account_id
      where a.removed_at is not null`.execute(owner)
  expect(halves.rows).toEqual([])
}

/** The chain is whole, and its numbers have neither gaps nor twins (A2). */
async function readChain(owner: Database, organization: string): Promise<ChainLink['record'][]> {
  const links = await readLinks(owner, organization, 0, 1_000_000)
  let end = chainStart
  for (const link of links) {
    expect(faultOfLink(end, link)).toBeUndefined()
    end = { sequence: link.record.sequence, hash: link.hash }
  }
  expect(await readChainEnd(owner, organization)).toEqual(end)
  return links.map((it) => it.record)
}

/** Numbers of the feed are those from 1 to its head, and there is one for each transaction that left events. */
async function expectWholeFeed(owner: Database, records: readonly ChainLink['record'][]): Promise<void> {
  const { head } = await owner.selectFrom('feed_head').select('head').executeTakeFirstOrThrow()
  const numbers = await owner.selectFrom('feed').select('number').orderBy('number').execute()
  expect(numbers.map((it) => it.number)).toEqual(Array.from({ length: head }, (_, n) => n + 1))
  // Five invitations are five events of one request, one after another; the founding, which no request did, comes first.
  const changes = records.filter((it, n) => it.requestId !== records[n - 1]?.requestId)
  expect(changes).toHaveLength(head)
}

/** By request: the events that it left, as `action target`. */
function eventsByRequest(records: readonly { requestId: string | null; action: string; target: { id: string } }[]) {
  const found = new Map<string, string[]>()
  for (const { requestId, action, target } of records)
    if (requestId !== null) found.set(requestId, [...(found.get(requestId) ?? []), `${action} ${target.id}`])
  return found
}

function expectAcknowledged(found: Map<string, string[]>, acknowledged: readonly Acknowledged[]): void {
  const missing = acknowledged.filter(
    ({ requestId, events }) => found.get(requestId)?.toSorted().join() !== [...events].toSorted().join(),
  )
  expect(missing).toEqual([])
}

/**
 * Nothing that was acknowledged is missing and each change has exactly its events; a refused one has none; the tables
 * say what the events say, nothing is half done, and chain and feed are whole. The server must have let go of the place.
 */
export async function expectWhole(place: Place, site: Site, ledger: Ledger): Promise<void> {
  const opened = await openDatabase(place)
  const { owner } = opened
  const records = await readChain(owner, site.organization)
  const found = eventsByRequest(records)
  expectAcknowledged(found, ledger.acknowledged)
  expect([...ledger.refused].filter((it) => found.has(it))).toEqual([])
  const told: Told = {
    living: { token: new Set(), group: new Set(), service_account: new Set() },
    invited: new Set(),
    secrets: new Map(),
    saves: 0,
  }
  for (const it of records) tell(told, it)
  expect(await present(owner)).toEqual(told)
  await expectNoHalves(owner)
  await expectWholeFeed(owner, records)
  await opened.close()
}

/** After each fault, while the server runs: what was acknowledged since the last look stands in the audit log. */
export class Look {
  readonly #site: Site
  readonly #ledger: Ledger
  #sequence = 0
  #acknowledged = 0

  constructor(site: Site, ledger: Ledger) {
    this.#site = site
    this.#ledger = ledger
  }

  async expectAcknowledged(): Promise<void> {
    const until = this.#ledger.acknowledged.length
    const records: { sequence: number; requestId: string | null; action: string; target: { id: string } }[] = []
    for (let cursor = ''; ; ) {
      const { status, body } = await this.#site.inside('GET', `/audit-events?limit=200${cursor}`)
      expect(status).toBe(200)
      records.push(...body.items)
      cursor = `&cursor=${body.nextCursor}`
      if (body.nextCursor === null || body.items.at(-1).sequence <= this.#sequence) break
    }
    expectAcknowledged(eventsByRequest(records), this.#ledger.acknowledged.slice(this.#acknowledged, until))
    // What others were told of meanwhile may be older than the newest of these; it is looked at next time.
    this.#sequence = Math.max(...records.map((it) => it.sequence)) - 1000
    this.#acknowledged = until
  }
}

/** At the end: the gate is raised, good secrets are good, and dead ones are not, whatever happened between. */
export async function expectTrueDecisions(site: Site, { good, dead }: Ledger): Promise<void> {
  const { headers } = await site.inside('GET', '/settings')
  const saved = await site.inside(
    'PUT',
    '/settings',
    { apiTokens: { creation: 'all' } },
    { 'if-match': String(headers.etag) },
  )
  expect(saved.status).toBe(200)
  for (const it of good.values()) expect(await site.decision(it)).toBe('accepted')
  for (const it of dead) expect(await site.decision(it)).toBe('refused')
}
