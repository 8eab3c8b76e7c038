import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { FromWorker, Place, ToWorker } from './worker.ts'

/**
 * PostgreSQL's code is compiled once, quickly, and not over again in the background: that took 450 MB for a while (800 MB
 * instead of 340 at the peak) and a second of each start, for queries that then were 1.0 to 1.6 times as fast.
 */
for (const flag of ['--liftoff-only', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag)

export interface Answer {
  rows: unknown[]
  rowCount: number
  command: string
}

interface Asked {
  resolve: (answer: Answer) => void
  reject: (error: Error) => void
}

/** A database error, rebuilt on this side of the thread: `code` and `constraint` as `pg` has them. */
function errorOf(fault: Record<string, unknown>): Error {
  return Object.assign(new Error(String(fault.message)), fault, { name: 'DatabaseError' })
}

/**
 * The embedded database's one session, in a thread of its own, so that a long query never holds up the gate. When the
 * thread dies, all that it was asked is rejected and `alive` is false from then on; whoever owns it starts another.
 */
export class Session {
  readonly #worker: Worker
  readonly #asked = new Map<number, Asked>()
  readonly #onWake: () => void
  #lastId = 0
  #ready: { resolve: () => void; reject: (error: Error) => void } | undefined
  alive = true

  private constructor(place: Place, onWake: () => void) {
    this.#onWake = onWake
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: place })
    this.#worker.on('message', (message: FromWorker) => this.#hear(message))
    this.#worker.on('error', (error) => this.#die(error instanceof Error ? error : new Error(String(error))))
    this.#worker.on('exit', () => this.#die(new Error('The embedded database has stopped')))
  }

  /** Opens the folder, which the caller has locked. */
  static async open(place: Place, onWake: () => void): Promise<Session> {
    const session = new Session(place, onWake)
    await new Promise<void>((resolve, reject) => {
      session.#ready = { resolve, reject }
    })
    return session
  }

  /** A thread that has not answered by then hangs, and is ended with all that it was asked. */
  query(text: string, parameters: readonly unknown[], withinMs?: number): Promise<Answer> {
    const answer = this.#ask((id) => ({ id, kind: 'query', text, parameters }))
    if (withinMs === undefined) return answer
    const timer = setTimeout(() => void this.#worker.terminate(), withinMs)
    return answer.finally(() => clearTimeout(timer))
  }

  async close(): Promise<void> {
    if (!this.alive) return
    const exit = once(this.#worker, 'exit')
    await this.#ask((id) => ({ id, kind: 'close' }))
    await exit
  }

  #ask(message: (id: number) => ToWorker): Promise<Answer> {
    if (!this.alive) return Promise.reject(new Error('The embedded database has stopped'))
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject })
      try {
        this.#worker.postMessage(message(id))
      } catch (error) {
        this.#asked.delete(id)
        reject(error as Error)
      }
    })
  }

  #hear(message: FromWorker): void {
    if (message.kind === 'ready') this.#ready?.resolve()
    else if (message.kind === 'wake') this.#onWake()
    else this.#answer(message)
  }

  #answer(message: Extract<FromWorker, { id: number }>): void {
    const asked = this.#asked.get(message.id)
    this.#asked.delete(message.id)
    if (message.kind === 'fault') asked?.reject(errorOf(message.fault))
    else asked?.resolve(message)
  }

  #die(error: Error): void {
    this.alive = false
    this.#ready?.reject(error)
    for (const asked of this.#asked.values()) asked.reject(error)
    this.#asked.clear()
  }
}
