import { hash } from 'node:crypto'
import { sql } from 'kysely'
import type { World } from '../kernel/deps.ts'
import { type Limit, type LimitName, limits, waitSeconds } from '../kernel/limits.ts'
import { ok, type Result, refuse } from '../kernel/result.ts'
import type { Database } from './change.ts'

/** What is counted for all processes together. */
export interface Limiter {
  /** Counts an attempt (or `amount` things at once) before it is looked at, so that parallel ones cannot all pass. */
  take: (name: LimitName, subject: string, amount?: number) => Promise<Result<void, 'too_many_requests'>>
  /** Takes back what turned out to be no guess. */
  giveBack: (name: LimitName, subject: string, amount?: number) => Promise<void>
}

// Hashed, so that the table never holds what somebody typed as their email.
const keyOf = (name: LimitName, subject: string) => `${name}:${hash('sha256', subject, 'base64url')}`

/**
 * Counts in the present window and tells how many there are; one statement, so that attempts at the same moment,
 * in whatever process, cannot pass on the same count.
 */
async function countAttempt(
  db: Database,
  it: { id: string; key: string; amount: number; limit: Limit; nowMs: number },
): Promise<{ count: number; startedMs: number }> {
  const over = it.nowMs - it.limit.seconds * 1000
  const counted = await sql<{ count: number; last_request: number | string }>`
    insert into rate_limits as l (id, key, count, last_request) values (${it.id}, ${it.key}, ${it.amount}, ${it.nowMs})
    on conflict (key) do update set
      count = case when l.last_request <= ${over} then excluded.count else least(l.count, 1000000) + excluded.count end,
      last_request = case when l.last_request <= ${over} then excluded.last_request else l.last_request end
    returning count, last_request`.execute(db)
  const row = counted.rows[0]
  return { count: row?.count ?? it.amount, startedMs: Number(row?.last_request ?? it.nowMs) }
}

/** `refused` is told of every limit that was reached, for metrics. */
export function limiter(
  db: Database,
  world: Pick<World, 'now' | 'newId'>,
  refused: (name: LimitName) => void = () => undefined,
): Limiter {
  const giveBack = async (name: LimitName, subject: string, amount = 1): Promise<void> => {
    await sql`update rate_limits set count = greatest(count - ${amount}, 0) where key = ${keyOf(name, subject)}`.execute(
      db,
    )
  }
  return {
    take: async (name, subject, amount = 1) => {
      const nowMs = world.now().getTime()
      const [limit, key] = [limits[name], keyOf(name, subject)]
      const counted = await countAttempt(db, { id: world.newId('lim'), key, amount, limit, nowMs })
      const wait = waitSeconds(limit, counted, nowMs)
      if (wait === undefined) return ok(undefined)
      refused(name)
      // There may be room left for less; a single one that was refused had none, and need not be written twice.
      if (amount > 1) await giveBack(name, subject, amount)
      return refuse('too_many_requests', { retryAfterSeconds: wait, detail: detailOf(wait) })
    },
    giveBack,
  }
}

const detailOf = (seconds: number) =>
  `This was done too often. Try again in ${seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} minutes`}.`
