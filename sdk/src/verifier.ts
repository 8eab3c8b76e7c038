import { buildDecide, keepIn } from './decide.ts'
import { Feed } from './feed.ts'
import { Lease } from './lease.ts'
import { Lookup } from './lookup.ts'
import { Memory } from './memory.ts'
import type { Metric } from './metric.ts'
import { readOptions, type Settled, type VerifierOptions } from './options.ts'
import { Usage } from './usage.ts'
import { refusalFor, type Verification } from './verification.ts'
import { buildWatch } from './watch.ts'
import { usualWorld, type World } from './world.ts'

export interface Stats {
  /** Tokens, good and bad. */
  readonly remembered: number
  readonly leaseHolds: boolean
  /** How long ago all that is remembered was known to be true; undefined before the first lease. */
  readonly leaseAgeMs: number | undefined
  /** The feed's number up to which all was forgotten. */
  readonly applied: number | undefined
  /** The last number that the server named as the feed's head. */
  readonly head: number | undefined
}

export interface Verifier {
  /**
   * Is this credential good? From memory the answer is there in the same tick, else a promise of it; `await` takes both.
   * Never throws or rejects: when nobody can know, the answer is `{ active: false, reason: 'unavailable' }`.
   * `organization` is the id that the request names, if it names one (E4).
   */
  verify(credential: string, options?: { organization?: string | undefined }): Verification | Promise<Verification>
  /** Resolves once memory may decide; rejects when the key is refused, or the verifier is closed. */
  ready(): Promise<void>
  stats(): Stats
  /** Ends the stream, reports the last uses and says good-bye. From then on every answer is `unavailable`. */
  close(): Promise<void>
}

const unavailable = refusalFor('unavailable')
const unknown = refusalFor('unknown')
const longestOrganization = 100
/** Also where few tokens are remembered, many may be used. */
const leastPending = 10_000

/** What watches a verifier must not break it. */
const guarded =
  <T>(told: ((it: T) => void) | undefined) =>
  (it: T): void => {
    try {
      told?.(it)
    } catch {
      // The host's own bug, in the host's own hook.
    }
  }

/** Starts a verifier: it follows the server's changes from now on, until it is closed. */
export const createVerifier = (options: VerifierOptions): Verifier => startVerifier(readOptions(options), usualWorld)

function wire(options: Settled, world: World) {
  const { name, outageMs, timeoutMs, maxTokens, onMetric, onError, ...server } = options
  const { monotonicMs, nowMs } = world
  const tell = guarded<Metric>(onMetric)
  const lease = new Lease()
  const memory = new Memory(maxTokens)
  const watch = buildWatch({ lease, monotonicMs, tell, onError: guarded(onError) })
  const feed = new Feed({ server, lease, memory, watch, tell, world, self: { name, outageMs } })
  const usage = new Usage({ server, tell, world, mostPending: Math.max(maxTokens, leastPending) })
  const lookup = new Lookup({
    server,
    lease,
    monotonicMs,
    timeoutMs,
    keep: (question, answer, from) => keepIn(memory, question, answer, { from, atMs: monotonicMs() }),
    answered: () => watch.answered('lookup'),
    unmarked: watch.unmarked,
    failed: (fault) => watch.failed('lookup', fault),
  })
  const decide = buildDecide({ memory, lease, lookup, outageMs, usage, tell: onMetric && tell, monotonicMs, nowMs })
  return { lease, memory, watch, feed, usage, decide }
}

/** A verifier out of its parts, under way at once. */
export function startVerifier(options: Settled, world: World): Verifier {
  const { lease, memory, watch, feed, usage, decide } = wire(options, world)
  let closing: Promise<void> | undefined
  feed.start()

  const end = async () => {
    watch.close()
    await Promise.all([usage.close(), feed.close()])
  }

  return {
    verify(credential, asked) {
      if (closing) return unavailable
      // Only `undefined` names no organization: an empty or missing value must not widen a question to all of them. (E4)
      if (asked === undefined) return decide(credential, undefined)
      const organization: unknown = typeof asked === 'object' && asked !== null ? asked.organization : null
      if (organization === undefined) return decide(credential, undefined)
      // What is no id is nobody's, and no reason to send it anywhere.
      const isText = typeof organization === 'string' && organization !== ''
      return isText && organization.length <= longestOrganization ? decide(credential, organization) : unknown
    },
    ready: watch.ready,
    stats: () => ({
      remembered: memory.size,
      leaseHolds: lease.holds(world.monotonicMs()),
      leaseAgeMs: lease.ageMs(world.monotonicMs()),
      applied: lease.applied?.number,
      head: feed.head,
    }),
    close() {
      closing ??= end()
      return closing
    },
  }
}
