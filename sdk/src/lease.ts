/* N3: the right to decide from memory, as rules alone; every time is an argument, in milliseconds of a monotonic clock. */

/** A point of one history of the feed: after a failover or a restored backup the same number bears another mark. */
export interface Point {
  readonly number: number
  readonly mark: string
}

/** What `GET /v1/head` says: the feed's head, and how long ago the server confirmed that it is the head. */
export interface Head extends Point {
  readonly ageMs: number
}

/** `ahead`: the stream has yet to get there, then it grants. `unknown`: not a point of the history that is followed. */
export type Grant = 'granted' | 'ahead' | 'unknown'

const leaseMs = 1000
/** How many of the last numbers' marks are kept, and how many points ahead of the stream. */
const mostMarks = 1000
const mostWaiting = 15

export class Lease {
  /** Up to where all changes were forgotten; undefined before the first beginning. */
  applied: Point | undefined
  /** Grows with every beginning: what was asked before one is not kept after it. */
  beginnings = 0
  /** The number of the last beginning. */
  since = 0
  /** Grows with every change and every beginning. */
  steps = 0
  endsAtMs = Number.NEGATIVE_INFINITY
  /**
   * The head that the lease was granted for. What was true from a later number on is not vouched for by it, though all
   * up to that number was forgotten: a failover may have lost that part of history since.
   */
  vouched = -1
  readonly #marks = new Map<number, string>()
  /** Marks of points that kept answers bore and the stream has not reached. */
  readonly #ahead = new Map<number, string>()
  #waiting: { head: Point; endsAtMs: number }[] = []

  /** May memory decide at this moment? */
  holds(nowMs: number): boolean {
    return nowMs < this.endsAtMs
  }

  /** Milliseconds since all that was remembered is known to have been true; undefined before the first grant. */
  ageMs(nowMs: number): number | undefined {
    return this.endsAtMs === Number.NEGATIVE_INFINITY ? undefined : nowMs - this.endsAtMs + leaseMs
  }

  /** Everything was forgotten: a new history may begin here, so nothing that was granted or seen before counts. */
  begin(point: Point): void {
    this.lapse()
    this.applied = point
    this.since = point.number
    this.beginnings += 1
    this.#marks.set(point.number, point.mark)
  }

  /** Nothing is known any more of where the memory stands, until the next beginning. */
  lapse(): void {
    this.applied = undefined
    this.steps += 1
    this.endsAtMs = Number.NEGATIVE_INFINITY
    this.vouched = -1
    this.#marks.clear()
    this.#ahead.clear()
    this.#waiting = []
  }

  /** Is this the change that comes next? False for a gap, and when an answer from there bore another mark: two histories. */
  follows(point: Point): boolean {
    if (this.applied === undefined || point.number !== this.applied.number + 1) return false
    const seen = this.#ahead.get(point.number)
    return seen === undefined || seen === point.mark
  }

  /** A change that follows was forgotten. Head answers that waited for it grant now, until when they would have. */
  apply(point: Point): void {
    this.applied = point
    this.steps += 1
    this.#ahead.delete(point.number)
    this.#marks.set(point.number, point.mark)
    this.#marks.delete(point.number - mostMarks)
    if (this.#waiting.length === 0) return
    const waited = this.#waiting.filter(({ head }) => head.number <= point.number)
    this.#waiting = this.#waiting.filter(({ head }) => head.number > point.number)
    for (const { head, endsAtMs } of waited) if (this.knows(head)) this.#extend(head, endsAtMs)
  }

  /**
   * An answer about the head. It counts from when its question was *sent*, less the age that it states, since all that
   * was committed before that moment has a number up to the head.
   */
  grant({ ageMs, ...head }: Head, sentAtMs: number): Grant {
    if (this.applied === undefined) return 'unknown'
    const endsAtMs = sentAtMs + leaseMs - ageMs
    if (head.number > this.applied.number) {
      // Four are asked for in a second, and none counts for longer.
      this.#waiting = [...this.#waiting.slice(-mostWaiting), { head, endsAtMs }]
      return 'ahead'
    }
    if (!this.knows(head)) return 'unknown'
    this.#extend(head, endsAtMs)
    return 'granted'
  }

  /**
   * May an answer be kept that is true for at least this point, and was asked for after so many beginnings? Not if it
   * may be older than what has been forgotten since: it would put the old record back. One from ahead of the stream may
   * be kept, and does not count until the head of a lease vouches for it.
   */
  mayKeep(point: Point, beginnings: number): boolean {
    if (this.applied === undefined || beginnings !== this.beginnings) return false
    if (point.number <= this.applied.number) return point.number === this.applied.number && this.knows(point)
    const seen = this.#ahead.get(point.number)
    if (seen !== undefined) return seen === point.mark
    if (this.#ahead.size >= mostMarks) return false
    this.#ahead.set(point.number, point.mark)
    return true
  }

  /** Does the lease vouch for all that was applied, and is this where that ends? */
  isNewest(point: Point): boolean {
    return point.number === this.vouched && point.number === this.applied?.number && this.knows(point)
  }

  /** Is this a point of the history that was followed since the last beginning? */
  knows(point: Point): boolean {
    return this.#marks.get(point.number) === point.mark
  }

  #extend({ number }: Point, endsAtMs: number): void {
    if (endsAtMs < this.endsAtMs) return
    this.vouched = endsAtMs > this.endsAtMs ? number : Math.max(number, this.vouched)
    this.endsAtMs = endsAtMs
  }
}
