import type { Forget } from './change.ts'

/** One point of one history: the same number of another history (a failover that lost commits, a backup) bears another mark. */
export interface FeedPoint {
  number: number
  /** Empty before the first entry. */
  mark: string
}

/** What everybody must forget at one point of the feed. */
export interface FeedEntry extends FeedPoint {
  forget: readonly Forget[]
}

/** An entry that was applied, or a new beginning at a point: nothing that was known before it can be vouched for. */
export type FeedStep = FeedEntry | (FeedPoint & { forget: 'everything' })

export interface LogBounds {
  entries: number
  /** Names to forget, of all entries together. */
  names: number
}

const usual: LogBounds = { entries: 10_000, names: 100_000 }

/** The last entries that this process applied, for those who follow it: without a gap, and bounded. */
export class FeedLog {
  readonly #bounds: LogBounds
  readonly #listeners = new Set<(step: FeedStep) => void>()
  /** The point before the oldest entry. */
  #base: FeedPoint = { number: 0, mark: '' }
  #begun = false
  #entries: FeedEntry[] = []
  #names = 0

  constructor(bounds: LogBounds = usual) {
    this.#bounds = bounds
  }

  /** A new beginning: what came before is not told any more. */
  begin({ number, mark }: FeedPoint): void {
    this.#base = { number, mark }
    this.#begun = true
    this.#entries = []
    this.#names = 0
    this.#tell({ number, mark, forget: 'everything' })
  }

  /** The next entry, right after this process applied it. */
  push(entry: FeedEntry): void {
    this.#entries.push(entry)
    this.#names += entry.forget.length
    if (this.#entries.length > this.#bounds.entries || this.#names > this.#bounds.names) this.#trim()
    this.#tell(entry)
  }

  /** What came after a point; undefined where it is not, or no longer, known: whoever stands there must forget everything. */
  since({ number, mark }: FeedPoint): readonly FeedEntry[] | undefined {
    if (!this.#begun) return undefined
    const at = number - this.#base.number
    const known = at === 0 ? this.#base : this.#entries[at - 1]
    return known?.mark === mark ? this.#entries.slice(at) : undefined
  }

  /** Calls back at every step, in the tick in which it was applied. Returns how to end that. */
  onStep(told: (step: FeedStep) => void): () => void {
    this.#listeners.add(told)
    return () => this.#listeners.delete(told)
  }

  /** A tenth at once, since each cut copies the rest. */
  #trim(): void {
    const cut = Math.ceil(this.#entries.length / 10)
    const last = this.#entries[cut - 1]
    if (!last) return
    for (const { forget } of this.#entries.slice(0, cut)) this.#names -= forget.length
    this.#base = { number: last.number, mark: last.mark }
    this.#entries = this.#entries.slice(cut)
  }

  #tell(step: FeedStep): void {
    for (const listener of this.#listeners) listener(step)
  }
}
