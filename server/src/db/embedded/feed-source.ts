import type { FeedSource } from '../feed.ts'
import { answerOf, type FeedRow, feedQuery } from '../feed-rows.ts'
import type { Turns } from './turns.ts'

/** A little less than the lease, which no later answer could renew. */
const roundTripMs = 900

/** The feed of the embedded database: the same question over the same session, at the head of the queue. */
export function embeddedFeed(turns: Turns): FeedSource {
  const ask = async (seen: number, limit: number) => {
    const session = await turns.take('service', true)
    try {
      const { rows } = await session.query<FeedRow>(feedQuery, [seen, limit])
      return answerOf(rows)
    } finally {
      session.release()
    }
  }
  return {
    after: (seen, limit) => {
      let timer: NodeJS.Timeout
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('The embedded database is busy')), roundTripMs)
      })
      return Promise.race([ask(seen, limit), late]).finally(() => clearTimeout(timer))
    },
    onWake: (wake) => turns.onWake(wake),
    close: async () => undefined,
  }
}
