import type { Reader, Writer } from '../../db/change.ts'
import { containing } from '../../db/search.ts'
import type { AccountKind, MemberStatus } from '../accounts/rules.ts'
import type { GroupRole } from '../groups/rules.ts'
import type { Role } from '../organizations/rules.ts'

/** An account as far as its name depends on it (O7). */
export interface GroupableAccount {
  id: string
  kind: AccountKind
  /** The person's name; the email while invited. */
  name: string
  role: Role
  status: MemberStatus
}

export interface MembershipRecord {
  account: GroupableAccount
  role: GroupRole
}

const accountRows = (db: Reader, organizationId: string) =>
  db
    .selectFrom('accounts as a')
    .leftJoin('users as u', 'u.id', 'a.user_id')
    .select(['a.id', 'a.kind', 'a.name', 'a.role', 'a.status', 'u.name as person'])
    .where('a.organization_id', '=', organizationId)
    .where('a.removed_at', 'is', null)

type AccountRow = Awaited<ReturnType<ReturnType<typeof accountRows>['executeTakeFirstOrThrow']>>

const toAccount = ({ person, name, ...row }: AccountRow): GroupableAccount => ({ ...row, name: person ?? name })

/** An account that may be put into groups: a member, invited or joined, or a service account. */
export async function findAccount(
  db: Reader,
  organizationId: string,
  id: string,
): Promise<GroupableAccount | undefined> {
  const row = await accountRows(db, organizationId).where('a.id', '=', id).executeTakeFirst()
  return row && toAccount(row)
}

export interface MembershipFilter {
  search?: string | undefined
  /** The last account id that the page before showed. */
  after?: string | undefined
  limit: number
}

/** In the order of account ids; one more than `limit`, to know whether there is a next page. */
export async function listMemberships(
  db: Reader,
  organizationId: string,
  groupId: string,
  { search, after, limit }: MembershipFilter,
): Promise<MembershipRecord[]> {
  let rows = accountRows(db, organizationId)
    .innerJoin('group_members as m', 'm.account_id', 'a.id')
    .select('m.role as role_in_group')
    .where('m.group_id', '=', groupId)
    .orderBy('a.id')
    .limit(limit + 1)
  if (after !== undefined) rows = rows.where('a.id', '>', after)
  if (search !== undefined) {
    const pattern = containing(search)
    // An invited member's name is the email, which is not everybody's to search (O7).
    rows = rows.where((eb) =>
      eb.or([eb('u.name', '~', pattern), eb.and([eb('a.kind', '=', 'service_account'), eb('a.name', '~', pattern)])]),
    )
  }
  return (await rows.execute()).map(({ role_in_group, ...row }) => ({ account: toAccount(row), role: role_in_group }))
}

export async function countGroupsOf(db: Reader, accountId: string): Promise<number> {
  const rows = await db.selectFrom('group_members').select('group_id').where('account_id', '=', accountId).execute()
  return rows.length
}

export async function insertMemberships(
  tx: Writer,
  organizationId: string,
  rows: readonly { groupId: string; accountId: string; role: GroupRole }[],
): Promise<void> {
  if (rows.length === 0) return
  await tx
    .insertInto('group_members')
    .values(
      rows.map((it) => ({
        group_id: it.groupId,
        account_id: it.accountId,
        organization_id: organizationId,
        role: it.role,
      })),
    )
    .execute()
}

export async function setMembershipRole(
  tx: Writer,
  { groupId, accountId, role }: { groupId: string; accountId: string; role: GroupRole },
): Promise<void> {
  await tx
    .updateTable('group_members')
    .set({ role })
    .where('group_id', '=', groupId)
    .where('account_id', '=', accountId)
    .execute()
}

export async function deleteMembership(tx: Writer, groupId: string, accountId: string): Promise<void> {
  await tx.deleteFrom('group_members').where('group_id', '=', groupId).where('account_id', '=', accountId).execute()
}

/** Those of these ids that lead to a group of this organization. */
export async function knownGroups(db: Reader, organizationId: string, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await db
    .selectFrom('groups')
    .select('id')
    .where('organization_id', '=', organizationId)
    .where('id', 'in', [...ids])
    .execute()
  return new Set(rows.map((row) => row.id))
}
