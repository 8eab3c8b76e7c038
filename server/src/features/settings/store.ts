import type { Reader, Writer } from '../../db/change.ts'
import type { AccountName } from '../accounts/rules.ts'
import type { BeforeStop, Holder, VersionedSetting } from './rules.ts'

export interface SettingsRecord extends VersionedSetting {
  updatedAt: Date
  updatedBy: AccountName | null
}

/** The organization's setting as it is in this transaction. Every organization has one from its creation on. */
export async function readSettings(db: Reader, organizationId: string): Promise<SettingsRecord> {
  const row = await db
    .selectFrom('token_settings as s')
    .leftJoin('accounts as a', 'a.id', 's.updated_by')
    .leftJoin('users as u', 'u.id', 'a.user_id')
    .select([
      's.creation',
      's.suspend_outside_groups',
      's.version',
      's.before_stop',
      's.updated_at',
      'a.id',
      'a.kind',
      'a.name',
      'u.name as person',
    ])
    .where('s.organization_id', '=', organizationId)
    .executeTakeFirstOrThrow()
  const groups = await db
    .selectFrom('selected_groups')
    .select('group_id')
    .where('organization_id', '=', organizationId)
    .orderBy('group_id')
    .execute()
  return {
    apiTokens: {
      creation: row.creation,
      groupIds: groups.map((it) => it.group_id),
      suspendOutsideGroups: row.suspend_outside_groups,
      beforeStop: await withoutDeletedGroups(db, row.before_stop),
    },
    version: row.version,
    updatedAt: row.updated_at,
    updatedBy: row.id === null ? null : { id: row.id, kind: row.kind ?? 'member', name: row.person ?? row.name ?? '' },
  }
}

/** P13: the setting before a stop, without groups that were deleted since. */
async function withoutDeletedGroups(db: Reader, setting: BeforeStop | null): Promise<BeforeStop | null> {
  if (setting === null) return null
  const names = await groupNames(db, setting.groupIds)
  return { ...setting, groupIds: setting.groupIds.filter((id) => names.has(id)) }
}

export async function writeSettings(
  tx: Writer,
  organizationId: string,
  next: Pick<SettingsRecord, 'apiTokens' | 'version' | 'updatedAt'> & { updatedBy: string | null },
): Promise<void> {
  const { creation, groupIds, suspendOutsideGroups, beforeStop } = next.apiTokens
  await tx
    .updateTable('token_settings')
    .set({
      creation,
      suspend_outside_groups: suspendOutsideGroups,
      version: next.version,
      before_stop: beforeStop && JSON.stringify(beforeStop),
      updated_at: next.updatedAt,
      updated_by: next.updatedBy,
    })
    .where('organization_id', '=', organizationId)
    .execute()
  await tx.deleteFrom('selected_groups').where('organization_id', '=', organizationId).execute()
  if (groupIds.length === 0) return
  await tx
    .insertInto('selected_groups')
    .values(groupIds.map((group_id) => ({ organization_id: organizationId, group_id })))
    .execute()
}

/** Names of those of these groups that exist, by id. */
export async function groupNames(db: Reader, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('groups')
    .select(['id', 'name'])
    .where('id', 'in', [...ids])
    .execute()
  return new Map(rows.map((row) => [row.id, row.name]))
}

/** P4: the groups of an account, live. */
export async function readHolder(db: Reader, accountId: string): Promise<Holder> {
  const rows = await db.selectFrom('group_members').select('group_id').where('account_id', '=', accountId).execute()
  return { groupIds: rows.map((row) => row.group_id) }
}
