import { Follower } from './follower.ts'
import type { Head, Lease } from './lease.ts'
import type { Memory } from './memory.ts'
import type { Metric } from './metric.ts'
import { type Presence, Renewal } from './renewal.ts'
import type { Server } from './request.ts'
import type { Step } from './step.ts'
import type { Watch } from './watch.ts'
import type { World } from './world.ts'

export interface FeedParts {
  readonly server: Server
  readonly lease: Lease
  readonly memory: Memory
  readonly watch: Watch
  readonly tell: (metric: Metric) => void
  readonly world: World
  /** How this verifier is called, and what it allows itself. */
  readonly self: Pick<Presence, 'name' | 'outageMs'>
}

/** Keeps the memory true: every step of the feed passes here, and every answer about its head. */
export class Feed {
  /** The last number that a server named as the head. */
  head: number | undefined
  readonly #parts: FeedParts
  readonly #follower: Follower
  readonly #renewal: Renewal
  #appliedAtMs: number
  #behindSinceMs: number | undefined

  constructor(parts: FeedParts) {
    const { server, lease, watch, tell, world } = parts
    this.#parts = parts
    this.#appliedAtMs = world.monotonicMs()
    this.#follower = new Follower({
      server,
      world,
      position: () => lease.applied,
      take: (step) => this.#take(step),
      lost: () => this.#lose(),
      opened: (after) => {
        watch.answered('changes')
        if (after) tell({ type: 'reconnected', after })
      },
      failed: (fault) => watch.failed('changes', fault),
    })
    this.#renewal = new Renewal({
      server,
      world,
      presence: () => this.#presence(),
      answered: (head, sentAtMs) => this.#answered(head, sentAtMs),
      failed: (fault) => watch.failed('head', fault),
      tick: watch.look,
    })
  }

  start(): void {
    this.#follower.start()
    this.#renewal.start()
  }

  async close(): Promise<void> {
    this.#follower.close()
    await this.#renewal.close()
  }

  #take({ point, forget }: Step): boolean {
    const { lease, memory, watch, world } = this.#parts
    if (forget === 'everything') {
      this.#forgetEverything()
      lease.begin(point)
    } else if (lease.follows(point)) {
      for (const it of forget) memory.forget(it)
      lease.apply(point)
    } else return false
    this.#appliedAtMs = world.monotonicMs()
    watch.look()
    // Only an answer about the head vouches for what is kept from here on, and it tells the server who obeys.
    this.#renewal.askSoon()
    return true
  }

  #lose(): void {
    this.#parts.lease.lapse()
    this.#forgetEverything()
    this.#parts.watch.look()
  }

  #forgetEverything(): void {
    this.#parts.memory.forgetEverything()
    this.#parts.tell({ type: 'forgot_everything' })
  }

  #answered(head: Head, sentAtMs: number): void {
    const { lease, watch, world } = this.#parts
    this.head = head.number
    const grant = lease.grant(head, sentAtMs)
    watch.answered('head')
    watch.look()
    if (grant === 'granted') {
      this.#behindSinceMs = undefined
      return
    }
    const at = world.monotonicMs()
    this.#behindSinceMs ??= at
    if (at - this.#behindSinceMs < world.behindMs) return
    // The stream says less than the server knows: it hangs, or tells another history.
    this.#behindSinceMs = undefined
    this.#follower.reconnect('behind')
  }

  #presence(): Presence {
    const { self, lease, world } = this.#parts
    const { applied, since } = lease
    return { ...self, applied, since, agoMs: world.monotonicMs() - this.#appliedAtMs }
  }
}
