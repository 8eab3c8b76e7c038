import { createNotWritableError } from './away.ts'
import type { Forget } from './change.ts'
import type { FeedAnswer } from './feed.ts'
import { isSynchronous, notWritable } from './session-settings.ts'

/** One row of `feed_since`; without entries a single row tells the head alone. */
export interface FeedRow {
  head: number
  head_mark: string
  seen_mark: string
  number: number | null
  mark: string | null
  forget: Forget[] | null
  not_writable: boolean
  /** A commit waits for a standby. */
  synchronous: boolean
}

export const feedQuery = `select head, head_mark, seen_mark, number, mark, forget, ${notWritable} as not_writable,
  ${isSynchronous} as synchronous from feed_since($1, $2)`

export function answerOf(rows: readonly FeedRow[]): FeedAnswer {
  const [first] = rows
  if (first === undefined) throw new Error('The feed has no head')
  // An open connection, too: a failover tool may set a running server to read-only. (N3)
  if (first.not_writable) throw createNotWritableError()
  const entries = rows.flatMap(({ number, mark, forget }) =>
    number === null || mark === null || forget === null ? [] : [{ number, mark, forget }],
  )
  return { head: first.head, headMark: first.head_mark, seenMark: first.seen_mark, entries }
}
