import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Answer } from './answer-headers.ts'

/** What the objects of an answer that waits take beside its bytes, roughly. */
const overheadBytes = 4096

/**
 * The bytes of answers that their clients have not read. A client that asks and does not read makes us keep them, so they
 * are bounded for each connection and for the process; beyond the latter the connection that waits longest is ended.
 */
export function createUnreadAnswers(bounds: { maxPerConnection: number; maxInAll: number }, dropped: () => void) {
  const unread = new Map<Socket, number>()
  let total = 0

  const removeConnection = (connection: Socket) => {
    total -= unread.get(connection) ?? 0
    unread.delete(connection)
  }

  const drop = (connection: Socket) => {
    removeConnection(connection)
    dropped()
    connection.destroy()
  }

  const set = (answer: Answer, bytes: number) => {
    const { socket } = answer.req
    const more = bytes - (answer.unreadBytes ?? 0)
    const before = unread.get(socket)
    // What is dropped was subtracted as a whole, and nothing is added to a connection that has ended.
    if (more === 0 || (more > 0 ? socket.destroyed : before === undefined)) return
    answer.unreadBytes = bytes
    const ofConnection = (before ?? 0) + more
    total += more
    if (ofConnection > 0) unread.set(socket, ofConnection)
    else unread.delete(socket)
    // An answer alone is as large as it is, and its client may be about to read it.
    if (more > 0 && before !== undefined && ofConnection > bounds.maxPerConnection) drop(socket)
    for (const [oldest] of unread) {
      if (total <= bounds.maxInAll) break
      drop(oldest)
    }
  }

  return {
    update: (res: ServerResponse): void => set(res, res.writableLength === 0 ? 0 : res.writableLength + overheadBytes),
    remove: (res: ServerResponse): void => set(res, 0),
    /** To be called for each connection that ends: answers that wait behind others do not tell. */
    removeConnection,
    get bytes(): number {
      return total
    },
  }
}
