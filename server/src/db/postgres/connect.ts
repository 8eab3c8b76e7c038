import { Client, type ClientBase, type ClientConfig, Pool, type PoolConfig, types } from 'pg'
import { parseDate, parseNumber, typeIds } from '../parsers.ts'

/** Longest statement, on the server; a second later, should the server be out of reach, it ends on our side. */
export const defaultStatementMs = 10_000
const graceMs = 1000
/** A process that freezes inside a transaction must not hold an organization's lock, or the feed's, for long. */
const idleInTransactionMs = 5000

const ours: Record<number, (text: string) => unknown> = {
  [typeIds.int8]: parseNumber,
  [typeIds.numeric]: parseNumber,
  [typeIds.date]: parseDate,
}

/** Parsers for our connections alone, not for the whole process as `pg.types.setTypeParser` would. */
const parsers: NonNullable<ClientConfig['types']> = {
  getTypeParser: ((id: number, format?: 'text') =>
    ours[id] ?? types.getTypeParser(id, format)) as typeof types.getTypeParser,
}

/** A dead peer is noticed on an idle connection within about 13 s: Node probes each second, ten times. */
const connection = (url: string, name: string): ClientConfig => ({
  connectionString: url,
  application_name: name,
  types: parsers,
  keepAlive: true,
  keepAliveInitialDelayMillis: 3000,
})

/** Silence on the wire has no other end than this: the socket is torn down, and with it whatever waits on it. */
export const tearDown = (client: ClientBase): void => {
  ;(client as unknown as { connection: { stream: { destroy: () => void } } }).connection.stream.destroy()
}

/**
 * `pg`'s own `query_timeout` gives the connection back to the pool with the unanswered query still on it, where the next
 * user waits behind it; a connection that stays silent is therefore torn down.
 */
function bound(client: ClientBase, answerMs: number): void {
  const query = client.query.bind(client) as (...asked: unknown[]) => unknown
  client.query = ((...asked: unknown[]) => {
    const answer = query(...asked)
    if (!(answer instanceof Promise)) return answer
    const timer = setTimeout(() => tearDown(client), answerMs)
    return answer.finally(() => clearTimeout(timer))
  }) as typeof client.query
}

/** One statement, so that poolers which refuse start-up parameters work too. */
const enterSession = (client: ClientBase, role: string | undefined, statement: number) =>
  client.query(
    `select set_config('statement_timeout', $1, false), set_config('idle_in_transaction_session_timeout', $2, false),
      set_config('role', $3, false)`,
    [`${statement}`, `${idleInTransactionMs}`, role ?? 'none'],
  )

export interface PoolOptions {
  url: string
  /** Taken on by every connection; undefined: the login's own. */
  role?: string | undefined
  max: number
  name: string
  /** Longest statement; 0: migrations may take their time. */
  statementMs?: number | undefined
}

export function openPool({ url, role, max, name, statementMs = defaultStatementMs }: PoolOptions): Pool {
  const pool = new Pool({
    ...connection(url, name),
    max,
    connectionTimeoutMillis: 5000,
    idleTimeoutMillis: 60_000,
    onConnect: async (client: ClientBase) => {
      // While it is lent the pool does not listen, and a connection that breaks would end this process.
      client.on('error', () => undefined)
      if (statementMs > 0) bound(client, statementMs + graceMs)
      await enterSession(client, role, statementMs)
    },
  } as PoolConfig)
  // An idle connection that breaks is replaced when the next one is needed; there is nobody to tell.
  pool.on('error', () => undefined)
  return pool
}

/** A single connection, for the feed; all of its opening ends within `timeoutMs`. */
export async function openClient(url: string, role: string | undefined, timeoutMs: number): Promise<Client> {
  const client = new Client(connection(url, 'portcullis feed'))
  client.on('error', () => undefined)
  const late = setTimeout(() => tearDown(client), timeoutMs)
  try {
    await client.connect()
    await enterSession(client, role, timeoutMs)
    await client.query('listen portcullis_feed')
    return client
  } catch (error) {
    tearDown(client)
    throw error
  } finally {
    clearTimeout(late)
  }
}
