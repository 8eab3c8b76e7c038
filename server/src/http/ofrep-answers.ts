import type { ServerResponse } from 'node:http'
import type { WireText } from '../features/evaluation/actions.ts'
import { streaming } from './door.ts'

/** The errors that OFREP knows and that we have a use for. */
export type ErrorCode = 'PARSE_ERROR' | 'INVALID_CONTEXT' | 'FLAG_NOT_FOUND' | 'GENERAL'

/** A refusal in the protocol's own form. Clients read the body of 400, 404 and 500, and throw where they miss `errorCode`. */
export interface OfrepRefusal {
  ok: false
  status: 400 | 401 | 403 | 404 | 405 | 500 | 503
  errorCode: ErrorCode
  errorDetails: string
  headers?: Record<string, string>
}

export const general = (
  status: OfrepRefusal['status'],
  errorDetails: string,
  headers: Record<string, string> = {},
): OfrepRefusal => ({ ok: false, status, errorCode: 'GENERAL', errorDetails, headers })

export const unreadable = (errorDetails: string): OfrepRefusal => ({
  ok: false,
  status: 400,
  errorCode: 'PARSE_ERROR',
  errorDetails,
})

export const invalidContext = (errorDetails: string): OfrepRefusal => ({
  ok: false,
  status: 400,
  errorCode: 'INVALID_CONTEXT',
  errorDetails,
})

/** `Retry-After` in seconds, always: clients read a date wrongly, and without it they do not wait. */
export const unavailable = (errorDetails: string, retryAfterSeconds = 1): OfrepRefusal =>
  general(503, errorDetails, { 'Retry-After': String(retryAfterSeconds) })

/**
 * Pages of any origin may ask, since they must bring a credential that no browser adds by itself: with `*`, browsers
 * show them no answer to a request that carried a cookie (Fetch §3.3.5).
 */
const shared = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'ETag, Retry-After' }

export function sendOfrepRefusal(res: ServerResponse, requestId: string, it: OfrepRefusal, key?: string): void {
  const { status, errorCode, errorDetails, headers } = it
  const body = JSON.stringify({ ...(key !== undefined && { key }), errorCode, errorDetails })
  res.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Request-Id': requestId,
    ...shared,
    ...headers,
  })
  res.end(body)
}

export function sendFlags(res: ServerResponse, requestId: string, body: WireText, etag?: string): void {
  res.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Request-Id': requestId,
    ...(etag !== undefined && { ETag: etag }),
    ...shared,
  })
  res.end(body, 'latin1')
}

/** No framework's automatic 304 does this: the question is a POST. */
export function sendNotModified(res: ServerResponse, requestId: string, etag: string): void {
  res.writeHead(304, { 'Cache-Control': 'no-store', 'X-Request-Id': requestId, ETag: etag, ...shared })
  res.end()
}

const allowedHeaders = 'Content-Type, Authorization, X-API-Key, If-None-Match, IB-Context, Last-Event-ID'

/** The preflight of any path below /ofrep (Fetch §4.8); other uses of OPTIONS learn the methods as well. */
export function sendPreflight(res: ServerResponse, requestId: string, methods: string): void {
  res.writeHead(204, {
    Allow: methods,
    'Access-Control-Allow-Methods': methods,
    'Access-Control-Allow-Headers': allowedHeaders,
    'Access-Control-Max-Age': '7200',
    'X-Request-Id': requestId,
    ...shared,
  })
  res.end()
}

/** Starts Server-Sent Events; proxies are told not to hold them back. */
export function startEvents(res: ServerResponse, requestId: string): void {
  streaming.add(res)
  res.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
    'X-Request-Id': requestId,
    ...shared,
  })
}
