import type { Forget } from './change.ts'
import type { FeedAnswer } from './feed.ts'

/** One row of `feed_after`; without entries a single row tells the head alone. */
export interface FeedRow {
  head: number
  number: number | null
  organization_id: string | null
  forget: Forget[] | null
}

export const feedQuery = 'select head, number, organization_id, forget from feed_after($1, $2)'

export function answerOf(rows: readonly FeedRow[]): FeedAnswer {
  const head = rows[0]?.head
  if (head === undefined) throw new Error('The feed has no head')
  const entries = rows.flatMap((row) =>
    row.number === null || row.forget === null ? [] : [{ number: row.number, forget: row.forget }],
  )
  return { head, entries }
}
