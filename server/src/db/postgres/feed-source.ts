import type { Client } from 'pg'
import type { FeedAnswer, FeedSource } from '../feed.ts'
import { answerOf, type FeedRow, feedQuery } from '../feed-rows.ts'
import { cancelQuery } from './cancel-query.ts'
import { openClient, tearDown } from './connect.ts'

/** A little less than the lease, which no later answer could renew. */
const roundTripMs = 900

/** What a round trip has asked so far. */
interface Sent {
  client: Client | undefined
  /** It waits for a commit. */
  commits: boolean
}

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
  #opening: Promise<Client> | undefined
  #fresh = true
  #closed = false
  #hasConnected = false
  readonly #onReconnect: () => void

  /** `onReconnect`: a connection was opened after another one, so the address may lead to another server than before. */
  constructor(url: string, role: string | undefined, onReconnect: () => void = () => undefined) {
    this.#url = url
    this.#role = role
    this.#onReconnect = onReconnect
  }

  async after(seen: number, limit: number): Promise<FeedAnswer> {
    if (this.#closed) throw new Error('The feed is closed')
    const sent: Sent = { client: undefined, commits: false }
    let late: NodeJS.Timeout | undefined
    const end = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new Error('The database did not answer in time')), roundTripMs)
    })
    try {
      return await Promise.race([this.#ask(seen, limit, sent), end])
    } catch (error) {
      // A server process that waits for a standby does not notice that its client has gone, and would stay for good.
      if (sent.client && sent.commits) cancelQuery(sent.client)
      if (sent.client) this.#drop(sent.client)
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
    if (this.#client) this.#drop(this.#client)
    await this.#opening?.catch(() => undefined)
  }

  async #ask(seen: number, limit: number, sent: Sent): Promise<FeedAnswer> {
    const client = this.#client ?? (await this.#open())
    sent.client = client
    const { rows } = await client.query<FeedRow>({ name: 'feed', text: feedQuery, values: [seen, limit] })
    const answer = answerOf(rows)
    if (rows[0]?.synchronous) await this.#confirmCommit(client, sent)
    // An answer that comes after its round trip was given up reaches nobody, so it must not take the mark with it.
    if (this.#client !== client) throw new Error('The connection was given up')
    const fresh = this.#fresh
    this.#fresh = false
    return { ...answer, fresh }
  }

  /**
   * With `synchronous_standby_names` a commit waits for the standby. A primary that is cut off from its standby, which
   * may have been promoted, therefore cannot make one, and vouches for nothing. The message goes into the log of
   * transactions and nowhere else: it touches no table. (N3)
   */
  async #confirmCommit(client: Client, sent: Sent): Promise<void> {
    const warnings: unknown[] = []
    const note = (notice: unknown) => void warnings.push(notice)
    client.on('notice', note)
    sent.commits = true
    try {
      await client.query("select pg_logical_emit_message(true, 'portcullis', 'lease')")
    } finally {
      sent.commits = false
      client.off('notice', note)
    }
    // Somebody cancelled the wait: the commit is on this server alone.
    if (warnings.length > 0) throw new Error('the standby did not confirm the commit')
  }

  /** One opening at a time, also when the round trip that began it is over. */
  #open(): Promise<Client> {
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #connect(): Promise<Client> {
    const client = await openClient(this.#url, this.#role, roundTripMs)
    if (this.#closed) {
      tearDown(client)
      throw new Error('The feed is closed')
    }
    this.#client = client
    this.#fresh = true
    if (this.#hasConnected) this.#onReconnect()
    this.#hasConnected = true
    client.on('notification', () => this.#wake())
    client.on('end', () => {
      if (this.#client !== client) return
      this.#client = undefined
      // The server ended the session; asking again finds out whether it is there, sooner than the lease would.
      this.#wake()
    })
    return client
  }

  #drop(client: Client): void {
    if (this.#client === client) this.#client = undefined
    tearDown(client)
  }

  #wake(): void {
    for (const wake of this.#wakes) wake()
  }
}
