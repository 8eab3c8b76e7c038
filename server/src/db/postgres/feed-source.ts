import type { Client } from 'pg'
import type { FeedSource } from '../feed.ts'
import { answerOf, type FeedRow, feedQuery } from '../feed-rows.ts'
import { openClient, tearDown } from './connect.ts'

/** A little less than the lease, which no later answer could renew. */
const roundTripMs = 900

/**
 * The feed over a connection of its own, which also LISTENs. A half-open connection is silent, so each round trip has
 * an end of its own: what has not answered by then is torn down, and the next round trip opens anew. Nothing is thrown
 * out of a callback.
 */
export class PostgresFeed implements FeedSource {
  readonly #url: string
  readonly #role: string | undefined
  readonly #wakes = new Set<() => void>()
  #client: Client | undefined
  #fresh = true
  #closed = false

  constructor(url: string, role: string | undefined) {
    this.#url = url
    this.#role = role
  }

  async after(seen: number, limit: number) {
    if (this.#closed) throw new Error('The feed is closed')
    let late: NodeJS.Timeout | undefined
    const end = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new Error('The database did not answer in time')), roundTripMs)
    })
    try {
      return await Promise.race([this.#ask(seen, limit), end])
    } catch (error) {
      this.#drop()
      throw error
    } finally {
      clearTimeout(late)
    }
  }

  onWake(wake: () => void): void {
    this.#wakes.add(wake)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#drop()
  }

  async #ask(seen: number, limit: number) {
    const client = this.#client ?? (await this.#open())
    const { rows } = await client.query<FeedRow>({ name: 'feed', text: feedQuery, values: [seen, limit] })
    const fresh = this.#fresh
    this.#fresh = false
    return { ...answerOf(rows), fresh }
  }

  async #open(): Promise<Client> {
    const client = await openClient(this.#url, this.#role, roundTripMs)
    // Given up meanwhile: whoever asked has had a refusal, and another may be on its way.
    if (this.#closed || this.#client) {
      tearDown(client)
      throw new Error('The connection came too late')
    }
    this.#client = client
    this.#fresh = true
    client.on('notification', () => {
      for (const wake of this.#wakes) wake()
    })
    client.on('end', () => {
      if (this.#client !== client) return
      this.#client = undefined
      // The server went away or ended the session; asking again finds out which, sooner than the lease would.
      for (const wake of this.#wakes) wake()
    })
    await client.query('listen portcullis_feed')
    return client
  }

  #drop(): void {
    const client = this.#client
    this.#client = undefined
    if (client) tearDown(client)
  }
}
