import { EventEmitter, once } from 'node:events'
import type { Answer } from './cluster.ts'

/** A change that was answered with success: whoever sees this may rely on each of its events, as `action target`. */
export interface Acknowledged {
  requestId: string
  events: readonly string[]
}

/** What clients were told while things went wrong. Whatever was not answered, or with 5xx, may have happened or not. */
export class Ledger {
  readonly acknowledged: Acknowledged[] = []
  /** Requests that were refused: of these there is no event (A1). */
  readonly refused = new Set<string>()
  /** Secrets that must be good, by token; and some that never may be again. */
  readonly good = new Map<string, string>()
  readonly dead = new Set<string>()
  readonly #statuses = new Map<string, number>()
  readonly #news = new EventEmitter().setMaxListeners(0)

  /** Notes what a change was answered with; undefined: the connection broke. Answers whether it was a success. */
  note(answer: Answer | undefined, eventsOf: (answer: Answer) => readonly string[]): boolean {
    const status = answer?.status ?? 'broken'
    this.#statuses.set(String(status), (this.#statuses.get(String(status)) ?? 0) + 1)
    this.#news.emit('answer')
    if (answer === undefined || answer.status >= 500) return false
    const requestId = String(answer.headers['x-request-id'])
    if (answer.status >= 300) {
      this.refused.add(requestId)
      return false
    }
    const events = eventsOf(answer)
    // What is so already is no change, and leaves no event.
    if (events.length > 0) this.acknowledged.push({ requestId, events })
    return true
  }

  /** Until so many more changes are acknowledged. */
  async more(count: number): Promise<void> {
    await this.#until(this.acknowledged.length + count, () => this.acknowledged.length)
  }

  /** Until so many more were answered with 5xx. */
  async moreFailures(count: number): Promise<void> {
    const present = () =>
      Object.entries(this.statuses).reduce((sum, [it, n]) => (it.startsWith('5') ? sum + n : sum), 0)
    await this.#until(present() + count, present)
  }

  async #until(goal: number, present: () => number): Promise<void> {
    while (present() < goal) await once(this.#news, 'answer')
  }

  /** How often each status was given. */
  get statuses(): Record<string, number> {
    return Object.fromEntries([...this.#statuses].toSorted())
  }

  toString(): string {
    return `${this.acknowledged.length} acknowledged of ${JSON.stringify(this.statuses)}`
  }
}
