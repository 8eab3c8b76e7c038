import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type CompiledQuery,
  type ControlledTransaction,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  sql,
} from 'kysely'
import type { Database, Writer } from '../db/change.ts'
import type { Tables } from '../db/tables.ts'

/** Locks what a request relies on and tells whether that still holds. */
export type Guard = (tx: Writer) => Promise<boolean>

class Refused extends Error {}

/** The writes of one request: the first of them opens a transaction and asks the guard. */
class GuardedRequest {
  readonly #db: Database
  readonly #guard: Guard
  #opening: Promise<ControlledTransaction<Tables>> | undefined
  #finished = false
  refused = false

  constructor(db: Database, guard: Guard) {
    this.#db = db
    this.#guard = guard
  }

  get isOpen(): boolean {
    return this.#opening !== undefined
  }

  /** What the request started and did not wait for goes its own way afterwards. */
  get isFinished(): boolean {
    return this.#finished
  }

  open(): Promise<ControlledTransaction<Tables>> {
    this.#opening ??= this.#start()
    return this.#opening
  }

  async #start(): Promise<ControlledTransaction<Tables>> {
    const tx = await this.#db.startTransaction().setIsolationLevel('read committed').execute()
    const holds = await this.#guard(tx).catch(async (error: unknown) => {
      await tx.rollback().execute()
      throw error
    })
    if (holds) return tx
    this.refused = true
    await tx.rollback().execute()
    throw new Refused('The credential of this request has ended.')
  }

  async finish(outcome: 'commit' | 'rollback'): Promise<void> {
    this.#finished = true
    const tx = await this.#opening?.catch(() => undefined)
    if (tx && !tx.isCommitted && !tx.isRolledBack) await tx[outcome]().execute()
  }
}

const requests = new AsyncLocalStorage<GuardedRequest>()

const isWrite = ({ query }: CompiledQuery): boolean => query.kind !== 'SelectQueryNode'

class GuardedConnection implements DatabaseConnection {
  readonly #db: Database
  readonly #request: GuardedRequest | undefined
  /** Better Auth's own transaction, in a request that has no guard. */
  #transaction: ControlledTransaction<Tables> | undefined

  constructor(db: Database) {
    this.#db = db
    this.#request = requests.getStore()
  }

  get #guarded(): GuardedRequest | undefined {
    return this.#request?.isFinished ? undefined : this.#request
  }

  async executeQuery<R>(compiled: CompiledQuery): Promise<QueryResult<R>> {
    const query = compiled as CompiledQuery<R>
    if (this.#transaction) return this.#transaction.executeQuery(query)
    const request = this.#guarded
    if (request && (request.isOpen || isWrite(query))) return (await request.open()).executeQuery(query)
    return this.#db.executeQuery(query)
  }

  // biome-ignore lint/correctness/useYield: Better Auth streams nothing.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('Better Auth does not stream.')
  }

  async begin(): Promise<void> {
    const request = this.#guarded
    if (request) await sql`savepoint better_auth`.execute(await request.open())
    else this.#transaction = await this.#db.startTransaction().setIsolationLevel('read committed').execute()
  }

  async end(outcome: 'commit' | 'rollback'): Promise<void> {
    const transaction = this.#transaction
    this.#transaction = undefined
    if (transaction) return void (await transaction[outcome]().execute())
    const request = this.#guarded
    // When the guard refused, there is no transaction to return to.
    if (!request || request.refused) return
    const command = outcome === 'commit' ? sql`release savepoint better_auth` : sql`rollback to savepoint better_auth`
    await command.execute(await request.open())
  }
}

const driverOn = (db: Database): Driver => ({
  init: async () => undefined,
  acquireConnection: async () => new GuardedConnection(db),
  beginTransaction: (connection) => (connection as GuardedConnection).begin(),
  commitTransaction: (connection) => (connection as GuardedConnection).end('commit'),
  rollbackTransaction: (connection) => (connection as GuardedConnection).end('rollback'),
  releaseConnection: async () => undefined,
  destroy: async () => undefined,
})

/**
 * The database as Better Auth gets it. Better Auth looks a session up, verifies passwords, which takes long, and only then
 * writes; meanwhile the session may have been ended. Within `guardWrites` its first write therefore opens a transaction in
 * which the guard asks again under a lock, and everything from there on happens in that transaction. (A5)
 */
export function createGuardedDatabase(db: Database): Database {
  const plain = db.withoutPlugins()
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => driverOn(plain),
      createIntrospector: (database) => new PostgresIntrospector(database),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    plugins: [...db.getExecutor().plugins],
  })
}

/** Does the work of a request; when the guard refuses its first write, nothing is written. */
export async function guardWrites<T>(
  db: Database,
  guard: Guard,
  work: () => Promise<T>,
): Promise<{ ok: true; value: T; wrote: boolean } | { ok: false }> {
  const request = new GuardedRequest(db, guard)
  try {
    const value = await requests.run(request, work)
    await request.finish('commit')
    return request.refused ? { ok: false } : { ok: true, value, wrote: request.isOpen }
  } catch (error) {
    await request.finish('rollback')
    if (request.refused) return { ok: false }
    throw error
  }
}
