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
}

/** Work that was never begun, since too much waits already: of its own flow, or of everybody. */
export class Overload extends Error {
  readonly whose: 'flow' | 'everybody'
  constructor(whose: Overload['whose']) {
    super(`Too much work waits: ${whose}`)
    this.whose = whose
  }
}

interface Flow {
  running: number
  waiting: (() => void)[]
}

/**
 * Fair queueing (RFC 970): a bounded queue in which nobody starves another. Each flow (an organization) waits in a line
 * of its own, the lines take turns, and none has all the places at once. Work must not ask for a second turn while it
 * has one.
 */
export class FairQueue {
  readonly #bounds: QueueBounds
  readonly #refused: (whose: Overload['whose']) => void
  /** Those that have something running or waiting, in the order of their turns: a Map keeps the order of insertion. */
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
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const flow = this.#flows.get(name) ?? { running: 0, waiting: [] }
    if (this.#mayRun(flow)) this.#begin(name, flow)
    else await this.#turnOf(name, flow)
    try {
      return await work()
    } finally {
      this.#end(name, flow)
    }
  }

  #mayRun = (flow: Flow) => this.#running < this.#bounds.atOnce && flow.running < this.#bounds.atOncePerFlow

  #begin(name: string, flow: Flow): void {
    this.#toEnd(name, flow)
    this.#running += 1
    flow.running += 1
  }

  #end(name: string, flow: Flow): void {
    this.#running -= 1
    flow.running -= 1
    this.#next()
    this.#forgetIdle(name, flow)
  }

  #toEnd(name: string, flow: Flow): void {
    this.#flows.delete(name)
    this.#flows.set(name, flow)
  }

  #forgetIdle(name: string, flow: Flow): void {
    if (flow.running === 0 && flow.waiting.length === 0) this.#flows.delete(name)
  }

  #turnOf(name: string, flow: Flow): Promise<void> {
    const { waiting, waitingPerFlow, waitMs } = this.#bounds
    if (flow.waiting.length >= waitingPerFlow) return Promise.reject(this.#overload('flow'))
    if (this.#waiting >= waiting) return Promise.reject(this.#overload('everybody'))
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#leave(name, flow, go)
        reject(this.#overload('everybody'))
      }, waitMs)
      const go = () => {
        clearTimeout(late)
        resolve()
      }
      if (flow.waiting.length === 0) this.#toEnd(name, flow)
      flow.waiting.push(go)
      this.#waiting += 1
    })
  }

  #overload(whose: Overload['whose']): Overload {
    this.#refused(whose)
    return new Overload(whose)
  }

  #leave(name: string, flow: Flow, go: () => void): void {
    flow.waiting.splice(flow.waiting.indexOf(go), 1)
    this.#waiting -= 1
    this.#forgetIdle(name, flow)
  }

  /** The first flow that waits and may have one more place has its turn, and goes to the end of the line. */
  #next(): void {
    for (const [name, flow] of this.#flows) {
      const go = this.#mayRun(flow) ? flow.waiting.shift() : undefined
      if (!go) continue
      this.#waiting -= 1
      this.#begin(name, flow)
      go()
      return
    }
  }
}

/** Reading and changing, each in its organization's turn. */
export function inTurn(queue: Pick<FairQueue, 'run'>, doors: { read: Read; change: Change }): typeof doors {
  return {
    read: (organizationId, work) => queue.run(organizationId, () => doors.read(organizationId, work)),
    change: (by, work) => queue.run(by.organizationId, () => doors.change(by, work)),
  }
}

/** Of the service's connections some are left to whoever must not wait behind this queue: the gate, and sign-in. */
export function queueBounds(connections: number): QueueBounds {
  const atOnce = Math.max(1, connections - 2)
  return {
    atOnce,
    atOncePerFlow: Math.max(1, Math.floor(atOnce / 2)),
    waiting: 1000,
    waitingPerFlow: 200,
    waitMs: 5000,
  }
}
