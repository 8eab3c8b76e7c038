import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type ReachedLimit, reachedLimits } from '../kernel/limits.ts'
import { type MailAttemptResult, type MailKind, mailKinds, mailResults } from '../mail/rules.ts'
import { registerBuildInfo } from './build-info.ts'
import type { GateOptions } from './gate-decide.ts'
import type { OfrepRoute } from './ofrep.ts'
import { createVerificationLatency, type VerificationEndpoint } from './verification-latency.ts'
import type { CountAnswer, VerifierRoute } from './verifier-asked.ts'

/** A figure that somebody else keeps and that is read when metrics are asked for. */
export interface Reading {
  name: string
  help: string
  kind: 'counter' | 'gauge'
  read: () => number
}

/** The same as a line of its own, for lists of many. */
export const gauge = (name: string, help: string, read: () => number): Reading => ({ name, help, kind: 'gauge', read })
export const counter = (name: string, help: string, read: () => number): Reading => ({
  name,
  help,
  kind: 'counter',
  read,
})

type DecidedFrom = 'form' | 'memory' | 'database'

/** `queue`: too much waits for the database; `hashing`: too many passwords wait to be hashed. `slow` and `unreadable` are told by the parser: nothing that could be called a request has come in time, or at all; or by a body that is too slow. `unread`: answers that nobody reads. `starting`: the database was not reached yet. */
const turnedAwayReasons = [
  'in_flight',
  'queue',
  'hashing',
  'connections',
  'connections_from',
  'slow',
  'unreadable',
  'starting',
  'unread',
] as const
export type TurnedAway = (typeof turnedAwayReasons)[number]

export interface Metrics {
  registry: Registry
  /** One question to the gate; adds one to a plain number, since it happens on the hottest path there is. */
  count: GateOptions['count']
  /** How long one verification took; as cheap as `count`. */
  verified: (endpoint: VerificationEndpoint, ms: number) => void
  /** How a decision was reached: by the token's form alone, from memory, or by asking the database. */
  decided: (from: DecidedFrom) => void
  /** One request that the router answered. */
  routed: (routeClass: string, status: number, seconds: number) => void
  /** One answer of OFREP. */
  evaluated: (route: OfrepRoute, status: number) => void
  /** One answer to a verifier. */
  verifierAnswered: CountAnswer
  /** A 429: which limit was reached. */
  limited: (limit: ReachedLimit) => void
  /** One attempt to send a queued mail. */
  mailed: (kind: MailKind, result: MailAttemptResult) => void
  /** A request or connection that was turned away before anybody looked at what it wants. */
  turnedAway: (why: TurnedAway, count?: number) => void
}

/** prom-client looks labels up by a joined text each time; the gate's counts are handed over when they are asked for. */
function gateCounts(registry: Registry): Metrics['count'] {
  const counts = { introspection: new Map<string, number>(), forward_auth: new Map<string, number>() }
  new Counter({
    name: 'portcullis_gate_decisions_total',
    help: 'Questions to the gate by door and outcome: active, or the reason of the refusal.',
    labelNames: ['door', 'outcome'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [door, outcomes] of Object.entries(counts))
        for (const [outcome, count] of outcomes) this.inc({ door, outcome }, count)
    },
  })
  return (door, outcome) => {
    const outcomes = counts[door]
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
}

function decisionSources(registry: Registry): Metrics['decided'] {
  const counts: Record<DecidedFrom, number> = { form: 0, memory: 0, database: 0 }
  new Counter({
    name: 'portcullis_gate_decided_from_total',
    help: 'How decisions were reached: by the form of the token, from memory, or by asking the database.',
    labelNames: ['from'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [from, count] of Object.entries(counts)) this.inc({ from }, count)
    },
  })
  return (from) => {
    counts[from] += 1
  }
}

/** Answers by route and status; as the gate's counts, a plain number on a hot path. */
function answerCounts<Route extends string>(registry: Registry, told: { name: string; help: string }) {
  const counts = new Map<Route, Map<number, number>>()
  new Counter({
    ...told,
    labelNames: ['route', 'status'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [route, statuses] of counts) for (const [status, count] of statuses) this.inc({ route, status }, count)
    },
  })
  return (route: Route, status: number) => {
    const statuses = counts.get(route) ?? new Map<number, number>()
    counts.set(route, statuses.set(status, (statuses.get(status) ?? 0) + 1))
  }
}

function register({ name, help, kind, read }: Reading, registry: Registry): void {
  if (kind === 'gauge') {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
    return
  }
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset()
      this.inc(read())
    },
  })
}

export function createMetrics(readings: readonly Reading[]): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  registerBuildInfo(registry)
  for (const reading of readings) register(reading, registry)
  const routed = new Histogram({
    name: 'portcullis_http_request_duration_seconds',
    help: 'Requests that the router answered, by class of route and status.',
    labelNames: ['route', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  })
  const limited = new Counter({
    name: 'portcullis_limited_total',
    help: 'Answers of 429, by the limit that was reached.',
    labelNames: ['limit'],
    registers: [registry],
  })
  const turnedAway = new Counter({
    name: 'portcullis_http_turned_away_total',
    help: 'Requests and connections that were turned away, by reason.',
    labelNames: ['why'],
    registers: [registry],
  })
  const mailed = new Counter({
    name: 'portcullis_mails_total',
    help: 'Attempts to send queued mails, by kind and result: sent, retried (tried again later), failed (given up), obsolete.',
    labelNames: ['kind', 'result'],
    registers: [registry],
  })
  // A counter that begins with its first event hides that event from `rate`.
  for (const limit of reachedLimits) limited.inc({ limit }, 0)
  for (const why of turnedAwayReasons) turnedAway.inc({ why }, 0)
  for (const kind of mailKinds) for (const result of mailResults) mailed.inc({ kind, result }, 0)
  return {
    registry,
    count: gateCounts(registry),
    verified: createVerificationLatency(registry),
    decided: decisionSources(registry),
    evaluated: answerCounts<OfrepRoute>(registry, {
      name: 'portcullis_ofrep_answers_total',
      help: 'Answers of OFREP by route (one feature, all of them, stream) and status.',
    }),
    verifierAnswered: answerCounts<VerifierRoute>(registry, {
      name: 'portcullis_verifier_answers_total',
      help: 'Answers to embedded verifiers by route (head, changes, usage) and status.',
    }),
    routed: (route, status, seconds) => routed.observe({ route, status: `${Math.floor(status / 100)}xx` }, seconds),
    limited: (limit) => limited.inc({ limit }),
    mailed: (kind, result) => mailed.inc({ kind, result }),
    turnedAway: (why, count = 1) => turnedAway.inc({ why }, count),
  }
}
