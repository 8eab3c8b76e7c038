import type { Deps } from '../../db/deps.ts'
import type { Caller } from '../accounts/rules.ts'
import { usesPerDay, usesPerToken } from './store.ts'

const dayMs = 24 * 60 * 60 * 1000
const dayOf = (at: Date) => at.toISOString().slice(0, 10)

/** Uses of the last `days` UTC days, today included: a member's own tokens, an admin's whole organization. Days without use are 0. */
export function getTokenUsage(deps: Deps, caller: Caller, days: number) {
  const now = deps.now()
  const dates = Array.from({ length: days }, (_, i) => dayOf(new Date(now.getTime() - (days - 1 - i) * dayMs)))
  const from = dates[0] ?? dayOf(now)
  const accountId = caller.role === 'admin' ? undefined : caller.accountId
  return deps.read(caller.organizationId, async (db) => {
    const perDay = new Map((await usesPerDay(db, from, accountId)).map((it) => [it.date, it.count]))
    const tokens = await usesPerToken(db, from, accountId)
    return {
      days: dates.map((date) => ({ date, count: perDay.get(date) ?? 0 })),
      tokens: tokens.map(({ accountId: id, accountKind: kind, accountName: name, ...it }) => ({
        ...it,
        account: { id, kind, name },
      })),
    }
  })
}
