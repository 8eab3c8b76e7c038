import { sql } from 'kysely'
import type { Reader } from '../../db/change.ts'
import { rowsOf } from '../../db/rows.ts'

/** T8: uses per day since `from`, of one account's tokens or of all. Revoked tokens count, since their use happened. */
export const usesPerDay = (db: Reader, from: string, accountId: string | undefined) =>
  rowsOf<{ date: string; count: number }>(
    db,
    sql`select to_char(u.day, 'YYYY-MM-DD') as date, sum(u.count)::bigint as count from token_uses u join tokens t on t.id = u.token_id
      where u.day >= ${from}::date and (${accountId ?? null}::text is null or t.account_id = ${accountId ?? null}) group by u.day order by u.day`,
  )

const mostUsed = 200

/** T8: the living tokens with their uses since `from`, most used first, those never used at the end. */
export const usesPerToken = (db: Reader, from: string, accountId: string | undefined) =>
  rowsOf<{
    tokenId: string
    name: string
    accountId: string
    accountKind: 'member' | 'service_account'
    accountName: string
    count: number
    lastUsedAt: Date | null
  }>(
    db,
    sql`select t.id as "tokenId", t.name, a.id as "accountId", a.kind as "accountKind", coalesce(p.name, a.name) as "accountName",
        coalesce((select sum(u.count) from token_uses u where u.token_id = t.id and u.day >= ${from}::date), 0)::bigint as count,
        l.last_used_at as "lastUsedAt"
      from tokens t join accounts a on a.id = t.account_id left join users p on p.id = a.user_id
      left join token_last_uses l on l.token_id = t.id
      where t.revoked_at is null and (${accountId ?? null}::text is null or t.account_id = ${accountId ?? null})
      order by count desc, t.id limit ${mostUsed}`,
  )
