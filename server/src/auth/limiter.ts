import { hash } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import { sql } from 'kysely'
import type { Database } from '../db/change.ts'
import { type Limit, type LimitName, limits, waitSeconds } from '../features/sign-in/rules.ts'
import type { World } from '../kernel/deps.ts'
import { ok, type Result, refuse } from '../kernel/result.ts'

/** Attempts that are counted against guessing, for all processes together. */
export interface Limiter {
  /** Counts an attempt before it is looked at, so that parallel ones cannot all pass. */
  take: (name: LimitName, subject: string) => Promise<Result<void, 'too_many_requests'>>
  /** Takes back what turned out to be no guess. */
  giveBack: (name: LimitName, subject: string) => Promise<void>
}

/** An IPv6 client is its /64, since it chooses the rest itself; who has no address shares one count with all who have none. */
export function clientOf(address: string | null): string {
  if (address === null || !ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString()
  return `${parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`
}

// Hashed, so that the table never holds what somebody typed as their email.
const keyOf = (name: LimitName, subject: string) => `${name}:${hash('sha256', subject, 'base64url')}`

/**
 * Counts one attempt in its window and tells how many there are; one statement, so that attempts at the same moment,
 * in whatever process, cannot pass on the same count.
 */
async function countAttempt(
  db: Database,
  it: { id: string; key: string; limit: Limit; nowMs: number },
): Promise<{ count: number; startedMs: number }> {
  const over = it.nowMs - it.limit.seconds * 1000
  const counted = await sql<{ count: number; last_request: number | string }>`
    insert into rate_limits as l (id, key, count, last_request) values (${it.id}, ${it.key}, 1, ${it.nowMs})
    on conflict (key) do update set
      count = case when l.last_request <= ${over} then 1 else least(l.count, 1000000) + 1 end,
      last_request = case when l.last_request <= ${over} then excluded.last_request else l.last_request end
    returning count, last_request`.execute(db)
  const row = counted.rows[0]
  return { count: row?.count ?? 1, startedMs: Number(row?.last_request ?? it.nowMs) }
}

/** Takes an attempt back that turned out to be no guess. */
async function giveAttemptBack(db: Database, key: string): Promise<void> {
  await sql`update rate_limits set count = greatest(count - 1, 0) where key = ${key}`.execute(db)
}

export const limiter = (db: Database, world: Pick<World, 'now' | 'newId'>): Limiter => ({
  take: async (name, subject) => {
    const nowMs = world.now().getTime()
    const key = keyOf(name, subject)
    const counted = await countAttempt(db, { id: world.newId('lim'), key, limit: limits[name], nowMs })
    const wait = waitSeconds(limits[name], counted, nowMs)
    return wait === undefined ? ok(undefined) : refuse('too_many_requests', { retryAfterSeconds: wait })
  },
  giveBack: (name, subject) => giveAttemptBack(db, keyOf(name, subject)),
})
