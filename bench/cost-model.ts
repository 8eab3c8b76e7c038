/* How many machines a load takes, and what they cost, from measured figures; pure. The guide is docs/scaling.md. */

interface Input {
  value: number
  /** Where the value comes from unless it is given. */
  from: string
}

const page = 'docs/performance.md'
const assumed = 'assumed; give your own'

/** Everything that the model rests on, by the name of its option. */
export const inputs = {
  'verifications-per-day': { value: 1e9, from: assumed },
  /** Different tokens that are used in a day. */
  tokens: { value: 1e6, from: assumed },
  /** How much of the use falls on tokens that a full memory has no room for: 1 if all are used alike, the worst case. */
  evenness: { value: 1, from: 'assumed: all tokens are used alike' },
  /** The busiest second beside the mean one. */
  'peak-factor': { value: 3, from: assumed },
  /** Processes of yours that ask, or that embed a verifier. */
  hosts: { value: 100, from: assumed },
  'host-restarts-per-day': { value: 1, from: assumed },
  'changes-per-day': { value: 1000, from: assumed },
  /** Tokens in use that one change makes every process forget: one for a revoked one, an organization's for a saved setting. */
  'tokens-per-change': { value: 100, from: assumed },
  /** How busy a core may be in the busiest second. */
  utilization: { value: 0.5, from: assumed },
  'least-processes': { value: 2, from: 'one may be restarted while another answers' },
  'http-micros': { value: 38, from: `${page}: 0.69 × 38,000 a second on one core` },
  'verify-micros': { value: 0.8, from: `${page}: verifying in process` },
  'database-micros': { value: 400, from: 'PostgreSQL for a first use, seen on a crowded machine' },
  'use-micros': { value: 30, from: 'PostgreSQL for a token in a report of uses, seen on a crowded machine' },
  'uses-every-seconds': { value: 10, from: 'each process, and each verifier through one' },
  'server-bytes-per-token': { value: 352, from: `${page}: memory per remembered token` },
  'sdk-bytes-per-token': { value: 390, from: `${page}: memory per remembered token, SDK` },
  'server-remembers': { value: 200_000, from: 'the bound of one process' },
  'sdk-remembers': { value: 100_000, from: 'the default of maxTokens' },
  'server-base-mb': { value: 170, from: 'README.md: with PostgreSQL elsewhere' },
  'connections-per-process': { value: 11, from: 'docs/operations.md: a pool of 10 and the feed' },
  'lease-reads-per-second': { value: 4, from: 'each process, and each verifier over HTTP' },
  'streams-per-process': { value: 1000, from: 'the bound of one process' },
  'propagation-p50-ms': { value: 20, from: `${page}: the mark` },
  'propagation-p100-ms': { value: 1000, from: 'P11' },
  'price-per-core-hour': { value: 0.04, from: assumed },
  'price-per-gb-hour': { value: 0.005, from: assumed },
} satisfies Record<string, Input>

export type InputName = keyof typeof inputs
export type Given = Record<InputName, number>

/** What a way of asking takes. Cores are those that the load keeps busy at its peak, divided by `utilization`. */
export interface Needs {
  processes: number
  serverCores: number
  /** Of your own processes, beside what they do already. */
  hostCores: number
  serverMemoryGb: number
  hostMemoryGb: number
  connections: number
  /** Look-ups, lease round trips and one write a second of each process, at the peak. */
  databaseReadsPerSecond: number
  /** Each is written as two rows. */
  databaseUsesPerSecond: number
  databaseCores: number
  costPerDay: number
  costPerBillion: number
}

const secondsPerDay = 86_400
const gb = 1024 ** 3

/**
 * Look-ups a second of so many memories: each looks up every token of its own once after it started, what a change made it
 * forget, and what is not among those for which it has room.
 */
function lookupsPerSecond(
  it: Given,
  memories: { count: number; remembers: number; restarts: number; askedPerSecond: number },
): number {
  const { count, remembers, restarts, askedPerSecond } = memories
  const { tokens } = it
  const afterStarts = count * tokens * restarts
  const afterChanges = count * it['changes-per-day'] * Math.min(tokens, it['tokens-per-change'])
  const missed = Math.max(0, 1 - remembers / tokens) * it.evenness * askedPerSecond
  const needed = ((afterStarts + afterChanges) / secondsPerDay) * it['peak-factor'] + missed
  return Math.min(needed, askedPerSecond)
}

/** Different tokens in the reports of so many memories, which see the load evenly: the same one within the time counts once. */
function usesPerSecond(it: Given, { count, perSecond }: { count: number; perSecond: number }): number {
  const seconds = it['uses-every-seconds']
  const perReport = (perSecond / count) * seconds
  return (count * it.tokens * -Math.expm1(-perReport / it.tokens)) / seconds
}

const peakOf = (it: Given) => (it['verifications-per-day'] / secondsPerDay) * it['peak-factor']

/** Servers for so many requests a second, and what the database has to do for them. */
function serversFor(it: Given, load: { decisionsPerSecond: number; leasesPerSecond: number; atLeast: number }) {
  const { decisionsPerSecond, leasesPerSecond, atLeast } = load
  const busy = ((decisionsPerSecond + leasesPerSecond) * it['http-micros']) / 1e6 / it.utilization
  const processes = Math.max(it['least-processes'], atLeast, Math.ceil(busy))
  const remembered = Math.min(it.tokens, it['server-remembers'])
  const memory = processes * (it['server-base-mb'] * 1024 ** 2 + remembered * it['server-bytes-per-token'])
  return { processes, serverCores: busy, serverMemoryGb: memory / gb, askedPerSecond: decisionsPerSecond }
}

type Servers = ReturnType<typeof serversFor>

interface Hosts {
  cores: number
  memoryGb: number
  /** Of tokens that they decided about. */
  usesPerSecond: number
}

function needsOf(it: Given, servers: Servers, host: Hosts): Needs {
  const { processes, serverCores, serverMemoryGb, askedPerSecond } = servers
  const memories = { count: processes, remembers: it['server-remembers'], restarts: 1, askedPerSecond }
  const reads = lookupsPerSecond(it, memories) + processes * (it['lease-reads-per-second'] + 1)
  const uses = host.usesPerSecond + usesPerSecond(it, { count: processes, perSecond: askedPerSecond })
  const databaseCores = (reads * it['database-micros'] + uses * it['use-micros']) / 1e6 / it.utilization
  // A process has a core of its own also while it needs but a part of it.
  const cores = Math.max(processes, serverCores) + host.cores + databaseCores
  const perHour = cores * it['price-per-core-hour'] + (serverMemoryGb + host.memoryGb) * it['price-per-gb-hour']
  const costPerDay = perHour * 24
  return {
    processes,
    serverCores,
    hostCores: host.cores,
    serverMemoryGb,
    hostMemoryGb: host.memoryGb,
    connections: processes * it['connections-per-process'],
    databaseReadsPerSecond: reads,
    databaseUsesPerSecond: uses,
    databaseCores,
    costPerDay,
    costPerBillion: (costPerDay / it['verifications-per-day']) * 1e9,
  }
}

/** Every verification is a request to a server. */
export function overHttp(it: Given): Needs {
  const servers = serversFor(it, { decisionsPerSecond: peakOf(it), leasesPerSecond: 0, atLeast: 1 })
  return needsOf(it, servers, { cores: 0, memoryGb: 0, usesPerSecond: 0 })
}

/** Every host decides by itself, and asks a server for its lease and for what it does not remember. */
export function inProcess(it: Given): Needs {
  const askedPerSecond = peakOf(it)
  const remembers = it['sdk-remembers']
  const memories = { count: it.hosts, remembers, restarts: it['host-restarts-per-day'], askedPerSecond }
  const lookedUp = lookupsPerSecond(it, memories)
  const servers = serversFor(it, {
    decisionsPerSecond: lookedUp,
    leasesPerSecond: it.hosts * it['lease-reads-per-second'],
    atLeast: Math.ceil(it.hosts / it['streams-per-process']),
  })
  const bytes = it.hosts * Math.min(it.tokens, remembers) * it['sdk-bytes-per-token']
  const cores = (askedPerSecond * it['verify-micros']) / 1e6 / it.utilization
  const uses = usesPerSecond(it, { count: it.hosts, perSecond: askedPerSecond - lookedUp })
  return needsOf(it, servers, { cores, memoryGb: bytes / gb, usesPerSecond: uses })
}
