import type { Reader, Writer } from '../../db/change.ts'
import { containing } from '../../db/search.ts'
import type { AccountName } from '../accounts/rules.ts'
import type { Role } from '../organizations/rules.ts'

export interface ServiceAccountRecord {
  id: string
  name: string
  role: Role
  createdAt: Date
  /** Null where an operator made it. */
  createdBy: AccountName | null
}

const serviceAccountRows = (db: Reader, organizationId: string) =>
  db
    .selectFrom('accounts as a')
    .leftJoin('accounts as c', 'c.id', 'a.created_by')
    .leftJoin('users as u', 'u.id', 'c.user_id')
    .select(['a.id', 'a.name', 'a.role', 'a.created_at'])
    .select(['c.id as maker_id', 'c.kind as maker_kind', 'c.name as maker', 'u.name as making_person'])
    .where('a.organization_id', '=', organizationId)
    .where('a.kind', '=', 'service_account')
    .where('a.removed_at', 'is', null)

type ServiceAccountRow = Awaited<ReturnType<ReturnType<typeof serviceAccountRows>['executeTakeFirstOrThrow']>>

const toRecord = (row: ServiceAccountRow): ServiceAccountRecord => ({
  id: row.id,
  name: row.name,
  role: row.role,
  createdAt: row.created_at,
  createdBy:
    row.maker_id === null
      ? null
      : { id: row.maker_id, kind: row.maker_kind ?? 'member', name: row.making_person ?? row.maker ?? '' },
})

export async function findServiceAccount(
  db: Reader,
  organizationId: string,
  id: string,
): Promise<ServiceAccountRecord | undefined> {
  const row = await serviceAccountRows(db, organizationId).where('a.id', '=', id).executeTakeFirst()
  return row && toRecord(row)
}

export interface ServiceAccountFilter {
  search?: string | undefined
  /** The last id that the page before showed. */
  after?: string | undefined
  limit: number
}

/** In the order of ids; one more than `limit`, to know whether there is a next page. */
export async function listServiceAccounts(
  db: Reader,
  organizationId: string,
  { search, after, limit }: ServiceAccountFilter,
): Promise<ServiceAccountRecord[]> {
  let rows = serviceAccountRows(db, organizationId)
    .orderBy('a.id')
    .limit(limit + 1)
  if (after !== undefined) rows = rows.where('a.id', '>', after)
  if (search !== undefined) rows = rows.where('a.name', '~', containing(search))
  return (await rows.execute()).map(toRecord)
}

export async function insertServiceAccount(
  tx: Writer,
  it: { id: string; organizationId: string; name: string; role: Role; at: Date; createdBy: string },
): Promise<void> {
  await tx
    .insertInto('accounts')
    .values({
      id: it.id,
      organization_id: it.organizationId,
      kind: 'service_account',
      user_id: null,
      name: it.name,
      email: null,
      role: it.role,
      status: 'joined',
      created_at: it.at,
      created_by: it.createdBy,
      joined_at: it.at,
      removed_at: null,
    })
    .execute()
}

export async function renameServiceAccount(tx: Writer, id: string, name: string): Promise<void> {
  await tx.updateTable('accounts').set({ name }).where('id', '=', id).execute()
}
