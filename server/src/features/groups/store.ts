import { sql } from 'kysely'
import type { Reader, Writer } from '../../db/change.ts'
import { containing } from '../../db/search.ts'
import { type GroupRole, groupNameKey } from './rules.ts'

export interface GroupRecord {
  id: string
  name: string
  description: string
  memberCount: number
}

/** Removed accounts have left all groups, so every row is a member. */
const memberCount = sql<number>`(select count(*) from group_members m where m.group_id = g.id)`

const groupRows = (db: Reader, organizationId: string) =>
  db
    .selectFrom('groups as g')
    .select(['g.id', 'g.name', 'g.description', memberCount.as('memberCount')])
    .where('g.organization_id', '=', organizationId)

export const findGroup = (db: Reader, organizationId: string, id: string): Promise<GroupRecord | undefined> =>
  groupRows(db, organizationId).where('g.id', '=', id).executeTakeFirst()

export interface GroupFilter {
  search?: string | undefined
  /** The last id that the page before showed. */
  after?: string | undefined
  limit: number
}

/** In the order of ids; one more than `limit`, to know whether there is a next page. */
export function listGroups(db: Reader, organizationId: string, { search, after, limit }: GroupFilter) {
  let rows = groupRows(db, organizationId)
    .orderBy('g.id')
    .limit(limit + 1)
  if (after !== undefined) rows = rows.where('g.id', '>', after)
  if (search !== undefined) {
    // Also by what is compared, so that a search finds whatever makes a name taken (O6).
    const key = groupNameKey(search)
    rows = rows.where((eb) => {
      const asWritten = eb('g.name', '~', containing(search))
      return key === '' ? asWritten : eb.or([asWritten, eb('g.name_key', '~', containing(key))])
    })
  }
  return rows.execute()
}

/** Is another group than `exceptId` called so? Ignores case (O6). */
export async function isNameTaken(
  db: Reader,
  organizationId: string,
  name: string,
  exceptId?: string,
): Promise<boolean> {
  const row = await db
    .selectFrom('groups')
    .select('id')
    .where('organization_id', '=', organizationId)
    .where('name_key', '=', groupNameKey(name))
    .executeTakeFirst()
  return row !== undefined && row.id !== exceptId
}

export async function insertGroup(
  tx: Writer,
  it: { id: string; organizationId: string; name: string; description: string; at: Date },
): Promise<void> {
  await tx
    .insertInto('groups')
    .values({
      id: it.id,
      organization_id: it.organizationId,
      name: it.name,
      name_key: groupNameKey(it.name),
      description: it.description,
      created_at: it.at,
    })
    .execute()
}

export async function describeGroup(tx: Writer, id: string, it: { name: string; description: string }): Promise<void> {
  await tx
    .updateTable('groups')
    .set({ name: it.name, name_key: groupNameKey(it.name), description: it.description })
    .where('id', '=', id)
    .execute()
}

/** Its memberships go with it. */
export async function deleteGroup(tx: Writer, id: string): Promise<void> {
  await tx.deleteFrom('groups').where('id', '=', id).execute()
}

export async function memberIds(db: Reader, groupId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('group_members')
    .select('account_id')
    .where('group_id', '=', groupId)
    .orderBy('account_id')
    .execute()
  return rows.map((row) => row.account_id)
}

export async function findRole(db: Reader, groupId: string, accountId: string): Promise<GroupRole | undefined> {
  const row = await db
    .selectFrom('group_members')
    .select('role')
    .where('group_id', '=', groupId)
    .where('account_id', '=', accountId)
    .executeTakeFirst()
  return row?.role
}
