import type { Deps } from '../../db/deps.ts'
import type { Lease } from '../../db/feed.ts'
import type { FeedStep } from '../../db/feed-log.ts'
import type { Peers, SeenPeer } from '../../db/peers.ts'
import { createSteadyClock } from '../../db/steady-clock.ts'
import type { Caller } from '../accounts/rules.ts'
import { confirmationOf, obeyedBetween, type Save } from './rules.ts'
import { readSave } from './store.ts'

/** What a verifier says of itself with each request for its lease. */
export interface VerifierSight {
  name: string
  /** The feed's number up to which it has forgotten, and how long ago it got there. */
  applied: number
  agoMs: number
  /** The number at which it began to follow. */
  since: number
  /** How long it may go on through an outage. */
  outageMs: number
  /** It ends, and is to be remembered no longer. */
  leaving: boolean
}

interface Verifier {
  applied: number
  allowanceMs: number
  seenAtMs: number
  isNews: boolean
  confirmed: Obeyed[]
}

type Obeyed = Pick<Save, 'number' | 'version'> & { atMs: number }

export interface PresenceBounds {
  saves: number
  verifiers: number
}

const usual: PresenceBounds = { saves: 1_000, verifiers: 1_000 }
const tellEveryMs = 1_000
/** What a process says that never got an answer of the database. */
const longestMs = 60 * 60 * 1000

const savesIn = (step: FeedStep): Save[] =>
  step.forget === 'everything'
    ? []
    : step.forget.flatMap(({ kind, id, version }) =>
        kind === 'organization' && version !== undefined ? [{ number: step.number, organizationId: id, version }] : [],
      )

/**
 * P11's proof: notes when this process, and every verifier that asks it for its lease, came to obey a saved setting, and
 * tells the others by the database. Nothing of it decides anything. `now` is a monotonic clock in milliseconds.
 * `isAlone`: nobody else reads the database, so it is written only when there is something new.
 */
export function buildPresence(parts: {
  name: string
  lease: Pick<Lease, 'applied' | 'ageMs' | 'log'>
  peers: Pick<Peers, 'record' | 'forget'>
  isAlone: boolean
  failed: (error: unknown) => void
  now?: () => number
  bounds?: Partial<PresenceBounds>
}) {
  const { name, lease, peers, isAlone, failed, now = createSteadyClock() } = parts
  const bounds = { ...usual, ...parts.bounds }
  const verifiers = new Map<string, Verifier>()
  let saves: (Save & Obeyed)[] = []
  let own: Obeyed[] = []
  let flushing: Promise<void> | undefined
  let closed = false

  const stopFollowing = lease.log.onStep((step) => {
    const obeyed = savesIn(step).map((it) => ({ ...it, atMs: now() }))
    if (obeyed.length === 0) return
    saves = [...saves, ...obeyed].slice(-bounds.saves)
    own = [...own, ...obeyed].slice(-bounds.saves)
  })

  const told = ({ number, version, atMs }: Obeyed) => ({ number, version, agoMs: now() - atMs })

  const selfNow = (): SeenPeer => ({
    name,
    kind: 'server',
    applied: lease.applied,
    allowanceMs: 0,
    seenAgoMs: Math.min(lease.ageMs, longestMs),
    confirmed: own.map(told),
  })

  const verifierNow = ([verifier, it]: [string, Verifier]): SeenPeer => ({
    name: verifier,
    kind: 'verifier',
    applied: it.applied,
    allowanceMs: it.allowanceMs,
    seenAgoMs: now() - it.seenAtMs,
    confirmed: it.confirmed.map(told),
  })

  const write = async () => {
    const news = [...verifiers].filter(([, it]) => it.isNews)
    const batch = [selfNow(), ...news.map(verifierNow)]
    const counts = [own.length, ...news.map(([, it]) => it.confirmed.length)]
    for (const [, it] of news) it.isNews = false
    await peers.record(batch)
    // What was noted meanwhile stays for the next time, and all of it where writing failed.
    own = own.slice(counts[0])
    news.forEach(([, it], i) => {
      it.confirmed = it.confirmed.slice(counts[i + 1])
    })
  }

  /** Writes what is new. Resolves when that is done, also for those who ask while it is under way. */
  const flush = async (): Promise<void> => {
    await flushing?.catch(() => undefined)
    flushing ??= write().finally(() => {
      flushing = undefined
    })
    await flushing
  }

  const timer = setInterval(() => {
    const hasNews = own.length > 0 || [...verifiers.values()].some((it) => it.confirmed.length > 0)
    if (!closed && (!isAlone || hasNews)) flush().catch(failed)
  }, tellEveryMs).unref()

  const leave = (verifier: string) => {
    verifiers.delete(verifier)
    peers.forget(verifier).catch(failed)
  }

  return {
    name,

    /** A verifier asked for its lease. */
    seen: (it: VerifierSight): void => {
      if (it.leaving) {
        leave(it.name)
        return
      }
      const known = verifiers.get(it.name)
      const seenAtMs = now()
      const obeyed = obeyedBetween(saves, Math.max(known?.applied ?? 0, it.since), it.applied)
      const confirmed = obeyed.map(({ number, version }) => ({ number, version, atMs: seenAtMs - it.agoMs }))
      // The one that was silent longest makes room.
      verifiers.delete(it.name)
      verifiers.set(it.name, {
        applied: it.applied,
        allowanceMs: it.outageMs,
        seenAtMs,
        isNews: true,
        confirmed: [...(known?.confirmed ?? []), ...confirmed].slice(-bounds.saves),
      })
      const [oldest] = verifiers.keys()
      if (verifiers.size > bounds.verifiers && oldest !== undefined) verifiers.delete(oldest)
    },

    flush,

    /** This process ends: it is no longer waited for. */
    close: async (): Promise<void> => {
      closed = true
      clearInterval(timer)
      stopFollowing()
      await flushing?.catch(() => undefined)
      await peers.forget(name).catch(failed)
    },
  }
}

/** P11: which processes and verifiers have confirmed the last save, and how long after it. */
export async function getPropagation(deps: Deps, caller: Caller) {
  const at = deps.now()
  const save = await deps.read(caller.organizationId, (db) => readSave(db, caller.organizationId))
  await deps.presence.flush()
  const peers = await deps.peers.find(caller.organizationId)
  return {
    version: save.version,
    savedAt: save.at,
    confirmed: peers.map((it) => confirmationOf(it, save, at)),
  }
}
