import { Client, type ClientBase, type ClientConfig, types } from 'pg'
import { createNotWritableError } from '../away.ts'
import { parsers as ownParsers } from '../parsers.ts'
import { sessionStatement } from '../session-settings.ts'

/** Longest statement, on the server; a second later, should the server be out of reach, it ends on our side. */
export const defaultStatementMs = 10_000
export const graceMs = 1000
/** A process that freezes inside a transaction must not hold an organization's lock, or the feed's, for long. */
const idleInTransactionMs = 5000

/** Parsers for our connections alone, not for the whole process as `pg.types.setTypeParser` would. */
const parsers: NonNullable<ClientConfig['types']> = {
  getTypeParser: ((id: number, format?: 'text') =>
    ownParsers[id] ?? types.getTypeParser(id, format)) as typeof types.getTypeParser,
}

/** A dead peer is noticed on an idle connection within about 13 s: Node probes each second, ten times. */
export const connection = (url: string, name: string): ClientConfig => ({
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
 * Prepares a connection that was just opened, and refuses it where it leads to a standby or a read-only database: a
 * standby that lags after a failover would accept what was suspended or revoked. (N3)
 */
export async function enterSession(client: ClientBase, role: string | undefined, statementMs: number): Promise<void> {
  const { rows } = await client.query<{ not_writable: boolean }>(sessionStatement)
  if (rows[0]?.not_writable !== false) throw createNotWritableError()
  await client.query(
    `select set_config('statement_timeout', $1, false), set_config('idle_in_transaction_session_timeout', $2, false),
      set_config('role', $3, false)`,
    [`${statementMs}`, `${idleInTransactionMs}`, role ?? 'none'],
  )
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
