import type { Reader, Writer } from '../../db/change.ts'
import type { GroupRole } from '../groups/rules.ts'
import type { AccountName } from './rules.ts'

/** A group as an account's answer shows it. */
export interface GroupOfAccount {
  id: string
  name: string
  role: GroupRole
}

/** The groups of these accounts, by account; an account in none is missing. */
export async function groupsOfAccounts(
  db: Reader,
  organizationId: string,
  accountIds: readonly string[],
): Promise<Map<string, GroupOfAccount[]>> {
  if (accountIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('group_members as m')
    .innerJoin('groups as g', 'g.id', 'm.group_id')
    .select(['m.account_id', 'm.role', 'g.id', 'g.name'])
    .where('m.organization_id', '=', organizationId)
    .where('m.account_id', 'in', [...accountIds])
    .orderBy('g.id')
    .execute()
  const groups = Map.groupBy(rows, (row) => row.account_id)
  return new Map([...groups].map(([id, its]) => [id, its.map(({ id, name, role }) => ({ id, name, role }))]))
}

/** An account by name with its organization, for whoever asks who they are. */
export async function findWithOrganization(
  db: Reader,
  organizationId: string,
  accountId: string,
): Promise<{ account: AccountName; organization: { id: string; name: string; slug: string } } | undefined> {
  const row = await db
    .selectFrom('accounts as a')
    .innerJoin('organizations as o', 'o.id', 'a.organization_id')
    .leftJoin('users as u', 'u.id', 'a.user_id')
    .select(['a.kind', 'a.name', 'u.name as person', 'o.name as organization', 'o.slug'])
    .where('a.organization_id', '=', organizationId)
    .where('a.id', '=', accountId)
    .executeTakeFirst()
  return (
    row && {
      account: { id: accountId, kind: row.kind, name: row.person ?? row.name },
      organization: { id: organizationId, name: row.organization, slug: row.slug },
    }
  )
}

/** False once the account was removed (O5). */
export async function isLive(db: Reader, organizationId: string, accountId: string): Promise<boolean> {
  const row = await db
    .selectFrom('accounts')
    .select('id')
    .where('organization_id', '=', organizationId)
    .where('id', '=', accountId)
    .where('removed_at', 'is', null)
    .executeTakeFirst()
  return row !== undefined
}

export async function setRole(tx: Writer, accountId: string, role: 'admin' | 'member'): Promise<void> {
  await tx.updateTable('accounts').set({ role }).where('id', '=', accountId).execute()
}

/** Takes an account out of use; its row stays, so that past events and its tokens' history stay readable (O5). */
export async function markRemoved(tx: Writer, accountId: string, at: Date): Promise<void> {
  await tx.updateTable('accounts').set({ removed_at: at }).where('id', '=', accountId).execute()
}

/** Revokes for good whatever tokens an account still has; answers their ids (O5). */
export async function revokeTokensOf(tx: Writer, accountId: string, at: Date): Promise<string[]> {
  const rows = await tx
    .updateTable('tokens')
    .set({ revoked_at: at })
    .where('account_id', '=', accountId)
    .where('revoked_at', 'is', null)
    .returning('id')
    .execute()
  await tx
    .updateTable('token_secrets')
    .set({ retired_at: at })
    .where('retired_at', 'is', null)
    .where('token_id', 'in', (eb) => eb.selectFrom('tokens').select('id').where('account_id', '=', accountId))
    .execute()
  return rows.map((row) => row.id).sort()
}

/** Takes an account out of all its groups; answers their ids. */
export async function leaveAllGroups(tx: Writer, accountId: string): Promise<string[]> {
  const rows = await tx.deleteFrom('group_members').where('account_id', '=', accountId).returning('group_id').execute()
  return rows.map((row) => row.group_id).sort()
}

/** Voids the open invitation of an account, if there is one; answers its id. */
export async function deleteInvitationOf(tx: Writer, accountId: string): Promise<string | undefined> {
  const row = await tx.deleteFrom('invitations').where('account_id', '=', accountId).returning('id').executeTakeFirst()
  return row?.id
}
