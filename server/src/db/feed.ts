import { leaseMs } from '../features/propagation/rules.ts'
import type { Forget } from './change.ts'
import { type FeedEntry, FeedLog } from './feed-log.ts'
import { createSteadyClock } from './steady-clock.ts'

/** What one round trip brought: entries in order, without a gap, and the feed's head at that moment. */
export interface FeedAnswer {
  head: number
  headMark: string
  /** Of the entry after which was asked; empty when it is not there (any more). */
  seenMark: string
  entries: readonly FeedEntry[]
  /**
   * The first answer of a new connection. It may lead to another history than before (a standby that took over without
   * its last commits, a restored backup), whose numbers mean other changes: nothing remembered can be vouched for.
   */
  fresh?: boolean
}

/** One round trip over the connection that carries the feed: everything after `seen`, and the head that it reaches. */
export interface FeedSource {
  /** At most `limit` entries after `seen`. Rejects within a second when the database is away. */
  after: (seen: number, limit: number) => Promise<FeedAnswer>
  /** Calls back when something was committed, to be asked sooner; never to be relied upon (a half-open connection is silent). */
  onWake: (wake: () => void) => void
  close: () => Promise<void>
}

const renewMs = 250
const batch = 1000

/**
 * N3: the right to decide from memory. Holds until one second after the last round trip was *sent*, provided that all
 * up to the head which that round trip returned has been applied. `now` is a monotonic clock in milliseconds that does
 * not stand still while the machine is suspended.
 */
export class Lease {
  /** Grows with every forgotten record: what was read from the database across a step is not kept (N3). */
  epoch = 0
  /** The feed's number up to which this process has forgotten. */
  applied = 0
  /** Of the entry `applied`. */
  mark = ''
  /** Grows with every beginning: what was read before one may be of another server than is followed now. */
  beginnings = 0
  /** What was applied, for those who follow this process. */
  readonly log = new FeedLog()
  confirmedAt = Number.NEGATIVE_INFINITY
  readonly #source: FeedSource
  readonly #forget: (what: readonly Forget[] | 'everything') => void
  readonly #now: () => number
  #started = false
  #running: Promise<void> | undefined
  #again = false
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(
    source: FeedSource,
    forget: (what: readonly Forget[] | 'everything') => void,
    now: () => number = createSteadyClock(),
  ) {
    this.#source = source
    this.#forget = forget
    this.#now = now
  }

  /** May memory decide at this moment? */
  get holds(): boolean {
    return this.#now() - this.confirmedAt < leaseMs
  }

  /** Milliseconds since the request was sent that last confirmed `applied` as the head. */
  get ageMs(): number {
    return this.#now() - this.confirmedAt
  }

  /** Forgets at once, before the feed says so: a change that this process committed itself (P11). */
  applyOwn(what: readonly Forget[]): void {
    if (what.length === 0) return
    this.epoch += 1
    this.#forget(what)
  }

  /** Starts to follow. Resolves after the first round trip, also when that failed: trying goes on until it is closed. */
  async start(): Promise<void> {
    this.#source.onWake(() => void this.renew().catch(() => undefined))
    await this.renew().catch(() => undefined)
    this.#schedule()
  }

  /** One renewal; concurrent calls share it, and one more follows when something happened meanwhile. */
  renew(): Promise<void> {
    if (this.#running) {
      this.#again = true
      return this.#running
    }
    this.#running = this.#roundTrip().finally(() => {
      this.#running = undefined
      if (!this.#again || this.#closed) return
      this.#again = false
      void this.renew().catch(() => undefined)
    })
    return this.#running
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#running?.catch(() => undefined)
    await this.#source.close()
  }

  async #roundTrip(): Promise<void> {
    for (;;) {
      const sentAt = this.#now()
      const answer = await this.#source.after(this.applied, batch)
      this.#apply(answer)
      if (this.applied < answer.head) continue
      this.confirmedAt = sentAt
      return
    }
  }

  #apply({ head, headMark, seenMark, entries, fresh = false }: FeedAnswer): void {
    const gap =
      !this.#started ||
      fresh ||
      head < this.applied ||
      seenMark !== this.mark ||
      (head > this.applied && entries[0]?.number !== this.applied + 1)
    this.#started = true
    if (gap) {
      // First look, a pruned feed, or another history behind the same connection: nothing remembered can be vouched for.
      this.epoch += 1
      this.beginnings += 1
      this.#forget('everything')
      this.applied = head
      this.mark = headMark
      this.log.begin({ number: head, mark: headMark })
      return
    }
    for (const entry of entries) {
      this.epoch += 1
      this.#forget(entry.forget)
      this.applied = entry.number
      this.mark = entry.mark
      this.log.push(entry)
    }
  }

  #schedule(): void {
    if (this.#closed) return
    this.#timer = setTimeout(() => {
      void this.renew()
        .catch(() => undefined)
        .finally(() => this.#schedule())
    }, renewMs)
  }
}
