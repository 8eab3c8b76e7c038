import { LRUCache } from 'lru-cache'
import { createJobAuthority, type JobAuthority } from '../../db/authority.ts'
import type { By, Change, Outcome } from '../../db/change.ts'
import type { KeptKeys, KeyCache, Keyed, KeyStatus } from '../../db/deps.ts'
import { FairQueue } from '../../db/fair-queue.ts'
import type { Lookups } from '../../db/lookups.ts'
import { type Fetched, type FetchJson, fetchFaults } from '../../outbound/fetch-json.ts'
import { type KeySet, readKeySet, sameKeys } from './rules.ts'
import { findStoredKeys, keptOf, writeKeySet } from './store.ts'

export { keptOf } from './store.ts'

/** E7, in milliseconds. */
export const refreshAfterMs = 10 * 60_000
export const serveForMs = 60 * 60_000
export const coolDownMs = 30_000
/** A set that was not asked for so long is fetched before it serves again; a younger one serves while it is fetched. */
const waitAfterMs = 20 * 60_000
/** Fetches at a time, and those of one organization: slow or hostile providers must not use up sockets and memory. */
const fetchBounds = { atOnce: 20, atOncePerFlow: 5, waiting: 10_000, waitingPerFlow: 100, waitMs: 60_000 }

export interface KeyCacheParts {
  fetchJson: FetchJson
  /** Unix milliseconds. */
  now: () => number
  /** What is stored for a provider, asked when this process meets it and after something was stored. */
  load?: (provider: Keyed) => Promise<KeptKeys | 'gone' | undefined>
  /** Told how each fetch ended: with a set, or with why not; what it promises must not fail. */
  fetched?: (provider: Keyed, kept: KeptKeys | undefined, lastError: string | null) => Promise<void>
}

interface Entry {
  provider: Keyed
  kept: KeptKeys | undefined
  lastError: string | null
  failedAtMs: number
  /** When a key that the set lacks was last looked for. */
  lookedAtMs: number
  flight: Promise<void> | undefined
  /** What is stored may be another set. */
  stale: boolean
  /** Grows with each time that something stored was told of. */
  epoch: number
  loading: Promise<void> | undefined
  /** Nothing of it is stored: the provider was deleted, or has another address. */
  gone: boolean
  /** When what was fetched so far is stored. */
  stored: Promise<void>
}

const newEntry = ({ id, organizationId, jwksUrl }: Keyed): Entry => ({
  provider: { id, organizationId, jwksUrl },
  kept: undefined,
  lastError: null,
  failedAtMs: Number.NEGATIVE_INFINITY,
  lookedAtMs: Number.NEGATIVE_INFINITY,
  flight: undefined,
  stale: true,
  epoch: 0,
  loading: undefined,
  gone: false,
  stored: Promise.resolve(),
})

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
  const queue = new FairQueue(fetchBounds)
  const flights = new Map<string, { sentAtMs: number; answer: Promise<Fetched> }>()

  const entryOf = (provider: Keyed): Entry => {
    const known = entries.get(provider.id)
    // Keys of the address before say nothing of this one.
    if (known?.provider.jwksUrl === provider.jwksUrl) return known
    const entry = newEntry(provider)
    entries.set(provider.id, entry)
    return entry
  }

  const ageBase = (entry: Entry) => entry.kept?.fetchedAtMs ?? Number.NEGATIVE_INFINITY
  const ageOf = (entry: Entry) => now() - ageBase(entry)
  const servable = (entry: Entry) => (ageOf(entry) < serveForMs ? entry.kept?.set : undefined)
  const coolsDown = (entry: Entry) => now() - entry.failedAtMs < coolDownMs

  const loadInto = async (entry: Entry, from: NonNullable<typeof load>) => {
    const { epoch } = entry
    // Without the store the provider itself can still be asked.
    const found = await from(entry.provider).catch(() => undefined)
    // N3: what was read while a change passed may be older than the change.
    if (entry.epoch !== epoch) return
    entry.gone = found === 'gone'
    if (found && found !== 'gone' && found.fetchedAtMs > ageBase(entry)) entry.kept = found
  }

  /** Undefined when memory holds what is stored. */
  const loaded = (entry: Entry): Promise<void> | undefined => {
    if (!entry.stale || !load) return entry.loading
    entry.stale = false
    const loading = loadInto(entry, load).finally(() => {
      if (entry.loading === loading) entry.loading = undefined
    })
    entry.loading = loading
    return loading
  }

  const download = ({ jwksUrl: url, organizationId }: Keyed) => {
    const running = flights.get(url)
    if (running) return running
    const answer = queue
      .run(organizationId, url, () => fetchJson(url))
      .catch((): Fetched => ({ ok: false, code: 'unreachable' }))
      .finally(() => flights.delete(url))
    const flight = { sentAtMs: now(), answer }
    flights.set(url, flight)
    return flight
  }

  /** One after another: of two sets that were asked for in the same millisecond, the one that came last must be stored last. */
  const store = (entry: Entry, kept: KeptKeys | undefined) => {
    const { provider, lastError } = entry
    entry.stored = entry.stored.then(() => fetched?.(provider, kept, lastError))
  }

  const fetchInto = async (entry: Entry) => {
    const { sentAtMs, answer } = download(entry.provider)
    const read = readFetched(await answer)
    // Gone, or of another address, while it was fetched.
    if (entries.peek(entry.provider.id) !== entry) return
    if (typeof read === 'string') {
      entry.lastError = read
      entry.failedAtMs = now()
      // Another process may have fared better.
      entry.stale = true
      store(entry, undefined)
      return
    }
    entry.lastError = read.note
    entry.failedAtMs = Number.NEGATIVE_INFINITY
    // By when it was asked for: of two answers that cross, the one that was asked for later is the newer set.
    const kept = { set: read.set, fetchedAtMs: sentAtMs }
    if (sentAtMs >= ageBase(entry)) entry.kept = kept
    store(entry, kept)
  }

  const start = (entry: Entry): Promise<void> => {
    entry.flight ??= fetchInto(entry).finally(() => {
      entry.flight = undefined
    })
    return entry.flight
  }

  const startAndServe = async (entry: Entry) => {
    await start(entry)
    return servable(entry)
  }

  /** Of what memory has now; in the same tick unless it is too old to go on. */
  const serve = (entry: Entry): KeySet | undefined | Promise<KeySet | undefined> => {
    const age = ageOf(entry)
    if (age < refreshAfterMs || (coolsDown(entry) && !entry.flight)) return servable(entry)
    if (age >= waitAfterMs) return startAndServe(entry)
    void start(entry)
    return entry.kept?.set
  }

  return {
    of(provider) {
      const entry = entryOf(provider)
      const loading = loaded(entry)
      // Once more, for a change that passed meanwhile.
      return loading ? loading.then(() => loaded(entry)).then(() => serve(entry)) : serve(entry)
    },
    async newer(provider) {
      const entry = entryOf(provider)
      await loaded(entry)
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
      const status = statusOf(entry)
      await entry.stored
      return status
    },
    forget(providerId) {
      const one = providerId === undefined ? undefined : entries.peek(providerId)
      // The entry stays, and when it last asked: else each stored change would allow another fetch at once.
      for (const entry of providerId === undefined ? entries.values() : one ? [one] : []) {
        entry.stale = true
        entry.epoch += 1
        entry.kept = undefined
      }
    },
    status: (providerId) => statusOf(entries.peek(providerId)),
    get oldestMs() {
      return Math.max(0, ...[...entries.values()].filter((it) => it.kept).map(ageOf))
    },
    async refreshDue() {
      const look = async (entry: Entry) => {
        await loaded(entry)
        if (entry.gone) entries.delete(entry.provider.id)
        else if (ageOf(entry) >= refreshAfterMs && !coolsDown(entry)) await start(entry)
      }
      await Promise.all([...entries.values()].map(look))
    },
  }
}

export interface StoringParts {
  change: Change
  lookups: Pick<Lookups, 'findProviderKeys' | 'recordKeyFetch'>
  now: () => Date
  /** A set that could not be stored is a reason for the log; this process goes on with it. */
  failed: (error: unknown) => void
}

/** Ties the cache to what is stored for all processes (E7): `buildKeyCache({ …, ...storedKeys(parts) })`. */
export const storedKeys = (parts: StoringParts): Required<Pick<KeyCacheParts, 'load' | 'fetched'>> => ({
  load: async (provider) => {
    const row = await parts.lookups.findProviderKeys(provider.id)
    return row === undefined || row.jwks_url !== provider.jwksUrl ? 'gone' : keptOf(row)
  },
  fetched: async (provider, kept, lastError) => {
    try {
      const changed = kept !== undefined && (await storeChanged(parts, provider, { ...kept, lastError }))
      if (changed) return
      const at = kept === undefined ? null : new Date(kept.fetchedAtMs)
      await parts.lookups.recordKeyFetch({ providerId: provider.id, jwksUrl: provider.jwksUrl, at, failure: lastError })
    } catch (error) {
      parts.failed(error)
    }
  },
})

/**
 * Stores a set that differs from the stored one, with its event (A1) and its entry of the feed. Whether it differs is
 * asked of the store and never of memory, since another process may have stored it, or a set that was asked for later.
 * False: the stored set is this one.
 */
async function storeChanged(
  parts: StoringParts,
  provider: Keyed,
  fetched: KeptKeys & { lastError: string | null },
): Promise<boolean> {
  const row = await parts.lookups.findProviderKeys(provider.id)
  const present = row && row.jwks_url === provider.jwksUrl ? keptOf(row) : undefined
  // Most fetches bring what is there already: they need no lock.
  if (present && sameKeys(present.set, fetched.set)) return false
  const stored = await parts.change(byItself(parts.now(), provider), async (tx): Promise<Outcome<boolean, never>> => {
    const found = await findStoredKeys(tx, provider)
    if (found?.kept && sameKeys(found.kept.set, fetched.set)) return { ok: true, value: false, unchanged: true }
    // The provider is gone or has another address; or somebody asked later than we did.
    const late = !found || (found.kept && found.kept.fetchedAtMs > fetched.fetchedAtMs)
    if (late) return { ok: true, value: true, unchanged: true }
    await writeKeySet(tx, provider, fetched)
    const event = {
      action: 'oauth_provider.keys_changed' as const,
      target: { kind: 'oauth_provider' as const, id: provider.id, name: found.name },
      before: found.kept && told(found.kept),
      after: told(fetched),
    }
    return { ok: true, value: true, events: [event], forget: [{ kind: 'provider', id: provider.id }] }
  })
  return stored.ok && stored.value
}

const told = ({ set }: KeptKeys) => ({ keys: set.keys.map((it) => it.thumbprint).sort() })

/** A1: nobody asked for it, it is the service at its work. */
const byItself = (at: Date, { organizationId }: Keyed): By<JobAuthority> => ({
  organizationId,
  actor: { kind: 'operator', id: null, name: 'Portcullis' },
  authority: createJobAuthority('signing keys'),
  at,
  ip: null,
  userAgent: null,
  requestId: null,
})
