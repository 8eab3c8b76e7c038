import { sql } from 'kysely'
import type { Reader, Writer } from '../../db/change.ts'
import { rowsOf } from '../../db/rows.ts'
import type { AccountName } from '../accounts/rules.ts'
import type { AccountClass, BeforeStop, Holder, VersionedSetting } from './rules.ts'

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

/** P9: accounts that can create tokens, by whether they are in the selection now and in the wanted one. */
const classified = (organizationId: string, before: readonly string[], after: readonly string[]) => sql`
  select a.id, a.status,
    exists (select from group_members m where m.account_id = a.id and m.group_id = any(${before}::text[])) as selected_before,
    exists (select from group_members m where m.account_id = a.id and m.group_id = any(${after}::text[])) as selected_after
  from accounts a where a.organization_id = ${organizationId} and a.removed_at is null and a.status = 'joined'`

export interface Question {
  organizationId: string
  before: readonly string[]
  after: readonly string[]
  at: Date
}

const dayMs = 24 * 60 * 60 * 1000

/** P9: the counts behind the impact, one row per class; `docs` of the meaning are in the rules. Costs one pass over the organization's tokens. */
export async function countClasses(
  db: Reader,
  { organizationId, before, after, at }: Question,
): Promise<AccountClass[]> {
  const counted = sql<AccountClass>`
    with classes as (${classified(organizationId, before, after)}),
    held as (
      select t.account_id, count(*) as tokens, count(l.token_id) as used from tokens t
      left join token_last_uses l on l.token_id = t.id and l.organization_id = ${organizationId}
        and l.last_used_at > ${new Date(at.getTime() - dayMs)}
      where t.organization_id = ${organizationId} and t.revoked_at is null and (t.expires_at is null or t.expires_at > ${at})
      group by t.account_id
    )
    select c.selected_before as "selectedBefore", c.selected_after as "selectedAfter", count(*) as accounts,
      coalesce(sum(h.tokens), 0)::bigint as tokens, coalesce(sum(h.used), 0)::bigint as "tokensUsedLast24h"
    from classes c left join held h on h.account_id = c.id group by 1, 2`
  return rowsOf(db, counted)
}

export interface ImpactExample {
  tokenId: string
  name: string
  accountId: string
  accountKind: AccountName['kind']
  accountName: string
  lastUsedAt: Date | null
  selectedBefore: boolean
  selectedAfter: boolean
}

/** P9: the first ten tokens, by name, of accounts in these classes. */
export async function findExamples(
  db: Reader,
  { organizationId, before, after, at }: Question,
  classes: readonly Pick<AccountClass, 'selectedBefore' | 'selectedAfter'>[],
): Promise<ImpactExample[]> {
  if (classes.length === 0) return []
  const wanted = sql.join(
    classes.map((it) => sql`(c.selected_before = ${it.selectedBefore} and c.selected_after = ${it.selectedAfter})`),
    sql` or `,
  )
  const found = sql<ImpactExample>`
    with classes as (${classified(organizationId, before, after)})
    select t.id as "tokenId", t.name, a.id as "accountId", a.kind as "accountKind", coalesce(u.name, a.name) as "accountName",
      l.last_used_at as "lastUsedAt", c.selected_before as "selectedBefore", c.selected_after as "selectedAfter"
    from (
      select t.id, t.name, t.account_id from tokens t join classes c on c.id = t.account_id
      where t.organization_id = ${organizationId} and t.revoked_at is null and (t.expires_at is null or t.expires_at > ${at}) and (${wanted})
      order by t.name, t.id limit 10
    ) t
    join classes c on c.id = t.account_id join accounts a on a.id = t.account_id
    left join users u on u.id = a.user_id left join token_last_uses l on l.token_id = t.id order by t.name, t.id`
  return rowsOf(db, found)
}
