import type { ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'
import { checksumOf, tokenPattern } from '../features/tokens/rules.ts'
import type { Instance } from '../kernel/deps.ts'
import { refuse } from '../kernel/result.ts'
import { authorizationOf, type KnowsKey, keyChallenge } from './credentials.ts'
import { type Door, sendProblem } from './door.ts'
import { targetOf } from './target.ts'

export interface HealthOptions {
  /** What this process waits for before it may take requests; nothing when it may. */
  waitsFor: () => readonly string[]
  registry: Registry
  knowsKey: KnowsKey
  instance: Instance
}

type Page = Parameters<Door>

function send(res: ServerResponse, requestId: string, contentType: string, body: string, cacheControl: string): void {
  res.writeHead(200, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': cacheControl,
    'X-Request-Id': requestId,
  })
  res.end(body)
}

const sendJson = (res: ServerResponse, requestId: string, value: unknown, cacheControl = 'no-store') =>
  send(res, requestId, 'application/json', JSON.stringify(value), cacheControl)

const readiness =
  ({ waitsFor }: HealthOptions) =>
  (...[, res, requestId]: Page) => {
    const missing = waitsFor()
    if (missing.length === 0) return sendJson(res, requestId, { status: 'ready' })
    const detail = `Waits for: ${missing.join(', ')}.`
    sendProblem(res, requestId, refuse('unavailable', { detail }), {}, { waitsFor: missing })
  }

const metricsPage =
  ({ registry, knowsKey }: HealthOptions) =>
  async (...[req, res, requestId]: Page) => {
    const caller = authorizationOf(req)
    if (!caller.ok) return sendProblem(res, requestId, caller, {})
    if (!knowsKey(caller.value)) {
      const refusal = refuse('unauthenticated', { detail: 'Send a resource key.' })
      return sendProblem(res, requestId, refusal, { 'WWW-Authenticate': keyChallenge(caller.value) })
    }
    send(res, requestId, registry.contentType, await registry.metrics(), 'no-store')
  }

const published = 'public, max-age=3600'

/** RFC 9728 §2 for our own API. Authorization servers are left out, since issuers belong to organizations. */
const protectedResource = ({ publicUrl, productName }: Instance, path = '') => ({
  resource: publicUrl + path,
  resource_name: `${productName} organization settings (Portcullis)`,
  resource_documentation: `${publicUrl}/docs`,
  bearer_methods_supported: ['header'],
})

const exampleBody = `pcu_${'0'.repeat(43)}`

/** T9, for leak scanners. The example is well-formed and was never given out. */
const tokenFormat = {
  pattern: tokenPattern,
  prefixes: { pcu_: "a member's token", pcs_: "a service account's token" },
  checksum: {
    algorithm: 'CRC-32 (ISO-HDLC, as in zlib)',
    over: 'every character before the last six',
    encoding: 'base62, six digits, most significant first, padded with 0',
    alphabet: '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
  },
  example: exampleBody + checksumOf(exampleBody),
}

/** What operators, proxies, scanners and clients ask without being anybody (metrics want the resource key). */
export function healthDoor(options: HealthOptions, failed: (error: unknown, requestId: string) => void): Door {
  const pages: Record<string, (...page: Page) => void | Promise<void>> = {
    '/healthz': (_req, res, requestId) => sendJson(res, requestId, { status: 'alive' }),
    '/readyz': readiness(options),
    '/metrics': metricsPage(options),
    '/.well-known/oauth-protected-resource': (_req, res, requestId) =>
      sendJson(res, requestId, protectedResource(options.instance), published),
    // RFC 9728 §3.1: a client that knows the resource by its path inserts the well-known part before it.
    '/.well-known/oauth-protected-resource/api/v1': (_req, res, requestId) =>
      sendJson(res, requestId, protectedResource(options.instance, '/api/v1'), published),
    '/.well-known/portcullis-token-pattern': (_req, res, requestId) => sendJson(res, requestId, tokenFormat, published),
  }
  return (req, res, requestId) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return false
    const { path } = targetOf(req)
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined
    if (!page) return false
    Promise.resolve(page(req, res, requestId)).catch((error: unknown) => {
      failed(error, requestId)
      if (!res.headersSent) sendProblem(res, requestId, refuse('internal'), {})
    })
    return true
  }
}
