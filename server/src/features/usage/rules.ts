import { type Fault, ok, type Result, refuse } from '../../kernel/result.ts'

/** T8: uses of one token that have not been written yet. */
export interface Uses {
  count: number
  lastUsedAtMs: number
}

/** A batch to write: what `record_uses` adds up. */
export interface TokenUse {
  tokenId: string
  /** UTC day of the last use, `YYYY-MM-DD`; a batch is short, so a midnight inside it moves a few uses at most. */
  day: string
  count: number
  lastUsedAt: string
}

/** Pending uses as a batch. */
export const batchOf = (pending: ReadonlyMap<string, Uses>): TokenUse[] =>
  [...pending].map(([tokenId, { count, lastUsedAtMs }]) => {
    const lastUsedAt = new Date(lastUsedAtMs).toISOString()
    return { tokenId, day: lastUsedAt.slice(0, 10), count, lastUsedAt }
  })

/** Uses that a verifier counted and reports. */
export interface ReportedUse extends Omit<TokenUse, 'lastUsedAt'> {
  lastUsedAt: Date
}

const dayMs = 24 * 60 * 60 * 1000
const keptDays = 7
const maxFaults = 50

const dayOf = (atMs: number) => new Date(atMs).toISOString().slice(0, 10)

/**
 * What a verifier reports, as a batch. Its clock may be wrong and its report late: what lies ahead of us counts as now,
 * and a last use before its own day as the beginning of that day. Days that are over for long are refused, since nobody
 * may rewrite what was read.
 */
export function usesReported(reported: readonly ReportedUse[], nowMs: number): Result<TokenUse[], 'invalid_request'> {
  const today = dayOf(nowMs)
  const oldest = dayOf(nowMs - keptDays * dayMs)
  const errors: Fault[] = reported.flatMap(({ day }, i) =>
    day < oldest ? [{ path: `${i}.day`, message: `At most ${keptDays} days ago.` }] : [],
  )
  if (errors.length > 0) return refuse('invalid_request', { errors: errors.slice(0, maxFaults) })
  return ok(
    reported.map(({ tokenId, day: said, count, lastUsedAt }) => {
      const isAhead = said > today
      const day = isAhead ? today : said
      const atMs = Math.max(Date.parse(day), Math.min(lastUsedAt.getTime(), nowMs))
      return { tokenId, day, count, lastUsedAt: new Date(atMs).toISOString() }
    }),
  )
}
