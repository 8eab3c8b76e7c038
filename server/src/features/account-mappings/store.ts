import type { Reader, Writer } from '../../db/change.ts'
import type { AccountName, MemberStatus } from '../accounts/rules.ts'
import type { Role } from '../organizations/rules.ts'
import type { Mapped } from './rules.ts'

export interface MappingRecord {
  id: string
  accountId: string
  account: AccountName
  providerId: string
  provider: { id: string; name: string }
  /** Whose tokens it concerns: what the gate remembers under the provider's issuer (E4). */
  issuer: string
  subject: string
  displayName: string
  createdAt: Date
}

const mappingRows = (db: Reader, organizationId: string) =>
  db
    .selectFrom('account_mappings as m')
    .innerJoin('oauth_providers as p', 'p.id', 'm.provider_id')
    .innerJoin('accounts as a', 'a.id', 'm.account_id')
    .leftJoin('users as u', 'u.id', 'a.user_id')
    .select(['m.id', 'm.account_id', 'm.provider_id', 'm.subject', 'm.display_name', 'm.created_at'])
    .select(['p.name as provider', 'p.issuer', 'a.kind', 'a.name', 'u.name as person'])
    .where('m.organization_id', '=', organizationId)

type MappingRow = Awaited<ReturnType<ReturnType<typeof mappingRows>['executeTakeFirstOrThrow']>>

const toRecord = (row: MappingRow): MappingRecord => ({
  id: row.id,
  accountId: row.account_id,
  account: { id: row.account_id, kind: row.kind, name: row.person ?? row.name },
  providerId: row.provider_id,
  provider: { id: row.provider_id, name: row.provider },
  issuer: row.issuer,
  subject: row.subject,
  displayName: row.display_name,
  createdAt: row.created_at,
})

export async function findMapping(db: Reader, organizationId: string, id: string): Promise<MappingRecord | undefined> {
  const row = await mappingRows(db, organizationId).where('m.id', '=', id).executeTakeFirst()
  return row && toRecord(row)
}

export interface MappingFilter {
  accountId?: string | undefined
  providerId?: string | undefined
  /** The last id that the page before showed. */
  after?: string | undefined
  limit: number
}

/** In the order of ids; one more than `limit`, to know whether there is a next page. */
export async function listMappings(
  db: Reader,
  organizationId: string,
  { accountId, providerId, after, limit }: MappingFilter,
): Promise<MappingRecord[]> {
  let rows = mappingRows(db, organizationId)
    .orderBy('m.id')
    .limit(limit + 1)
  if (accountId !== undefined) rows = rows.where('m.account_id', '=', accountId)
  if (providerId !== undefined) rows = rows.where('m.provider_id', '=', providerId)
  if (after !== undefined) rows = rows.where('m.id', '>', after)
  return (await rows.execute()).map(toRecord)
}

/** A living account, with what a mapping asks about it. */
export interface MappableAccount extends AccountName {
  role: Role
  status: MemberStatus
}

const accountRows = (db: Reader, organizationId: string) =>
  db
    .selectFrom('accounts as a')
    .leftJoin('users as u', 'u.id', 'a.user_id')
    .select(['a.id', 'a.kind', 'a.name', 'a.role', 'a.status', 'u.name as person'])
    .where('a.organization_id', '=', organizationId)
    .where('a.removed_at', 'is', null)

type AccountRow = Awaited<ReturnType<ReturnType<typeof accountRows>['executeTakeFirstOrThrow']>>

const toAccount = ({ person, name, ...row }: AccountRow): MappableAccount => ({ ...row, name: person ?? name })

export async function findAccount(
  db: Reader,
  organizationId: string,
  id: string,
): Promise<MappableAccount | undefined> {
  const row = await accountRows(db, organizationId).where('a.id', '=', id).executeTakeFirst()
  return row && toAccount(row)
}

/** E3: the account of a subject at a provider, exactly. */
export async function findMappedAccount(
  db: Reader,
  organizationId: string,
  { providerId, subject }: { providerId: string; subject: string },
): Promise<MappableAccount | undefined> {
  const row = await accountRows(db, organizationId)
    .innerJoin('account_mappings as m', 'm.account_id', 'a.id')
    .where('m.provider_id', '=', providerId)
    .where('m.subject', '=', subject)
    .executeTakeFirst()
  return row && toAccount(row)
}

export const findProvider = (
  db: Reader,
  organizationId: string,
  id: string,
): Promise<{ id: string; name: string; issuer: string } | undefined> =>
  db
    .selectFrom('oauth_providers')
    .select(['id', 'name', 'issuer'])
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .executeTakeFirst()

/** The mappings at a provider that have this account or this subject: two at most. */
export const findRivals = (
  db: Reader,
  { providerId, accountId, subject }: Mapped & { providerId: string },
): Promise<Mapped[]> =>
  db
    .selectFrom('account_mappings')
    .select(['account_id as accountId', 'subject'])
    .where('provider_id', '=', providerId)
    .where((eb) => eb.or([eb('account_id', '=', accountId), eb('subject', '=', subject)]))
    .execute()

export async function insertMapping(
  tx: Writer,
  it: Mapped & { id: string; organizationId: string; providerId: string; displayName: string; at: Date },
): Promise<void> {
  await tx
    .insertInto('account_mappings')
    .values({
      id: it.id,
      organization_id: it.organizationId,
      provider_id: it.providerId,
      account_id: it.accountId,
      subject: it.subject,
      display_name: it.displayName,
      created_at: it.at,
    })
    .execute()
}

export async function setDisplayName(tx: Writer, id: string, displayName: string): Promise<void> {
  await tx.updateTable('account_mappings').set({ display_name: displayName }).where('id', '=', id).execute()
}

export async function deleteMapping(tx: Writer, id: string): Promise<void> {
  await tx.deleteFrom('account_mappings').where('id', '=', id).execute()
}

/** All of a provider; answers their ids. */
export async function deleteMappingsOfProvider(tx: Writer, providerId: string): Promise<string[]> {
  const rows = await tx.deleteFrom('account_mappings').where('provider_id', '=', providerId).returning('id').execute()
  return rows.map((row) => row.id).sort()
}

/** All of an account; answers their ids and the issuers of their providers. */
export async function deleteMappingsOfAccount(
  tx: Writer,
  accountId: string,
): Promise<{ ids: string[]; issuers: string[] }> {
  const issuers = await tx
    .selectFrom('account_mappings as m')
    .innerJoin('oauth_providers as p', 'p.id', 'm.provider_id')
    .select('p.issuer')
    .distinct()
    .where('m.account_id', '=', accountId)
    .execute()
  const rows = await tx.deleteFrom('account_mappings').where('account_id', '=', accountId).returning('id').execute()
  return { ids: rows.map((row) => row.id).sort(), issuers: issuers.map((row) => row.issuer).sort() }
}

/** Mappings of accounts that were not removed, at enabled providers. */
const effectiveMappings = (db: Reader, organizationId: string) =>
  db
    .selectFrom('account_mappings as m')
    .innerJoin('oauth_providers as p', 'p.id', 'm.provider_id')
    .innerJoin('accounts as a', 'a.id', 'm.account_id')
    .where('m.organization_id', '=', organizationId)
    .where('p.enabled', '=', true)
    .where('a.removed_at', 'is', null)

/** One account's or one provider's share of an organization's mappings. */
export type MappingShare = { accountId: string } | { providerId: string }

const ofShare = (share: MappingShare) =>
  'accountId' in share ? (['m.account_id', share.accountId] as const) : (['m.provider_id', share.providerId] as const)

/** Whether an effective mapping exists; `except` leaves out those that a change would take away. */
export async function hasEffectiveMapping(db: Reader, organizationId: string, except?: MappingShare): Promise<boolean> {
  let query = effectiveMappings(db, organizationId)
  if (except) {
    const [column, id] = ofShare(except)
    query = query.where(column, '<>', id)
  }
  return (await query.select('m.id').limit(1).executeTakeFirst()) !== undefined
}

export async function countEffectiveMappings(db: Reader, organizationId: string, share: MappingShare): Promise<number> {
  const [column, id] = ofShare(share)
  const row = await effectiveMappings(db, organizationId)
    .where(column, '=', id)
    .select((select) => select.fn.countAll<number>().as('mappings'))
    .executeTakeFirstOrThrow()
  return row.mappings
}
