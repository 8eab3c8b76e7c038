import { createConnection } from 'node:net'
import type { Client } from 'pg'

/** The protocol's number for a cancel request, where a start-up message has its version. */
const cancelRequest = 80_877_102
const timeoutMs = 1000

/**
 * Cancels what a connection waits for on the server, by a request of its own (PostgreSQL's protocol, "Canceling Requests
 * in Progress"). It goes to whatever server the address leads to, where the key fits that one connection only. Nothing is
 * awaited: the connection is given up in any case.
 */
export function cancelQuery(client: Client): void {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number }
  const request = Buffer.alloc(16)
  for (const [index, value] of [16, cancelRequest, processID, secretKey].entries())
    request.writeInt32BE(value, index * 4)
  const socket = createConnection(
    client.host.startsWith('/')
      ? { path: `${client.host}/.s.PGSQL.${client.port}` }
      : { host: client.host, port: client.port },
  )
  socket.setTimeout(timeoutMs, () => socket.destroy())
  socket.on('error', () => undefined)
  socket.end(request)
}
