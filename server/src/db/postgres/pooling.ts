import { Client } from 'pg'
import { connection, tearDown } from './connect.ts'

/** A pooler that gives a connection of the server to a client for one transaction only. */
export class TransactionPoolingError extends Error {
  readonly code = 'TRANSACTION_POOLING'

  constructor() {
    super(
      'the address of the database leads to a pooler in transaction mode, behind which settings and roles of one client ' +
        'reach another; use session mode, or go past the pooler',
    )
  }
}

const rounds = 3
const timeoutMs = 5000

const backendOf = async (client: Client): Promise<number> =>
  (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid ?? 0

/**
 * Refuses an address behind which one client's session is not its own. In session mode a client keeps one server process,
 * and no other client gets it. In transaction mode an idle client has none: the other one, inside a transaction, takes
 * the process that the first just used, or the first gets another one next time. Nothing is set on any connection before
 * this is known, since through a shared pooler it would reach other applications.
 */
export async function refuseTransactionPooling(url: string): Promise<void> {
  const clients = [
    new Client(connection(url, 'portcullis check')),
    new Client(connection(url, 'portcullis check')),
  ] as const
  const [idle, busy] = clients
  for (const client of clients) client.on('error', () => undefined)
  const late = setTimeout(() => clients.forEach(tearDown), timeoutMs)
  try {
    await Promise.all(clients.map((client) => client.connect()))
    const own = await backendOf(idle)
    for (let round = 0; round < rounds; round += 1) {
      await busy.query('begin')
      if ((await backendOf(busy)) === own || (await backendOf(idle)) !== own) throw new TransactionPoolingError()
      await busy.query('commit')
    }
  } finally {
    clearTimeout(late)
    // What is still open inside the transaction goes with the connection.
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)))
  }
}
