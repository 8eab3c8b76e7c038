import { clearInterval, setInterval } from 'node:timers'
import type { Fault, Metric } from './metric.ts'
import { ask, type Server } from './request.ts'
import type { Verification } from './verification.ts'
import type { World } from './world.ts'

interface Uses {
  count: number
  lastUsedAtMs: number
}

/** What is used counts by itself until it is collected: on the way of a decision that costs less than any list. */
export interface Counted {
  readonly answer: Verification
  uses: number
  /** Whole seconds of the monotonic clock. */
  usedAtSeconds: number
}

const mostInReport = 1_000
const timeoutMs = 5_000

/** A server that was away gets it again; one that does not take it never will. */
const mayTakeLater = (fault: Fault) => fault !== 'unexpected'

const reportOf = (batch: readonly (readonly [string, Uses])[]) =>
  batch.map(([tokenId, { count, lastUsedAtMs }]) => {
    const lastUsedAt = new Date(lastUsedAtMs).toISOString()
    return { tokenId, day: lastUsedAt.slice(0, 10), count, lastUsedAt }
  })

export interface UsageParts {
  readonly server: Server
  readonly tell: (metric: Metric) => void
  readonly world: Pick<World, 'monotonicMs' | 'nowMs' | 'usageMs'>
  /** Tokens whose uses may be pending. */
  readonly mostPending: number
}

/**
 * T8: counts uses that were decided here and reports them in batches, so that counting never slows a decision down. A
 * report without an answer is sent again: better a use that is counted twice than one that is lost. What is pending is
 * bounded; beyond it new tokens' uses are lost, and told.
 */
export class Usage {
  readonly #parts: UsageParts
  readonly #timer: NodeJS.Timeout
  #used: Counted[] = []
  #pending = new Map<string, Uses>()
  #flushing: Promise<void> | undefined

  constructor(parts: UsageParts) {
    this.#parts = parts
    this.#timer = setInterval(() => void this.flush(), parts.world.usageMs)
    this.#timer.unref()
  }

  /** A use of what is remembered. */
  count(it: Counted, monotonicMs: number): void {
    it.usedAtSeconds = Math.trunc(monotonicMs / 1000)
    it.uses += 1
    if (it.uses === 1 && this.#used.push(it) >= this.#parts.mostPending) this.#collect()
  }

  /** A use at this moment of what may not be remembered. */
  add(tokenId: string): void {
    this.#add(tokenId, { count: 1, lastUsedAtMs: this.#parts.world.nowMs() })
  }

  /** Reports all that is pending; calls share one run. */
  flush(): Promise<void> {
    this.#flushing ??= this.#report().finally(() => {
      this.#flushing = undefined
    })
    return this.#flushing
  }

  /** Reports the rest; nothing is reported on a timer afterwards. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#flushing
    await this.flush()
  }

  #collect(): void {
    const { monotonicMs, nowMs } = this.#parts.world
    const [monotonic, now] = [monotonicMs(), nowMs()]
    for (const it of this.#used) {
      const { answer, uses, usedAtSeconds } = it
      it.uses = 0
      if (answer.active && answer.token.id !== undefined)
        this.#add(answer.token.id, { count: uses, lastUsedAtMs: now - (monotonic - usedAtSeconds * 1000) })
    }
    this.#used = []
  }

  #add(tokenId: string, { count, lastUsedAtMs }: Uses): void {
    const known = this.#pending.get(tokenId)
    if (known) {
      known.count += count
      known.lastUsedAtMs = Math.max(known.lastUsedAtMs, lastUsedAtMs)
    } else if (this.#pending.size < this.#parts.mostPending) this.#pending.set(tokenId, { count, lastUsedAtMs })
    else this.#parts.tell({ type: 'usage_lost', uses: count })
  }

  async #report(): Promise<void> {
    this.#collect()
    const all = [...this.#pending]
    this.#pending = new Map()
    let fault: Fault | undefined
    for (let from = 0; from < all.length; from += mostInReport) {
      const batch = all.slice(from, from + mostInReport)
      // Where one report found nobody, the next would wait as long for the same.
      fault = fault !== undefined && mayTakeLater(fault) ? fault : await this.#send(batch)
      if (fault === undefined) continue
      if (mayTakeLater(fault)) for (const [tokenId, uses] of batch) this.#add(tokenId, uses)
      else this.#parts.tell({ type: 'usage_lost', uses: batch.reduce((sum, [, { count }]) => sum + count, 0) })
    }
  }

  async #send(batch: readonly (readonly [string, Uses])[]): Promise<Fault | undefined> {
    const question = {
      path: '/v1/usage',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(reportOf(batch)),
    } as const
    const reply = await ask(this.#parts.server, question, { timeoutMs, mostBytes: 64 * 1024 })
    if (reply.ok) return undefined
    this.#parts.tell({ type: 'failed', request: 'usage', fault: reply.fault })
    return reply.fault
  }
}
