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
  /** The request that arrived last, answered or not. */
  lastRequest?: IncomingMessage
  /** How many requests of it are in flight. */
  ahead?: number
  /** Whom its requests are counted to; undefined where it is a proxy's. */
  client?: string
}

/** Whose bound is reached. */
export type Full = 'everybody' | 'client'

/**
 * Requests that were not answered in the tick in which they came, until their answer has left or their client has: who
 * takes no answer keeps its place, and none of others.
 */
export function createPool(bounds: { max: number; maxPerClient: number }) {
  let count = 0
  const clients = crowd(bounds.maxPerClient)
  return {
    get count() {
      return count
    },

    /** Is there no place for a request of this client, and why not? Undefined clients take nobody's share. */
    full: (client: string | undefined): Full | undefined => {
      if (count >= bounds.max) return 'everybody'
      return client !== undefined && clients.isFull(client) ? 'client' : undefined
    },

    enter: (client: string | undefined): (() => void) => {
      const leave = client === undefined ? undefined : clients.enter(client)
      count += 1
      return () => {
        count -= 1
        leave?.()
      }
    },
  }
}

interface BodyBounds {
  /** Requests that may owe a body at once. */
  max: number
  /** The time in which a body must arrive, or at least `minBytes` of a larger one. */
  maxMs: number
  minBytes: number
}

/** How much of a body had arrived at the beginning of the current period. */
interface Progress {
  atMs: number
  bytes: number
}

/**
 * Requests whose body has not arrived in full, oldest first. A client that sends half of a body costs nothing to keep
 * up, so that these requests must not hold the places of others: beyond `max` the oldest is dropped.
 */
export function createBodyPool(bounds: BodyBounds, drop: (res: ServerResponse) => void) {
  const owing = new Map<ServerResponse, Progress | undefined>()
  const dropRequest = (res: ServerResponse) => {
    owing.delete(res)
    drop(res)
  }
  // Whether a body is complete is known only after the tick of its headers, and there is no event for it.
  const removeComplete = () => {
    for (const res of owing.keys()) if (res.req.complete) owing.delete(res)
  }

  const isTooSlow = (res: ServerResponse, progress: Progress | undefined, nowMs: number): boolean => {
    const { bytesRead } = res.req.socket
    if (progress && nowMs - progress.atMs < bounds.maxMs) return false
    if (progress && bytesRead - progress.bytes < bounds.minBytes) return true
    owing.set(res, { atMs: nowMs, bytes: bytesRead })
    return false
  }

  return {
    enter: (res: ServerResponse): void => {
      if (owing.size >= bounds.max) removeComplete()
      const [oldest] = owing.size >= bounds.max ? owing.keys() : []
      if (oldest) dropRequest(oldest)
      owing.set(res, undefined)
    },
    leave: (res: ServerResponse): void => void owing.delete(res),
    /** To be called several times within `maxMs`. */
    dropSlow: (nowMs: number): void => {
      removeComplete()
      for (const [res, progress] of owing) if (isTooSlow(res, progress, nowMs)) dropRequest(res)
    },
  }
}

/** A request without Content-Length and Transfer-Encoding has no body (RFC 9112 §6.3). */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
