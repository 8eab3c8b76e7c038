import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { type ClientBase, type ClientConfig, Pool, type PoolClient, type PoolConfig } from 'pg'
import { createNotWritableError } from '../away.ts'
import { connection, defaultStatementMs, enterSession, graceMs, tearDown } from './connect.ts'

export interface PoolOptions {
  url: string
  /** Taken on by every connection; undefined: the login's own. */
  role?: string | undefined
  max: number
  name: string
  /** Longest statement; 0: migrations may take their time. */
  statementMs?: number | undefined
}

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? '')

/** 25006: the server that this connection leads to cannot write. */
const readOnly = '25006'

/** Errors of a statement or its values, after which a connection is as good as before: 22, 23, 40, 42 and P0. */
const harmless = /^(22|23|40|42|P0)\w{3}$/

/** How long a server that cannot write is not asked again: a flood of requests must not become one of connections. */
const pauseMs = 200

/**
 * A pool whose connections are known to lead to the primary. Each one is checked when it is opened, and one is never
 * handed out again after an error that may mean another state of the server, or after `retireAll`: it is closed, and a
 * new one is opened and checked instead. (N3)
 */
export class PrimaryPool implements PostgresPool {
  readonly options: object
  readonly #pool: Pool
  readonly #retired = new WeakSet<ClientBase>()
  readonly #generations = new WeakMap<ClientBase, number>()
  #generation = 0
  #refusedAtMs = Number.NEGATIVE_INFINITY
  /** False once a connection turned out to lead to a server that cannot write, until one leads to the primary again. */
  isWritable = true

  constructor({ url, role, max, name, statementMs = defaultStatementMs }: PoolOptions) {
    this.options = { max }
    this.#pool = new Pool({
      ...(connection(url, name) satisfies ClientConfig),
      max,
      connectionTimeoutMillis: 5000,
      idleTimeoutMillis: 60_000,
      onConnect: async (client: ClientBase) => {
        // While it is lent the pool does not listen, and a connection that breaks would end this process.
        client.on('error', () => undefined)
        this.#watch(client, statementMs)
        await this.#enter(client, role, statementMs)
      },
    } as PoolConfig)
    // An idle connection that breaks is replaced when the next one is needed; there is nobody to tell.
    this.#pool.on('error', () => undefined)
  }

  /** How many connections are lent, and how many callers wait for one. */
  get load(): { inUse: number; waiting: number } {
    const { totalCount, idleCount, waitingCount } = this.#pool
    return { inUse: totalCount - idleCount, waiting: waitingCount }
  }

  async connect(): Promise<PostgresPoolClient> {
    if (!this.isWritable && performance.now() - this.#refusedAtMs < pauseMs) throw createNotWritableError()
    for (;;) {
      const client = await this.#pool.connect()
      if (this.#isCurrent(client)) return this.#lend(client) as PostgresPoolClient
      client.release(true)
    }
  }

  async query<Row extends object>(text: string): Promise<Row[]> {
    const client = (await this.connect()) as unknown as PoolClient
    try {
      return (await client.query<Row>(text)).rows
    } finally {
      client.release()
    }
  }

  /** The address may lead to another server than before: no open connection is handed out again. */
  retireAll(): void {
    this.#generation += 1
  }

  end(): Promise<void> {
    return this.#pool.end()
  }

  async #enter(client: ClientBase, role: string | undefined, statementMs: number): Promise<void> {
    const generation = this.#generation
    try {
      await enterSession(client, role, statementMs)
    } catch (error) {
      if (codeOf(error) === readOnly) this.#refuse()
      throw error
    }
    this.#generations.set(client, generation)
    this.isWritable = true
  }

  #refuse(): void {
    this.isWritable = false
    this.#refusedAtMs = performance.now()
  }

  #isCurrent(client: ClientBase): boolean {
    return this.#generations.get(client) === this.#generation && !this.#retired.has(client)
  }

  #lend(client: PoolClient): PoolClient {
    const release = client.release.bind(client)
    client.release = (destroy) => release(destroy || !this.#isCurrent(client))
    return client
  }

  #failed(client: ClientBase, error: unknown): void {
    const code = codeOf(error)
    if (!harmless.test(code)) this.#retired.add(client)
    if (code !== readOnly) return
    this.retireAll()
    this.#refuse()
  }

  /**
   * Notes errors, and ends silence. `pg`'s own `query_timeout` gives the connection back to the pool with the unanswered
   * query still on it, where the next user waits behind it; a connection that stays silent is therefore torn down.
   */
  #watch(client: ClientBase, statementMs: number): void {
    const query = client.query.bind(client) as (...asked: unknown[]) => unknown
    client.query = ((...asked: unknown[]) => {
      const answer = query(...asked)
      if (!(answer instanceof Promise)) return answer
      const timer = statementMs > 0 ? setTimeout(() => tearDown(client), statementMs + graceMs) : undefined
      return answer
        .catch((error: unknown) => {
          this.#failed(client, error)
          throw error
        })
        .finally(() => clearTimeout(timer))
    }) as typeof client.query
  }
}
