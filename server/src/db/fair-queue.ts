import { asking } from './asking.ts'
import type { Change, Read } from './change.ts'

export interface QueueBounds {
  /** Pieces of work at the same time. */
  atOnce: number
  /** Of these, one flow's. */
  atOncePerFlow: number
  /** Pieces of work that wait. */
  waiting: number
  /** Of these, one flow's. */
  waitingPerFlow: number
  /** Longest wait, in milliseconds. */
  waitMs: number
  /** Sources for which others of their flow give up a place when the queue is full. */
  isPreferred?: (source: string) => boolean
}

/** Work that was never begun, since too much waits already: of its own flow, or of everybody. */
export class Overload extends Error {
  readonly whose: 'flow' | 'everybody'
  constructor(whose: Overload['whose']) {
    super(`Too much work waits: ${whose}`)
    this.whose = whose
  }
}

interface Waiter {
  go: () => void
  refuse: (whose: Overload['whose']) => void
}

/** Lines in the order of their turns: a Map keeps the order of insertion. */
type Lines = Map<string, Waiter[]>

interface Flow {
  running: number
  waiting: number
  lines: Lines
}

const longestOf = <T>(all: Iterable<T>, length: (it: T) => number): T | undefined =>
  [...all].reduce<T | undefined>((longest, it) => (longest && length(longest) >= length(it) ? longest : it), undefined)

const lengthOf = (line: Waiter[] | undefined) => line?.length ?? 0

/**
 * Fair queueing (RFC 970): a bounded queue in which nobody starves another. Each flow (an organization) waits by itself,
 * and within it each source (an account) in a line of its own; flows take turns, and so do the lines within one. None has
 * all the places at once, and where there is no room the longest line gives up its last. Work must not ask for a second
 * turn while it has one.
 */
export class FairQueue {
  readonly #bounds: QueueBounds
  readonly #refused: (whose: Overload['whose']) => void
  /** Those that have something running or waiting, in the order of their turns. */
  readonly #flows = new Map<string, Flow>()
  #running = 0
  #waiting = 0

  constructor(bounds: QueueBounds, refused: (whose: Overload['whose']) => void = () => undefined) {
    this.#bounds = bounds
    this.#refused = refused
  }

  get waiting(): number {
    return this.#waiting
  }

  /** How many flows are remembered. */
  get flows(): number {
    return this.#flows.size
  }

  /** Does `work` when its turn comes. Rejects with an Overload when it was not begun. */
  async run<T>(name: string, source: string, work: () => Promise<T>): Promise<T> {
    const flow = this.#flows.get(name) ?? { running: 0, waiting: 0, lines: new Map() }
    if (this.#mayRun(flow)) this.#begin(name, flow)
    else await this.#turnOf(name, flow, source)
    try {
      return await work()
    } finally {
      this.#running -= 1
      flow.running -= 1
      this.#next()
      this.#forgetIdle(name, flow)
    }
  }

  #mayRun = (flow: Flow) => this.#running < this.#bounds.atOnce && flow.running < this.#bounds.atOncePerFlow

  #begin(name: string, flow: Flow): void {
    this.#toEnd(name, flow)
    this.#running += 1
    flow.running += 1
  }

  #toEnd(name: string, flow: Flow): void {
    this.#flows.delete(name)
    this.#flows.set(name, flow)
  }

  #forgetIdle(name: string, flow: Flow): void {
    if (flow.running === 0 && flow.waiting === 0) this.#flows.delete(name)
  }

  #turnOf(name: string, flow: Flow, source: string): Promise<void> {
    const crowded = this.#crowded(flow, source)
    if (crowded) {
      this.#refused(crowded)
      return Promise.reject(new Overload(crowded))
    }
    if (flow.waiting === 0) this.#toEnd(name, flow)
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        go: () => {
          clearTimeout(late)
          resolve()
        },
        refuse: (whose) => {
          clearTimeout(late)
          this.#leave(name, flow, { source, waiter })
          this.#refused(whose)
          reject(new Overload(whose))
        },
      }
      const late = setTimeout(() => waiter.refuse('everybody'), this.#bounds.waitMs)
      flow.lines.set(source, [...(flow.lines.get(source) ?? []), waiter])
      flow.waiting += 1
      this.#waiting += 1
    })
  }

  /** Is there no room for one more, even if whoever has the most gives up one? Then whose fault that is. */
  #crowded(flow: Flow, source: string): Overload['whose'] | undefined {
    const { waiting, waitingPerFlow } = this.#bounds
    const inFlow = flow.waiting >= waitingPerFlow
    if (!inFlow && this.#waiting < waiting) return undefined
    const largest = inFlow ? flow : longestOf(this.#flows.values(), (it) => it.waiting)
    const line = longestOf(largest?.lines.values() ?? [], lengthOf)
    const gives =
      largest === flow
        ? lengthOf(line) > lengthOf(flow.lines.get(source)) + 1
        : (largest?.waiting ?? 0) > flow.waiting + 1
    const whose = inFlow ? 'flow' : 'everybody'
    const yielding = gives ? line : this.#lineBehind(flow, source)
    if (!yielding) return whose
    yielding.at(-1)?.refuse(whose)
    return undefined
  }

  /** The longest line of the flow that a preferred source goes before. */
  #lineBehind(flow: Flow, source: string): Waiter[] | undefined {
    const { isPreferred } = this.#bounds
    if (!isPreferred?.(source)) return undefined
    const lines = [...flow.lines].filter(([other]) => !isPreferred(other))
    return longestOf(lines, ([, line]) => line.length)?.[1]
  }

  #leave(name: string, flow: Flow, { source, waiter }: { source: string; waiter: Waiter }): void {
    const left = flow.lines.get(source)?.filter((it) => it !== waiter) ?? []
    if (left.length > 0) flow.lines.set(source, left)
    else flow.lines.delete(source)
    flow.waiting -= 1
    this.#waiting -= 1
    this.#forgetIdle(name, flow)
  }

  /** The first flow that waits and may have one more place has its turn; it, and the line served, go to the end. */
  #next(): void {
    for (const [name, flow] of this.#flows) {
      const [first] = this.#mayRun(flow) ? flow.lines : []
      if (!first) continue
      const [source, [waiter, ...rest]] = first
      flow.lines.delete(source)
      if (rest.length > 0) flow.lines.set(source, rest)
      flow.waiting -= 1
      this.#waiting -= 1
      this.#begin(name, flow)
      waiter?.go()
      return
    }
  }
}

/**
 * Reading and changing, each in its organization's turn and, within it, in the turn of whoever asks. Whoever has that turn
 * waits for a connection with the few that have one, and not again behind all that its address asks for.
 */
export function inTurn(
  queue: Pick<FairQueue, 'run'>,
  doors: { read: Read; change: Change },
): (who: string) => typeof doors {
  const run = <T>(organizationId: string, who: string, work: () => Promise<T>) =>
    queue.run(organizationId, who, () => asking.run({ flow: 'turn', source: organizationId }, work))
  return (who) => ({
    read: (organizationId, work) => run(organizationId, who, () => doors.read(organizationId, work)),
    change: (by, work) => run(by.organizationId, who, () => doors.change(by, work)),
  })
}

const sessionSuffix = ' session'

/** The source of what a person does in the console, apart from what the tokens of their account do. */
export const toSessionSource = (account: string): string => `${account}${sessionSuffix}`

/** Of the service's connections some are left to whoever must not wait behind this queue: the gate, and sign-in. */
export function queueBounds(connections: number): QueueBounds {
  const atOnce = Math.max(1, connections - 2)
  return {
    atOnce,
    atOncePerFlow: Math.max(1, Math.floor(atOnce / 2)),
    waiting: 1000,
    waitingPerFlow: 200,
    waitMs: 5000,
    // However many tokens of an organization are at work, its admin gets through to suspend them. (P11)
    isPreferred: (source) => source.endsWith(sessionSuffix),
  }
}
