import type { Metric, Registry } from 'prom-client'

export type VerificationEndpoint = 'introspection' | 'forward_auth'

/** Upper bounds in seconds: from memory a decision takes microseconds, from the database milliseconds; a look-up ends after 1.5 s. */
const upperBounds = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
const upperBoundsMs = upperBounds.map((bound) => bound * 1000)

interface Observed {
  /** By bucket, not added up; the last is for what exceeds every bound. */
  counts: number[]
  sumMs: number
}

const name = 'portcullis_verification_duration_seconds'

/** The lines of one endpoint as Prometheus wants them: each bucket holds all smaller ones. */
function toSamples(endpoint: string, { counts, sumMs }: Observed) {
  let total = 0
  const buckets = counts.map((count, index) => {
    total += count
    const le: number | string = upperBounds[index] ?? '+Inf'
    return { labels: { endpoint, le }, value: total, metricName: `${name}_bucket` }
  })
  const labels = { endpoint }
  return [
    ...buckets,
    { labels, value: sumMs / 1000, metricName: `${name}_sum` },
    { labels, value: total, metricName: `${name}_count` },
  ]
}

const empty = (): Observed => ({ counts: Array(upperBounds.length + 1).fill(0), sumMs: 0 })

/**
 * How long verification took, from the moment when all of the question is there until the answer is written.
 * prom-client's own `observe` looks labels up by a joined text and walks an object. Here an observation adds to two plain
 * numbers, since it happens on the hottest path there is; the samples are put together when metrics are asked for.
 */
export function createVerificationLatency(registry: Registry) {
  const histogram: Record<VerificationEndpoint, Observed> = { introspection: empty(), forward_auth: empty() }
  const get = async () => ({
    name,
    help: 'Time to verify a token, by endpoint: from the complete question to the written answer.',
    type: 'histogram',
    aggregator: 'sum',
    values: Object.entries(histogram).flatMap(([endpoint, observed]) => toSamples(endpoint, observed)),
  })
  // The registry asks a metric for its name and for `get()` and nothing else.
  registry.registerMetric({ name, get } as unknown as Metric)
  return (endpoint: VerificationEndpoint, ms: number): void => {
    const observed = histogram[endpoint]
    let index = 0
    while (index < upperBoundsMs.length && ms > (upperBoundsMs[index] as number)) index += 1
    observed.counts[index] = (observed.counts[index] as number) + 1
    observed.sumMs += ms
  }
}
