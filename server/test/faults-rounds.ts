import { setTimeout } from 'node:timers/promises'

const asked = process.env.PORTCULLIS_FAULT_ROUNDS

/** Asked for by hand: many rounds, and then the bound on the time to be ready again is held against them, too. */
export const isLongRun = asked !== undefined

/** Kills of a server; PostgreSQL, which takes longer, is killed half as often. */
export const rounds = Number(asked ?? 4)

const seed = Number(process.env.PORTCULLIS_FAULT_SEED ?? Date.now() % 2 ** 31)

/** Numbers from the run's seed (mulberry32). With the same seed the same is asked and killed; how far it came by then is the machine's. */
export class Chance {
  #state: number

  constructor(salt: number) {
    this.#state = seed + salt * 7919
  }

  /** From 0 up to, and without, `below`. */
  number(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }

  pick<T>(from: readonly T[]): T {
    return from[this.number(from.length)] as T
  }

  /** The moment of a kill must depend on nothing that the program does, so nothing is waited for but time. */
  moment(belowMs: number): Promise<void> {
    return setTimeout(this.number(belowMs))
  }
}

/** The bound on being ready again. */
const readyWithinMs = 5000

/** How long it took to be ready again, told aloud; judged in a long run alone, since CI's machines are anybody's. */
export class Recoveries {
  readonly #what: string
  readonly #times: number[] = []

  constructor(what: string) {
    this.#what = what
  }

  async measure(work: () => Promise<unknown>): Promise<void> {
    const begun = performance.now()
    await work()
    this.#times.push(performance.now() - begun)
  }

  /** Those that took longer than the bound; none may. `more` is told with them. */
  tooLong(more: string): number[] {
    const sorted = this.#times.map(Math.round).toSorted((a, b) => a - b)
    const times = `ready after ${sorted[sorted.length >> 1]} ms, at most ${sorted.at(-1)} ms`
    process.stderr.write(`${this.#what}: ${sorted.length} rounds, ${times}; ${more}; seed ${seed}\n`)
    return isLongRun ? this.#times.filter((it) => it > readyWithinMs) : []
  }
}
