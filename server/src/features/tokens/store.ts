import { type ExpressionBuilder, sql } from 'kysely'
import type { Reader, Writer } from '../../db/change.ts'
import { containing } from '../../db/search.ts'
import type { Tables } from '../../db/tables.ts'
import type { AccountKind, AccountName } from '../accounts/rules.ts'
import type { TokenState } from './rules.ts'

/** A token as the database remembers it, with what the setting asks about its owner. */
export interface TokenRecord {
  id: string
  account: AccountName
  name: string
  description: string
  hint: string
  createdAt: Date
  createdBy: AccountName | null
  expiresAt: Date | null
  lastUsedAt: Date | null
  /** Is the owner in a selected group at this moment? What that means is the setting's to say (P4, P5). */
  ownerSelected: boolean
}

const kindOf = (id: string): AccountKind => (id.startsWith('svc_') ? 'service_account' : 'member')

const ownerSelected = sql<boolean>`exists (
  select from group_members m join selected_groups s on s.group_id = m.group_id where m.account_id = t.account_id)`

const tokenRows = (db: Reader) =>
  db
    .selectFrom('tokens as t')
    .innerJoin('accounts as a', 'a.id', 't.account_id')
    .leftJoin('users as u', 'u.id', 'a.user_id')
    .leftJoin('accounts as c', 'c.id', 't.created_by')
    .leftJoin('users as cu', 'cu.id', 'c.user_id')
    .leftJoin('token_last_uses as l', 'l.token_id', 't.id')
    .select([
      't.id',
      't.account_id',
      't.name',
      't.description',
      't.hint',
      't.created_at',
      't.created_by',
      't.expires_at',
    ])
    .select(['l.last_used_at', 'a.name as owner', 'u.name as person', 'c.name as maker', 'cu.name as making_person'])
    .select(ownerSelected.as('owner_selected'))
    .where('t.revoked_at', 'is', null)

type TokenRow = Awaited<ReturnType<ReturnType<typeof tokenRows>['executeTakeFirstOrThrow']>>

const toRecord = (row: TokenRow): TokenRecord => ({
  id: row.id,
  account: { id: row.account_id, kind: kindOf(row.account_id), name: row.person ?? row.owner },
  name: row.name,
  description: row.description,
  hint: row.hint,
  createdAt: row.created_at,
  createdBy:
    row.created_by === null
      ? null
      : { id: row.created_by, kind: kindOf(row.created_by), name: row.making_person ?? row.maker ?? '' },
  expiresAt: row.expires_at,
  lastUsedAt: row.last_used_at,
  ownerSelected: row.owner_selected,
})

export async function findToken(db: Reader, id: string): Promise<TokenRecord | undefined> {
  const row = await tokenRows(db).where('t.id', '=', id).executeTakeFirst()
  return row && toRecord(row)
}

export interface TokenFilter {
  accountId?: string | undefined
  state?: TokenState | undefined
  search?: string | undefined
  /** The last id that the page before showed. */
  before?: string | undefined
  limit: number
  at: Date
  /** What the setting does to tokens of accounts inside and outside the selection. */
  suspended: { selected: boolean; others: boolean }
}

type TokenExpressions = ExpressionBuilder<Tables & { t: Tables['tokens'] }, 't'>

const isExpired = (eb: TokenExpressions, at: Date) =>
  eb.and([eb('t.expires_at', 'is not', null), eb('t.expires_at', '<=', at)])

/** T6 as a condition: expired by its time, else suspended or active by the owner's class. */
function inState(eb: TokenExpressions, { state, at, suspended }: TokenFilter) {
  if (state === 'expired') return isExpired(eb, at)
  const cutOff = sql<boolean>`case when ${ownerSelected} then ${suspended.selected}::boolean else ${suspended.others}::boolean end`
  return eb.and([eb.not(isExpired(eb, at)), eb(cutOff, '=', state === 'suspended')])
}

/** Newest first; one more than `limit`, to know whether there is a next page. */
export async function listTokens(db: Reader, filter: TokenFilter): Promise<TokenRecord[]> {
  let rows = tokenRows(db)
    .orderBy('t.id', 'desc')
    .limit(filter.limit + 1)
  if (filter.accountId !== undefined) rows = rows.where('t.account_id', '=', filter.accountId)
  if (filter.before !== undefined) rows = rows.where('t.id', '<', filter.before)
  if (filter.search !== undefined) rows = rows.where('t.name', '~', containing(filter.search))
  if (filter.state !== undefined) rows = rows.where((eb) => inState(eb as unknown as TokenExpressions, filter))
  return (await rows.execute()).map(toRecord)
}

/** An account that can own tokens: joined and not removed. */
export async function findOwner(db: Reader, id: string): Promise<AccountName | undefined> {
  const row = await db
    .selectFrom('accounts as a')
    .leftJoin('users as u', 'u.id', 'a.user_id')
    .select(['a.id', 'a.kind', 'a.name', 'u.name as person'])
    .where('a.id', '=', id)
    .where('a.removed_at', 'is', null)
    .where('a.status', '=', 'joined')
    .executeTakeFirst()
  return row && { id: row.id, kind: row.kind, name: row.person ?? row.name }
}

/** How many tokens an account has that were not revoked; counts no further than `most`. */
export async function countTokens(db: Reader, accountId: string, most: number): Promise<number> {
  const rows = db.selectFrom('tokens').select('id').where('account_id', '=', accountId).where('revoked_at', 'is', null)
  return (await rows.limit(most).execute()).length
}

export interface NewTokenRow {
  id: string
  organizationId: string
  accountId: string
  name: string
  description: string
  hint: string
  hash: string
  at: Date
  createdBy: string
  expiresAt: Date | null
}

export async function insertToken(tx: Writer, it: NewTokenRow): Promise<void> {
  await tx
    .insertInto('tokens')
    .values({
      id: it.id,
      organization_id: it.organizationId,
      account_id: it.accountId,
      name: it.name,
      description: it.description,
      hint: it.hint,
      created_at: it.at,
      created_by: it.createdBy,
      issued_at: it.at,
      expires_at: it.expiresAt,
      revoked_at: null,
    })
    .execute()
  await insertSecret(tx, it)
}

const insertSecret = (tx: Writer, it: { id: string; organizationId: string; hash: string }) =>
  tx
    .insertInto('token_secrets')
    .values({ hash: it.hash, token_id: it.id, organization_id: it.organizationId, retired_at: null })
    .execute()

/** Takes the present secret out of service, if it is older than that; answers its hash, which processes must forget. */
export async function retireSecrets(tx: Writer, tokenId: string, at: Date, issuedBefore?: Date): Promise<string[]> {
  let rows = tx
    .updateTable('token_secrets')
    .set({ retired_at: at })
    .where('token_id', '=', tokenId)
    .where('retired_at', 'is', null)
    .returning('hash')
  if (issuedBefore)
    rows = rows.where('token_id', 'in', (eb) =>
      eb.selectFrom('tokens').select('id').where('id', '=', tokenId).where('issued_at', '<', issuedBefore),
    )
  return (await rows.execute()).map((row) => row.hash)
}

export async function replaceSecret(
  tx: Writer,
  it: { id: string; organizationId: string; hash: string; hint: string; at: Date; expiresAt: Date | null },
): Promise<string[]> {
  const retired = await retireSecrets(tx, it.id, it.at)
  await insertSecret(tx, it)
  await tx
    .updateTable('tokens')
    .set({ hint: it.hint, issued_at: it.at, expires_at: it.expiresAt })
    .where('id', '=', it.id)
    .execute()
  return retired
}

export async function describeToken(tx: Writer, id: string, it: { name: string; description: string }): Promise<void> {
  await tx.updateTable('tokens').set(it).where('id', '=', id).execute()
}

export async function revokeToken(tx: Writer, id: string, at: Date): Promise<string[]> {
  await tx.updateTable('tokens').set({ revoked_at: at }).where('id', '=', id).execute()
  return retireSecrets(tx, id, at)
}
