import { EventEmitter, once } from 'node:events'
import { expect, onTestFinished } from 'vitest'
import type { Cluster, Tenant } from './cluster.ts'

/** One question about a token: when it was sent, and how it was decided; `away` when the connection broke. */
export interface Sighting {
  process: number
  sentAt: number
  outcome: 'accepted' | 'unavailable' | 'away' | (string & {})
}

/** P11, on every process but the one that answered the save. */
export const boundMs = 1000

/** What was seen of one token. */
export class Sightings {
  readonly list: Sighting[] = []
  readonly #news = new EventEmitter().setMaxListeners(0)

  note(sighting: Sighting): void {
    this.list.push(sighting)
    this.#news.emit('news')
  }

  /** Until each of these processes has decided so about a request that was sent after this moment. */
  async all(outcome: string, after: number, processes: Iterable<number>): Promise<void> {
    const missing = new Set(processes)
    for (let next = 0; ; ) {
      for (; next < this.list.length; next += 1) {
        const it = this.list[next] as Sighting
        if (it.outcome === outcome && it.sentAt > after) missing.delete(it.process)
      }
      if (missing.size === 0) return
      await once(this.#news, 'news')
    }
  }

  /** P11: what was decided by what was true before the save, though it was sent too late for that. */
  tooLate(old: string, { at, through }: Saved): Sighting[] {
    return this.list.filter(
      ({ process, sentAt, outcome }) => outcome === old && sentAt > at + (process === through ? 0 : boundMs),
    )
  }
}

/**
 * Asks every process about one token on and on, without waiting for answers, and keeps what it saw. The moment of
 * sending is noted before anything is sent, so what is noted as late was late.
 */
export class Watch {
  readonly #cluster: Cluster
  readonly #secret: string
  readonly seen = new Sightings()
  readonly #pending = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout

  constructor(cluster: Cluster, secret: string, everyMs: number) {
    this.#cluster = cluster
    this.#secret = secret
    this.#timer = setInterval(() => {
      for (const number of cluster.processes.keys()) {
        const asked = this.#ask(number).then(() => void this.#pending.delete(asked))
        this.#pending.add(asked)
      }
    }, everyMs)
  }

  async #ask(process: number): Promise<void> {
    const sentAt = performance.now()
    const outcome = await this.#cluster.introspect(process, this.#secret).then(
      ({ status, body }) => (status === 503 ? 'unavailable' : body.active ? 'accepted' : body.reason),
      () => 'away',
    )
    this.seen.note({ process, sentAt, outcome })
  }

  /** Until each of these processes, or all, has decided so about a request that was sent after this moment. */
  all(outcome: string, after: number, processes: Iterable<number> = this.#cluster.processes.keys()): Promise<void> {
    return this.seen.all(outcome, after, processes)
  }

  /** No more questions; resolves when all were answered. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#pending)
  }
}

/** A save, the moment at which its answer was here, and the process that gave it. */
export interface Saved {
  at: number
  through: number
}

/** What a token is called once it was revoked. */
const revoked = 'revoked'

/**
 * P11 on trial: two organizations, a token of each that every process remembers as good and is asked about on and on;
 * in one the gate is lowered, in the other the token is revoked, while something goes wrong.
 */
export class Trial {
  readonly #cluster: Cluster
  readonly #tenants: readonly [Tenant, Tenant]
  readonly #tokenId: string
  readonly #secret: string
  readonly suspending: Watch
  readonly revoking: Watch
  #lowered: Saved = { at: Number.POSITIVE_INFINITY, through: 0 }
  #revoked: Saved = this.#lowered

  private constructor(
    cluster: Cluster,
    tenants: readonly [Tenant, Tenant],
    tokens: readonly [{ secret: string }, { id: string; secret: string }],
    everyMs: number,
  ) {
    this.#cluster = cluster
    this.#tenants = tenants
    this.#secret = tokens[0].secret
    this.#tokenId = tokens[1].id
    this.suspending = new Watch(cluster, tokens[0].secret, everyMs)
    this.revoking = new Watch(cluster, tokens[1].secret, everyMs)
  }

  static async begin(cluster: Cluster, tenants: readonly [Tenant, Tenant], everyMs = 10): Promise<Trial> {
    const tokens = await Promise.all([cluster.newToken(tenants[0]), cluster.newToken(tenants[1])])
    const trial = new Trial(cluster, tenants, tokens, everyMs)
    onTestFinished(() => Promise.all([trial.suspending.stop(), trial.revoking.stop()]).then(() => undefined))
    // Twice, so that memory decides the second time.
    for (let n = 0; n < 2; n += 1) {
      const now = performance.now()
      await Promise.all([trial.suspending.all('accepted', now), trial.revoking.all('accepted', now)])
    }
    return trial
  }

  /** Lowers the gate and revokes, through a process; resolves with the moment after which P11 binds every process. */
  async save(through = 0): Promise<number> {
    const [suspending, revoking] = this.#tenants
    const moments = await Promise.all([
      this.#cluster.setGate(suspending, 'none', through),
      this.#cluster.revoke(revoking, this.#tokenId, through),
    ])
    this.#lowered = { at: moments[0], through }
    this.#revoked = { at: moments[1], through }
    return Math.max(...moments) + boundMs
  }

  /** Until each of these processes says why it refuses, about requests that were sent after this moment. */
  async refused(after: number, processes?: Iterable<number>): Promise<void> {
    await Promise.all([
      this.suspending.all('suspended', after, processes),
      this.revoking.all(revoked, after, processes),
    ])
  }

  async unavailable(after: number, processes?: Iterable<number>): Promise<void> {
    const watches = [this.suspending, this.revoking]
    await Promise.all(watches.map((it) => it.all('unavailable', after, processes)))
  }

  /** Says what was seen that must not be: nothing. All questions are answered by then, also those of a frozen process. */
  async verdict(): Promise<void> {
    await Promise.all([this.suspending.stop(), this.revoking.stop()])
    expect(this.suspending.seen.tooLate('accepted', this.#lowered)).toEqual([])
    expect(this.revoking.seen.tooLate('accepted', this.#revoked)).toEqual([])
    await this.#restore()
  }

  /** P11: to restore is as quick as to suspend. */
  async #restore(): Promise<void> {
    const { through } = this.#lowered
    const restoring = new Watch(this.#cluster, this.#secret, 10)
    await restoring.all('suspended', 0)
    const raised = { at: await this.#cluster.setGate(this.#tenants[0], 'all', through), through }
    await restoring.all('accepted', raised.at + boundMs)
    await restoring.stop()
    expect(restoring.seen.tooLate('suspended', raised)).toEqual([])
  }

  /** How often each outcome was seen. */
  get counts(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { outcome } of [...this.suspending.seen.list, ...this.revoking.seen.list])
      counts[outcome] = (counts[outcome] ?? 0) + 1
    return counts
  }
}

/** Nothing of a test that failed is left to the next one. */
export async function heal(cluster: Cluster, tenants: readonly Tenant[]): Promise<void> {
  for (const it of cluster.processes) {
    it.resume()
    it.mend()
  }
  await Promise.all(cluster.processes.map((it) => it.ready()))
  for (const it of tenants) await cluster.setGate(it, 'all')
}
