import { randomBytes } from 'node:crypto'
import type { Forget } from '../src/db/change.ts'
import { Lease } from '../src/db/feed.ts'
import type { FeedEntry } from '../src/db/feed-log.ts'
import type { VerifierSight } from '../src/features/propagation/actions.ts'
import type { TokenUse } from '../src/features/usage/rules.ts'
import { resourceKeys } from '../src/http/credentials.ts'
import { incomingRequests } from '../src/http/incoming.ts'
import { createMetrics } from '../src/http/metrics.ts'
import { createHttpServer } from '../src/http/server.ts'
import type { ChangeBounds } from '../src/http/verifier-changes.ts'
import { buildVerifierDoors } from '../src/http/verifier-doors.ts'
import { resourceKey } from './gate-server.ts'

export type VerifierServer = Awaited<ReturnType<typeof verifierServer>>

/** The real doors of verifiers and a real lease on a real socket; in place of the database stands a history. */
export async function verifierServer(bounds: Partial<ChangeBounds> = {}) {
  const database = { away: false, fresh: false, history: [] as FeedEntry[], held: Promise.resolve() }
  const clock = { monotonicMs: 5_000, nowMs: Date.parse('2026-11-24T10:20:00Z') }
  const logged: unknown[] = []
  const seen: VerifierSight[] = []
  const recorded: TokenUse[][] = []
  const metrics = createMetrics([])
  const failed = (error: unknown) => void logged.push(error)
  const reach = async () => {
    await database.held
    if (database.away) throw new Error('the database is away')
  }
  const lease = new Lease(
    {
      after: async (applied, limit) => {
        await reach()
        const { fresh, history } = database
        database.fresh = false
        const entries = history.filter(({ number }) => number > applied).slice(0, limit)
        const markOf = (number: number) => history[number - 1]?.mark ?? ''
        const head = history.length
        return { head, headMark: markOf(head), seenMark: markOf(applied), entries, fresh }
      },
      onWake: () => undefined,
      close: async () => undefined,
    },
    () => undefined,
    () => clock.monotonicMs,
  )
  const doors = buildVerifierDoors({
    lease,
    log: lease.log,
    seen: (it) => void seen.push(it),
    recordUses: async (uses) => {
      await reach()
      recorded.push(uses)
    },
    knowsKey: resourceKeys([resourceKey]),
    now: () => clock.nowMs,
    count: metrics.verifierAnswered,
    failed,
    bounds,
  })
  const server = createHttpServer({
    doors: [doors.door],
    router: () => new Response('the router', { status: 418 }),
    incoming: incomingRequests([]),
    metrics,
    log: { info: () => undefined, error: failed },
    onStop: doors.streams.endAll,
  })
  const port = await server.listen(0, '127.0.0.1')

  /** Commits without a word to this process. */
  const commitSilently = (...forget: Forget[]): FeedEntry => {
    const entry = { number: database.history.length + 1, mark: randomBytes(6).toString('hex'), forget }
    database.history.push(entry)
    return entry
  }

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    server,
    doors,
    lease,
    database,
    clock,
    logged,
    seen,
    recorded,
    metrics,
    commitSilently,
    /** Commits a change, which this process then applies. */
    commit: async (...forget: Forget[]): Promise<FeedEntry> => {
      const entry = commitSilently(...forget)
      await lease.renew()
      return entry
    },
    /** A standby takes over that misses the last commits, and does not know this many. */
    failover: async (lost: number) => {
      database.history = database.history.slice(0, database.history.length - lost)
      database.fresh = true
      await lease.renew()
    },
    close: async () => {
      doors.streams.close()
      await server.stop({ announceMs: 0, deadlineMs: 100 })
    },
  }
}
