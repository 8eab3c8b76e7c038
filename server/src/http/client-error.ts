import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ProblemCode, problems } from '../kernel/problems.ts'
import type { Connection } from './in-flight.ts'
import { lingerAndClose } from './lingering-close.ts'
import { problemBody } from './reply.ts'

const codes: Record<string, ProblemCode> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'payload_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
}

/** Connections whose last answer was given; what the parser makes of the bytes behind it gets no second one. */
export const answered = new WeakSet<Duplex>()

/** Answers a connection on which there is no response to answer with, and ends it. */
export function answerByHand(socket: Duplex, code: ProblemCode): void {
  answered.add(socket)
  const { status } = problems[code]
  const requestId = crypto.randomUUID()
  const body = JSON.stringify(problemBody(code, requestId))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  // A client that leaves its half open, or reads nothing, must not keep the connection.
  if (socket.writableNeedDrain) socket.destroy()
  else lingerAndClose(socket as Socket)
}

/** Does the fault belong to the request that is waited for? Requests before it would take its answer for theirs. */
function isOwnFault({ ahead = 0, latest }: Connection): boolean {
  return ahead === 0 || (ahead === 1 && latest?.req.complete === false && !latest.headersSent)
}

/** What is no HTTP, or comes too slowly, is answered by hand and the connection ended: there is no request to answer. */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  turnedAway: (why: 'slow' | 'unreadable') => void,
): void {
  if (answered.has(socket)) return
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const code = codes[error.code ?? ''] ?? 'bad_request'
  turnedAway(code === 'request_timeout' ? 'slow' : 'unreadable')
  if (isOwnFault(socket as Connection)) answerByHand(socket, code)
  else socket.destroy()
}
