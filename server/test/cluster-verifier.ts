import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { type Cluster, resourceKey, type Tenant } from './cluster.ts'
import { boundMs, type Saved, Sightings } from './cluster-watch.ts'

/** One call of `verify`, and when it was made: nanoseconds of the monotonic clock, as text. */
export interface Called {
  token: string
  at: string
  outcome: string
}
export interface Told {
  calls: Called[]
  /** Of this token nothing more will be told. */
  left?: string
}

/** A verifier in a process of its own, which can be frozen. */
export class VerifierProcess {
  readonly #child: ChildProcess
  readonly #watched = new Map<string, Sightings>()
  readonly #left = new EventEmitter()
  /** What the shared clock shows when this process's own shows nothing. */
  readonly #originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now()

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', ({ calls, left }: Told) => {
      for (const { token, at, outcome } of calls)
        this.#watched.get(token)?.note({ process: 0, sentAt: Number(at) / 1e6 - this.#originMs, outcome })
      if (left !== undefined) this.#left.emit(left)
    })
  }

  static async start(url: string): Promise<VerifierProcess> {
    const child = fork(join(import.meta.dirname, 'cluster-verifier-child.ts'), [url, resourceKey], { execArgv: [] })
    await once(child, 'message')
    return new VerifierProcess(child)
  }

  watch(token: string): Sightings {
    const seen = new Sightings()
    this.#watched.set(token, seen)
    this.#child.send({ watch: token })
    return seen
  }

  /** No more calls; resolves when all were answered and told. */
  async leave(token: string): Promise<void> {
    const left = once(this.#left, token)
    this.#child.send({ leave: token })
    await left
  }

  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  async close(): Promise<void> {
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }
}

/** The only process that sightings of a verifier are about; it never answers a save. */
const itself = [0]
const nobody = -1

/** P11 on trial for a verifier: a gate is lowered and a token revoked through the first process of the cluster. */
export class VerifierTrial {
  readonly #cluster: Cluster
  readonly #tenants: readonly [Tenant, Tenant]
  readonly #tokenId: string
  readonly #leave: () => Promise<void>
  readonly suspending: Sightings
  readonly revoking: Sightings
  #lowered: Saved = { at: Number.POSITIVE_INFINITY, through: nobody }
  #revoked: Saved = this.#lowered

  private constructor(
    cluster: Cluster,
    tenants: readonly [Tenant, Tenant],
    [suspending, revoking, tokenId]: readonly [Sightings, Sightings, string],
    leave: () => Promise<void>,
  ) {
    this.#leave = leave
    this.#cluster = cluster
    this.#tenants = tenants
    this.#tokenId = tokenId
    this.suspending = suspending
    this.revoking = revoking
  }

  static async begin(cluster: Cluster, tenants: readonly [Tenant, Tenant], verifier: VerifierProcess) {
    const [first, second] = await Promise.all([cluster.newToken(tenants[0]), cluster.newToken(tenants[1])])
    const seen = [verifier.watch(first.secret), verifier.watch(second.secret), second.id] as const
    const leave = async () => void (await Promise.all([first, second].map((it) => verifier.leave(it.secret))))
    const trial = new VerifierTrial(cluster, tenants, seen, leave)
    onTestFinished(leave)
    for (let n = 0; n < 3; n += 1) await trial.#both('accepted', 'accepted', performance.now())
    return trial
  }

  async #both(suspending: string, revoking: string, after: number): Promise<void> {
    await Promise.all([this.suspending.all(suspending, after, itself), this.revoking.all(revoking, after, itself)])
  }

  /** Lowers the gate and revokes; resolves with the moment after which P11 binds. */
  async save(): Promise<number> {
    const [suspending, revoking] = this.#tenants
    const moments = await Promise.all([
      this.#cluster.setGate(suspending, 'none'),
      this.#cluster.revoke(revoking, this.#tokenId),
    ])
    this.#lowered = { at: moments[0], through: nobody }
    this.#revoked = { at: moments[1], through: nobody }
    return Math.max(...moments) + boundMs
  }

  refused = (after: number): Promise<void> => this.#both('suspended', 'revoked', after)
  unavailable = (after: number): Promise<void> => this.#both('unavailable', 'unavailable', after)

  /** Says what was seen that must not be: nothing. All calls are answered by then. */
  async verdict(): Promise<void> {
    await this.#leave()
    expect(this.suspending.tooLate('accepted', this.#lowered)).toEqual([])
    expect(this.revoking.tooLate('accepted', this.#revoked)).toEqual([])
  }
}
