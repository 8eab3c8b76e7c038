import { LRUCache } from 'lru-cache'
import type { KeptKeys, KeyCache, Keyed, KeyStatus } from '../../db/deps.ts'
import { type Fetched, type FetchJson, fetchFaults } from '../../outbound/fetch-json.ts'
import { type KeySet, readKeySet } from './rules.ts'

/** E7, in milliseconds. */
export const refreshAfterMs = 10 * 60_000
export const serveForMs = 60 * 60_000
export const coolDownMs = 30_000
/** A set that was not asked for so long is fetched before it serves again; a younger one serves while it is fetched. */
const waitAfterMs = 20 * 60_000

export interface KeyCacheParts {
  fetchJson: FetchJson
  /** Unix milliseconds. */
  now: () => number
  /** The stored set of a provider that this process has not met yet. */
  load?: (provider: Keyed) => Promise<KeptKeys | undefined>
  /** Told after each fetch, and must not throw; `changed` when the keys are not those of before, for storage and the change feed. */
  fetched?: (provider: Keyed, kept: KeptKeys | undefined, status: KeyStatus, changed: boolean) => void
}

interface Entry {
  provider: Keyed
  kept: KeptKeys | undefined
  lastError: string | null
  failedAtMs: number
  /** When a key that the set lacks was last looked for. */
  lookedAtMs: number
  flight: Promise<void> | undefined
}

const fingerprintOf = (kept: KeptKeys | undefined) =>
  kept?.set.keys
    .map((it) => `${it.thumbprint} ${it.alg} ${it.kid}`)
    .sort()
    .join('\n')

const statusOf = (entry: Entry | undefined): KeyStatus => ({
  fetchedAtMs: entry?.kept?.fetchedAtMs,
  count: entry?.kept?.set.keys.length ?? 0,
  lastError: entry?.lastError ?? null,
})

/** A document as a set; one of which no key is good is a set without keys, since a provider may withdraw them all. */
function readFetched(fetched: Fetched): { set: KeySet; note: string | null } | string {
  if (!fetched.ok) return fetchFaults[fetched.code]
  const set = readKeySet(fetched.document)
  if (typeof set === 'string') return set
  return { set, note: set.firstFault === undefined ? null : `Keys left out: ${set.refused}, first ${set.firstFault}.` }
}

/** What this process knows of providers' keys, each provider by itself: what one does harms no other (E7). */
export function buildKeyCache({ fetchJson, now, load, fetched }: KeyCacheParts): KeyCache {
  const entries = new LRUCache<string, Entry>({ max: 10_000 })
  /** One fetch at a time per URL, also where several providers share it. */
  const flights = new Map<string, Promise<Fetched>>()

  const entryOf = ({ id, jwksUrl }: Keyed): Entry => {
    const known = entries.get(id)
    // Keys of the address before say nothing of this one.
    if (known?.provider.jwksUrl === jwksUrl) return known
    const never = Number.NEGATIVE_INFINITY
    const provider = { id, jwksUrl }
    const entry: Entry = {
      provider,
      kept: undefined,
      lastError: null,
      failedAtMs: never,
      lookedAtMs: never,
      flight: undefined,
    }
    entries.set(id, entry)
    if (load) entry.flight = begin(entry, () => loadInto(entry, load))
    return entry
  }

  const begin = (entry: Entry, work: () => Promise<void>): Promise<void> => {
    const flight = work().finally(() => {
      if (entry.flight === flight) entry.flight = undefined
    })
    return flight
  }

  const loadInto = async (entry: Entry, from: NonNullable<typeof load>) => {
    // Without the store the provider itself can still be asked.
    const kept = await from(entry.provider).catch(() => undefined)
    if (kept && kept.fetchedAtMs > ageBase(entry)) entry.kept = kept
  }

  const ageBase = (entry: Entry) => entry.kept?.fetchedAtMs ?? Number.NEGATIVE_INFINITY
  const ageOf = (entry: Entry) => now() - ageBase(entry)
  const servable = (entry: Entry) => (ageOf(entry) < serveForMs ? entry.kept?.set : undefined)
  const coolsDown = (entry: Entry) => now() - entry.failedAtMs < coolDownMs

  const download = (url: string): Promise<Fetched> => {
    const running = flights.get(url)
    if (running) return running
    const flight = fetchJson(url)
      .catch((): Fetched => ({ ok: false, code: 'unreachable' }))
      .finally(() => flights.delete(url))
    flights.set(url, flight)
    return flight
  }

  const fetchInto = async (entry: Entry) => {
    const read = readFetched(await download(entry.provider.jwksUrl))
    // Forgotten, or of another address, while it was fetched.
    if (entries.peek(entry.provider.id) !== entry) return
    const before = fingerprintOf(entry.kept)
    if (typeof read === 'string') {
      entry.lastError = read
      entry.failedAtMs = now()
    } else {
      entry.lastError = read.note
      entry.failedAtMs = Number.NEGATIVE_INFINITY
      entry.kept = { set: read.set, fetchedAtMs: now() }
    }
    fetched?.(entry.provider, entry.kept, statusOf(entry), before !== fingerprintOf(entry.kept))
  }

  const start = (entry: Entry): Promise<void> => {
    entry.flight ??= begin(entry, () => fetchInto(entry))
    return entry.flight
  }

  const ask = async (entry: Entry): Promise<KeySet | undefined> => {
    if (entry.flight) await entry.flight
    if (ageOf(entry) >= refreshAfterMs && !coolsDown(entry)) await start(entry)
    return servable(entry)
  }

  return {
    of(provider) {
      const entry = entryOf(provider)
      const age = ageOf(entry)
      if (age < refreshAfterMs || (coolsDown(entry) && !entry.flight)) return servable(entry)
      if (age >= waitAfterMs) return ask(entry)
      void start(entry)
      return entry.kept?.set
    },
    async newer(provider) {
      const entry = entryOf(provider)
      if (entry.flight) await entry.flight
      else if (now() - entry.lookedAtMs >= coolDownMs && !coolsDown(entry)) {
        entry.lookedAtMs = now()
        await start(entry)
      }
      return servable(entry)
    },
    async refresh(provider) {
      const entry = entryOf(provider)
      if (entry.flight) await entry.flight
      await start(entry)
      return statusOf(entry)
    },
    adopt(provider, kept) {
      const entry = entryOf(provider)
      if (kept.fetchedAtMs > ageBase(entry)) entry.kept = kept
    },
    forget: (providerId) => void entries.delete(providerId),
    status: (providerId) => statusOf(entries.peek(providerId)),
    async refreshDue() {
      const due = [...entries.values()].filter((it) => ageOf(it) >= refreshAfterMs && !coolsDown(it))
      await Promise.all(due.map(start))
    },
  }
}
