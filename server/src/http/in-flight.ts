import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { crowd } from './crowd.ts'

/**
 * What is counted of a connection hangs on the connection: a map of sockets would cost every request more than its
 * look-up in memory does.
 */
export interface Connection extends Socket {
  /** The response that it waits for. */
  latest?: ServerResponse
  /** How many requests of it are in flight. */
  ahead?: number
  /** Whom its requests are counted to; undefined where it is a proxy's. */
  client?: string
}

interface Bounds {
  maxInFlight: number
  maxInFlightPerClient: number
  maxAhead: number
}

/** Whose bound is reached. */
export type Full = 'everybody' | 'client' | 'connection'

/**
 * Requests that were not answered in the tick in which they came, until their answer has left or their client has: who
 * takes no answer keeps its place, and none of others.
 */
export function buildInFlight(bounds: Bounds, clientBehind: (req: IncomingMessage) => string | undefined) {
  let all = 0
  const clients = crowd(bounds.maxInFlightPerClient)
  return {
    get count() {
      return all
    },

    /** Whom a request is counted to, told by the headers with which it came; undefined: nobody's share is taken. */
    whoOf: (req: IncomingMessage) => (req.socket as Connection).client ?? clientBehind(req),

    /** Is there no place for this request, and why not? */
    full: ({ socket }: IncomingMessage, who: string | undefined): Full | undefined => {
      if (((socket as Connection).ahead ?? 0) >= bounds.maxAhead) return 'connection'
      if (all >= bounds.maxInFlight) return 'everybody'
      return who !== undefined && clients.isFull(who) ? 'client' : undefined
    },

    enter: (socket: Connection, res: ServerResponse, who: string | undefined): void => {
      const leave = who === undefined ? undefined : clients.enter(who)
      all += 1
      socket.ahead = (socket.ahead ?? 0) + 1
      socket.latest = res
      res.on('close', () => {
        all -= 1
        socket.ahead = (socket.ahead ?? 1) - 1
        leave?.()
      })
    },
  }
}
