import { clearInterval, setInterval, setTimeout } from 'node:timers'
import type { Head, Point } from './lease.ts'
import type { Fault } from './metric.ts'
import { ask, type Server } from './request.ts'
import { readPoint } from './step.ts'
import type { World } from './world.ts'

/** What the server is told of this verifier, for those who want to see who obeys a setting. */
export interface Presence {
  readonly name: string
  readonly outageMs: number
  readonly applied: Point | undefined
  readonly since: number
  /** How long ago `applied` was reached. */
  readonly agoMs: number
}

export interface RenewalParts {
  readonly server: Server
  readonly presence: () => Presence
  readonly answered: (head: Head, sentAtMs: number) => void
  readonly failed: (fault: Fault) => void
  readonly tick: () => void
  readonly world: Pick<World, 'monotonicMs' | 'renewMs'>
}

/** An answer that took longer grants nothing any more. */
const timeoutMs = 1_000
const mostBytes = 64 * 1024
const soonMs = 10
/** As many questions as may be under way at once. */
const mostUnderWay = 8
/** With a refused key there is nothing to win by asking often. */
const refusedPauseMs = 5_000

function readHead(text: string): Head | undefined {
  try {
    const { head, mark, ageMs } = JSON.parse(text) ?? {}
    const point = readPoint(head, mark)
    // An age below nothing would make a lease longer than it is.
    return point && typeof ageMs === 'number' && ageMs >= 0 ? { ...point, ageMs } : undefined
  } catch {
    return undefined
  }
}

function queryOf({ name, outageMs, applied, since, agoMs }: Presence, leaving: boolean): string {
  const query = new URLSearchParams({ verifier: name, outageMs: String(outageMs) })
  if (applied) {
    query.set('applied', String(applied.number))
    query.set('agoMs', String(Math.round(agoMs)))
    query.set('since', String(since))
  }
  if (leaving) query.set('leaving', 'true')
  return query.toString()
}

/**
 * Asks for the head again and again, whether or not the question before was answered: one server that hangs takes the
 * lease from nobody who reaches another.
 */
export class Renewal {
  readonly #parts: RenewalParts
  #timer: NodeJS.Timeout | undefined
  #soon: NodeJS.Timeout | undefined
  #pausedUntilMs = Number.NEGATIVE_INFINITY
  #underWay = 0

  constructor(parts: RenewalParts) {
    this.#parts = parts
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#parts.tick()
      void this.ask()
    }, this.#parts.world.renewMs)
    this.#timer.unref()
    void this.ask()
  }

  /** A question before its turn; many changes at once are worth one. */
  askSoon(): void {
    if (this.#soon) return
    this.#soon = setTimeout(() => {
      this.#soon = undefined
      if (this.#timer) void this.ask()
    }, soonMs)
    this.#soon.unref()
  }

  /** One question; what comes of it is told. */
  async ask(): Promise<void> {
    const sentAtMs = this.#parts.world.monotonicMs()
    if (sentAtMs < this.#pausedUntilMs || this.#underWay >= mostUnderWay) return
    this.#underWay += 1
    const reply = await this.#send(false)
    this.#underWay -= 1
    // Closed meanwhile.
    if (this.#timer === undefined) return
    const head = reply.ok ? readHead(reply.text) : undefined
    if (head) {
      this.#parts.answered(head, sentAtMs)
      return
    }
    const fault = reply.ok ? 'unexpected' : reply.fault
    if (fault === 'key_refused') this.#pausedUntilMs = this.#parts.world.monotonicMs() + refusedPauseMs
    this.#parts.failed(fault)
  }

  /** Says good-bye, so that nobody waits for this verifier. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    await this.#send(true)
  }

  #send(leaving: boolean) {
    const question = { path: `/v1/head?${queryOf(this.#parts.presence(), leaving)}` }
    return ask(this.#parts.server, question, { timeoutMs, mostBytes })
  }
}
