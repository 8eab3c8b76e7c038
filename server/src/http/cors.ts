import type { ServerResponse } from 'node:http'
import type { Door } from './door.ts'
import { targetOf } from './target.ts'

/**
 * What pages of other origins may call: the management API with a token, and the public documents. Not sign-in, nor what
 * takes a resource key, which must never be in a browser.
 */
const sharedPaths = /^\/(?:api\/v1\/|\.well-known\/|openapi\.json$)/

const allowedMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const requestHeaders = ['Authorization', 'Content-Type', 'If-Match', 'If-None-Match', 'IB-Context', 'X-API-Key']
const allowedHeaders = requestHeaders.join(', ')
const exposedHeaders = 'Content-Disposition, ETag, Retry-After, WWW-Authenticate, X-Request-Id'
/** Seconds. Browsers keep a preflight for at most two hours. */
const maxAge = '7200'

function sendPreflight(res: ServerResponse, requestId: string): void {
  res.writeHead(204, {
    'Access-Control-Allow-Methods': allowedMethods,
    'Access-Control-Allow-Headers': allowedHeaders,
    'Access-Control-Max-Age': maxAge,
    'Cache-Control': 'no-store',
    'X-Request-Id': requestId,
  })
  res.end()
}

/**
 * Lets pages of the configured origins call the API (Fetch §3.3), and answers their preflights. Credentials are never
 * allowed: cookies belong to the console, and a page must bring a token, which no browser adds by itself.
 */
export function createCorsHandler(origins: readonly string[]): Door {
  const allowed = new Set(origins)
  const isPublic = allowed.has('*')
  return (req, res, requestId) => {
    const { origin } = req.headers
    if (origin === undefined || allowed.size === 0 || !sharedPaths.test(targetOf(req).path)) return false
    if (!isPublic) res.setHeader('Vary', 'Origin')
    if (!isPublic && !allowed.has(origin)) return false
    res.setHeader('Access-Control-Allow-Origin', isPublic ? '*' : origin)
    res.setHeader('Access-Control-Expose-Headers', exposedHeaders)
    if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) return false
    sendPreflight(res, requestId)
    return true
  }
}
