import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import { sessionStatement } from '../session-settings.ts'
import { Session } from './session.ts'
import type { Place } from './worker.ts'

/** Who uses the session: the service behind the wall, or the owner (migrations, operator commands). */
export type Who = 'service' | 'owner'

/**
 * The one session, lent to one user at a time, in the shape of a `pg` pool of one: Kysely's PostgreSQL dialect drives
 * both databases, and a query outside of a transaction never falls into somebody else's. The feed goes to the head of
 * the queue: the right to decide from memory hangs on it (N3).
 */
export class Turns {
  readonly #place: Place
  readonly #serviceRole: string
  readonly #waiting: (() => void)[] = []
  readonly #wakes = new Set<() => void>()
  #session: Session | undefined
  #taken = false
  #closed = false
  /** A rollback failed: a transaction may still be open. */
  #inDoubt = false
  /** The role that the session has at present; undefined when it is new or in doubt. */
  #role: Who | undefined

  readonly #answerMs: number | undefined

  /** What the service asks is answered within `answerMs`, or the session hangs. The owner's work may take its time. */
  constructor(place: Place, serviceRole: string, answerMs?: number) {
    this.#place = place
    this.#serviceRole = serviceRole
    this.#answerMs = answerMs
  }

  onWake(wake: () => void): void {
    this.#wakes.add(wake)
  }

  /** The session for one user's exclusive use, until released. */
  async take(who: Who, first = false): Promise<PostgresPoolClient> {
    await this.#turn(first)
    try {
      const session = await this.#open()
      if (this.#inDoubt) await this.#recover(session)
      if (this.#role !== who) await this.#become(session, who)
      return this.#lend(session, who === 'service' ? this.#answerMs : undefined)
    } catch (error) {
      this.#release()
      throw error
    }
  }

  /** One session: lent or not, and who waits for it. */
  get load(): { inUse: number; waiting: number } {
    return { inUse: Number(this.#taken), waiting: this.#waiting.length }
  }

  poolFor(who: Who): PostgresPool {
    return { connect: () => this.take(who), end: async () => undefined, options: {} }
  }

  /** Waits for whoever has the session, and closes it. */
  async close(): Promise<void> {
    if (this.#closed) return
    await this.#turn(false)
    this.#closed = true
    await this.#session?.close()
    this.#release()
  }

  async #turn(first: boolean): Promise<void> {
    if (this.#taken) await new Promise<void>((go) => (first ? this.#waiting.unshift(go) : this.#waiting.push(go)))
    this.#taken = true
  }

  #release(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#taken = false
  }

  /** Also after the thread died: the folder is ours, and opening it again recovers what was committed. */
  async #open(): Promise<Session> {
    if (this.#closed) throw new Error('The embedded database is closed')
    if (this.#session?.alive) return this.#session
    this.#role = undefined
    this.#inDoubt = false
    this.#session = await Session.open(this.#place, () => {
      for (const wake of this.#wakes) wake()
    })
    await this.#session.query(sessionStatement, [], this.#answerMs)
    return this.#session
  }

  async #recover(session: Session): Promise<void> {
    await session.query('rollback', [], this.#answerMs)
    this.#inDoubt = false
  }

  async #become(session: Session, who: Who): Promise<void> {
    this.#role = undefined
    await session.query(who === 'owner' ? 'reset role' : `set role ${this.#serviceRole}`, [], this.#answerMs)
    this.#role = who
  }

  #lend(session: Session, withinMs: number | undefined): PostgresPoolClient {
    let lent = true
    return {
      query: async (text: unknown, parameters?: readonly unknown[]) => {
        if (!lent) throw new Error('The session was given back')
        return (await session.query(
          text as string,
          parameters ?? [],
          withinMs,
        )) as unknown as PostgresQueryResult<never>
      },
      release: (inDoubt = false) => {
        if (!lent) return
        lent = false
        this.#inDoubt ||= inDoubt
        this.#release()
      },
    } as unknown as PostgresPoolClient
  }
}
