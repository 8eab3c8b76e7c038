import { clearInterval, setInterval } from 'node:timers'
import type { Fault, Metric } from './metric.ts'
import { ask, type Server } from './request.ts'

interface Uses {
  count: number
  lastUsedAtMs: number
}

const mostPending = 50_000
const mostInReport = 1_000
const timeoutMs = 5_000

/** A server that was away gets it again; one that does not take it never will. */
const mayTakeLater = (fault: Fault) => fault !== 'unexpected'

const reportOf = (batch: readonly (readonly [string, Uses])[]) =>
  batch.map(([tokenId, { count, lastUsedAtMs }]) => {
    const lastUsedAt = new Date(lastUsedAtMs).toISOString()
    return { tokenId, day: lastUsedAt.slice(0, 10), count, lastUsedAt }
  })

/**
 * T8: counts uses that were decided here and reports them in batches, so that counting never slows a decision down. A
 * report without an answer is sent again: better a use that is counted twice than one that is lost. What is pending is
 * bounded; beyond it new tokens' uses are lost, and told.
 */
export class Usage {
  #pending = new Map<string, Uses>()
  #flushing: Promise<void> | undefined
  readonly #server: Server
  readonly #tell: (metric: Metric) => void
  readonly #timer: NodeJS.Timeout

  constructor(server: Server, tell: (metric: Metric) => void, everyMs: number) {
    this.#server = server
    this.#tell = tell
    this.#timer = setInterval(() => void this.flush(), everyMs)
    this.#timer.unref()
  }

  used(tokenId: string, atMs: number): void {
    this.#add(tokenId, 1, atMs)
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

  #add(tokenId: string, count: number, atMs: number): void {
    const known = this.#pending.get(tokenId)
    if (known) {
      known.count += count
      if (atMs > known.lastUsedAtMs) known.lastUsedAtMs = atMs
    } else if (this.#pending.size < mostPending) this.#pending.set(tokenId, { count, lastUsedAtMs: atMs })
    else this.#tell({ type: 'usage_lost', uses: count })
  }

  async #report(): Promise<void> {
    const all = [...this.#pending]
    this.#pending = new Map()
    let fault: Fault | undefined
    for (let from = 0; from < all.length; from += mostInReport) {
      const batch = all.slice(from, from + mostInReport)
      // Where one report found nobody, the next would wait as long for the same.
      fault = fault !== undefined && mayTakeLater(fault) ? fault : await this.#send(batch)
      if (fault === undefined) continue
      if (mayTakeLater(fault))
        for (const [tokenId, { count, lastUsedAtMs }] of batch) this.#add(tokenId, count, lastUsedAtMs)
      else this.#tell({ type: 'usage_lost', uses: batch.reduce((sum, [, { count }]) => sum + count, 0) })
    }
  }

  async #send(batch: readonly (readonly [string, Uses])[]): Promise<Fault | undefined> {
    const question = {
      path: '/v1/usage',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(reportOf(batch)),
    } as const
    const reply = await ask(this.#server, question, { timeoutMs, mostBytes: 64 * 1024 })
    if (reply.ok) return undefined
    this.#tell({ type: 'failed', request: 'usage', fault: reply.fault })
    return reply.fault
  }
}
