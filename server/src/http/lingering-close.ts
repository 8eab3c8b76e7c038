import type { Socket } from 'node:net'
import type { Connection } from './in-flight.ts'

export interface LingerBounds {
  /** How long a client may go on sending after the last answer. */
  maxMs: number
  /** How much it may send. */
  maxBytes: number
}

/** A proxy sends what it has buffered within milliseconds; beyond, nobody reads the answer anyway. */
export const lingerBounds: LingerBounds = { maxMs: 2_000, maxBytes: 32 * 1024 * 1024 }

const isRequestComplete = ({ lastRequest }: Connection): boolean => lastRequest === undefined || lastRequest.complete

/**
 * Ends our side of a connection, and reads and discards what the client still sends, within bounds. A connection that is
 * closed while unread bytes arrive is reset, and the reset deletes an answer that the client has not read yet: nginx then
 * makes 502 of it (RFC 9112 §9.6).
 */
export function lingerAndClose(socket: Socket, bounds: LingerBounds = lingerBounds): void {
  if (socket.writable) socket.end()
  const lastByte = socket.bytesRead + bounds.maxBytes
  const timer = setTimeout(() => socket.destroy(), bounds.maxMs).unref()
  const destroyWhenDone = () => {
    if (socket.bytesRead > lastByte) socket.destroy()
  }
  // The listener also makes node hand the bytes over to JavaScript, where they can be counted.
  socket.on('data', destroyWhenDone)
  socket.once('end', () => socket.destroy())
  socket.once('error', () => socket.destroy())
  socket.once('close', () => clearTimeout(timer))
  socket.resume()
}

/**
 * Node closes a connection at once after its last answer, also in the middle of a request body. Replaces that on this
 * connection where bytes of the request are still to come.
 */
export function lingerOnEarlyAnswers(socket: Connection): void {
  const { destroySoon } = socket
  socket.destroySoon = () => {
    if (isRequestComplete(socket)) destroySoon.call(socket)
    else lingerAndClose(socket)
  }
}
