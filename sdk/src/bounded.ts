/** What is kept says by itself whether it was used since it was last looked at. */
export interface Kept {
  used: boolean
}

/**
 * A map that never grows beyond its bound. When it is full, a hand goes round and takes the first entry that was not
 * used since the hand last passed (CLOCK): nearly the choice of a least-recently-used list, while a use costs one flag.
 */
export class Bounded<V extends Kept> {
  readonly #entries = new Map<string, V>()
  readonly #most: number
  readonly #dropped: (value: V) => void
  #hand: IterableIterator<[string, V]>

  constructor(most: number, dropped: (value: V) => void = () => undefined) {
    this.#most = most
    this.#dropped = dropped
    this.#hand = this.#entries.entries()
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key)
    if (value !== undefined && !value.used) value.used = true
    return value
  }

  set(key: string, value: V): void {
    this.delete(key)
    if (this.#entries.size >= this.#most) this.#evict()
    this.#entries.set(key, value)
  }

  delete(key: string): void {
    const value = this.#entries.get(key)
    if (value === undefined) return
    this.#entries.delete(key)
    this.#dropped(value)
  }

  clear(): void {
    this.#entries.clear()
    this.#hand = this.#entries.entries()
  }

  #evict(): void {
    for (;;) {
      const { value: entry, done } = this.#hand.next()
      if (done) {
        // The iterator lives on while entries come and go, so no step is ever taken twice in a round.
        this.#hand = this.#entries.entries()
        continue
      }
      const [key, value] = entry
      if (!value.used) {
        this.delete(key)
        return
      }
      value.used = false
    }
  }
}
