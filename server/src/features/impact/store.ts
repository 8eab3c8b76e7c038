import { sql } from 'kysely'
import type { Reader } from '../../db/change.ts'
import { rowsOf } from '../../db/rows.ts'
import type { AccountName } from '../accounts/rules.ts'
import type { AccountClass } from './rules.ts'

/** Which selection applies before and after a change, and who leaves which group by it. */
export interface Question {
  organizationId: string
  before: readonly string[]
  after: readonly string[]
  leaving?: { groupId: string; accountId: string } | undefined
  at: Date
}

const dayMs = 24 * 60 * 60 * 1000

/** P9: accounts that can create tokens, by whether they are in the selection before and after the change. */
const classifyAccounts = ({ organizationId, before, after, leaving }: Question) => {
  const stays = leaving ? sql`and not (m.group_id = ${leaving.groupId} and m.account_id = ${leaving.accountId})` : sql``
  return sql`
  select a.id,
    exists (select from group_members m where m.account_id = a.id and m.group_id = any(${before}::text[])) as selected_before,
    exists (select from group_members m where m.account_id = a.id and m.group_id = any(${after}::text[]) ${stays}) as selected_after
  from accounts a where a.organization_id = ${organizationId} and a.removed_at is null and a.status = 'joined'`
}

/** P9: the counts behind the impact, one row per class. One pass over the organization's tokens. */
export async function countClasses(db: Reader, question: Question): Promise<AccountClass[]> {
  const { organizationId, at } = question
  const counted = sql<AccountClass>`
    with classes as (${classifyAccounts(question)}),
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
  question: Question,
  classes: readonly Pick<AccountClass, 'selectedBefore' | 'selectedAfter'>[],
): Promise<ImpactExample[]> {
  if (classes.length === 0) return []
  const { organizationId, at } = question
  const wanted = sql.join(
    classes.map(
      (group) => sql`(c.selected_before = ${group.selectedBefore} and c.selected_after = ${group.selectedAfter})`,
    ),
    sql` or `,
  )
  const found = sql<ImpactExample>`
    with classes as (${classifyAccounts(question)})
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

export interface HeldToken {
  id: string
  name: string
  lastUsedAt: Date | null
  usedLast24h: boolean
}

/** The tokens of one account that have neither expired nor been revoked, by name. */
export async function listHeldTokens(db: Reader, accountId: string, at: Date): Promise<HeldToken[]> {
  const rows = await db
    .selectFrom('tokens as t')
    .leftJoin('token_last_uses as l', 'l.token_id', 't.id')
    .select(['t.id', 't.name', 'l.last_used_at'])
    .where('t.account_id', '=', accountId)
    .where('t.revoked_at', 'is', null)
    .where((where) => where.or([where('t.expires_at', 'is', null), where('t.expires_at', '>', at)]))
    .orderBy('t.name')
    .orderBy('t.id')
    .execute()
  const dayAgo = at.getTime() - dayMs
  return rows.map(({ id, name, last_used_at: lastUsedAt }) => ({
    id,
    name,
    lastUsedAt,
    usedLast24h: lastUsedAt !== null && lastUsedAt.getTime() > dayAgo,
  }))
}

/** An account that has not been removed. */
export async function findAccount(db: Reader, organizationId: string, id: string): Promise<AccountName | undefined> {
  const row = await db
    .selectFrom('accounts as a')
    .leftJoin('users as u', 'u.id', 'a.user_id')
    .select(['a.id', 'a.kind', 'a.name', 'u.name as person'])
    .where('a.organization_id', '=', organizationId)
    .where('a.id', '=', id)
    .where('a.removed_at', 'is', null)
    .executeTakeFirst()
  return row && { id: row.id, kind: row.kind, name: row.person ?? row.name }
}
