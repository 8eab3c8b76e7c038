import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, Server as NetServer } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Logger } from 'pino'
import { asking } from '../db/asking.ts'
import { refuse } from '../kernel/result.ts'
import { answersWith } from './answer-headers.ts'
import { willAnswer } from './answering.ts'
import { clientOf } from './client-address.ts'
import { answerClientError } from './client-error.ts'
import { crowd } from './crowd.ts'
import { type Door, sendProblem, streaming } from './door.ts'
import { isOdd, refuseOdd } from './framing.ts'
import { buildInFlight, type Connection, type Full } from './in-flight.ts'
import type { Incoming } from './incoming.ts'
import type { Metrics } from './metrics.ts'
import { problemReply } from './reply.ts'
import { safePath } from './safe-path.ts'
import { allOf } from './target.ts'

/** Every bound on what a client may take of us. Times in milliseconds. */
export interface Limits {
  maxHeaderBytes: number
  headersMs: number
  requestMs: number
  /** Longer than proxies keep idle connections (60 s as a rule), so that they close first and no request is lost. */
  keepAliveMs: number
  /** A connection on which nothing moves, in either direction. */
  silenceMs: number
  /** How often the times above are looked after. */
  checkMs: number
  maxConnections: number
  /** Of these, one address's that is no trusted proxy's; an IPv6 /64 counts as one. */
  maxConnectionsPerClient: number
  maxInFlight: number
  /** Of these, one address's, counted as its connections are. A proxy's clients are counted each by itself. */
  maxInFlightPerClient: number
  /** Of these, one connection's: requests that are sent before the answers to earlier ones (RFC 9112 §9.3.2). */
  maxAhead: number
}

const usual: Limits = {
  maxHeaderBytes: 32 * 1024,
  headersMs: 15_000,
  requestMs: 30_000,
  keepAliveMs: 65_000,
  silenceMs: 120_000,
  checkMs: 5_000,
  maxConnections: 10_000,
  maxConnectionsPerClient: 2_000,
  maxInFlight: 2_000,
  maxInFlightPerClient: 500,
  maxAhead: 20,
}

export interface ServerOptions {
  /** Asked in this order before the router. */
  doors: readonly Door[]
  router: (request: Request) => Response | Promise<Response>
  incoming: Incoming
  metrics: Pick<Metrics, 'routed' | 'turnedAway' | 'limited'>
  log: Pick<Logger, 'info' | 'error'>
  /** What people type begins with https: (HSTS). */
  https?: boolean
  /** A stop was asked for: streams are told and ended. */
  onStop?: () => void
  limits?: Partial<Limits>
}

interface StopTimes {
  announceMs: number
  idleMs?: number
  deadlineMs: number
}

export interface HttpServer {
  listen: (port: number, host: string) => Promise<number>
  /** True from the moment that a stop was asked for: readiness drops. */
  readonly stopping: boolean
  /** Requests that have not been answered in full. */
  readonly inFlight: number
  /**
   * For `announceMs` all goes on, but for readiness. Then no connection is taken any more, and each answer closes its
   * own. One that is idle is left for `idleMs`, since a request may be on its way on it. `deadlineMs` bounds all of it.
   */
  stop: (times?: StopTimes) => Promise<void>
}

function bounded(server: Server, limits: Limits): void {
  server.headersTimeout = limits.headersMs
  server.requestTimeout = limits.requestMs
  server.keepAliveTimeout = limits.keepAliveMs
  server.timeout = limits.silenceMs
  server.maxConnections = limits.maxConnections
  // The bound is the size of the headers: beyond a count node drops headers silently, a second credential among them.
  server.maxHeadersCount = 0
}

/** The router behind a node server; what cannot even become a Request is a problem like all others. */
function routerListener({ router, log }: ServerOptions) {
  // Only a request that cannot be made gets that far, and that is told before `listener` returns.
  let requestId = ''
  const listener = getRequestListener(
    (request, { outgoing }) => {
      willAnswer(request, outgoing as ServerResponse)
      return router(request)
    },
    {
      overrideGlobalObjects: false,
      errorHandler: (error) => {
        const broken = error instanceof Error && error.name === 'RequestError'
        if (!broken) log.error({ err: error }, 'the router threw')
        return problemReply(broken ? 'bad_request' : 'internal', requestId)
      },
    },
  )
  return (req: IncomingMessage, res: ServerResponse, id: string) => {
    requestId = id
    void listener(req, res)
  }
}

const routeClass = (path: string) => /^\/(api\/auth|api\/v1|assets)\//.exec(path)?.[1] ?? 'other'

/** One line per request that the router answers; the gate is told by metrics alone. */
function observe(options: ServerOptions, req: IncomingMessage, res: ServerResponse, requestId: string): void {
  const startedAt = performance.now()
  const path = (req.url ?? '').replace(/\?.*$/s, '')
  res.once('close', () => {
    const ms = performance.now() - startedAt
    options.metrics.routed(routeClass(path), res.statusCode, ms / 1000)
    const facts = { requestId, method: req.method, path: safePath(path), status: res.statusCode, ms: Math.round(ms) }
    options.log.info(facts, 'request')
  })
}

/** A request with the id that it was given and whom it is counted to. */
interface Arrived {
  req: IncomingMessage
  res: ServerResponse
  requestId: string
  who: string | undefined
}

/** A flood must not hide from whoever watches, nor a probe end a process for it. Each is cheap, or wants a resource key. */
const watches = (req: IncomingMessage) => /^\/(?:healthz|readyz|metrics)(?:\?|$)/.test(req.url ?? '')

const asksGate = (req: IncomingMessage) => /^\/(?:oauth2\/introspect|forward-auth)(?:[/?]|$)/.test(req.url ?? '')

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref())

export function createHttpServer(options: ServerOptions): HttpServer {
  const limits = { ...usual, ...options.limits }
  const route = routerListener(options)
  const inFlight = buildInFlight(limits, options.incoming.clientBehind)
  let stopping = false
  let closing = false
  const connections = new Set<Connection>()
  const addresses = crowd(limits.maxConnectionsPerClient)

  const turnAway = (full: Full, { req, res, requestId }: Arrived) => {
    if (full === 'client') {
      options.metrics.limited('in_flight_from')
      // The gate's callers know three refusals (N2); proxies would make a fault of any other.
      const code = asksGate(req) ? 'unavailable' : 'too_many_requests'
      const refusal = refuse(code, { detail: 'Too many requests from your address at once.' })
      return sendProblem(res, requestId, refusal, { 'Retry-After': '1' })
    }
    options.metrics.turnedAway('in_flight')
    // Whoever does not wait for answers would not read this one either; what is left of its bytes is nobody's.
    if (full === 'connection') return void req.socket.destroy()
    sendProblem(res, requestId, refuse('unavailable', { detail: 'Too many requests at once.' }), {})
  }

  const askDoors = ({ req, res, requestId }: Arrived): boolean => {
    for (const door of options.doors) if (door(req, res, requestId)) return true
    return false
  }

  const answer = (it: Arrived) => {
    const { req, res, requestId, who = '' } = it
    if (isOdd(req)) return refuseOdd(req, res, requestId)
    if (asking.run({ flow: 'gate', source: who }, askDoors, it)) return
    if (allOf(req, 'host').length > 1) return sendProblem(res, requestId, refuse('bad_request'), {})
    observe(options, req, res, requestId)
    options.incoming.prepare(req, requestId)
    res.setHeader('X-Request-Id', requestId)
    route(req, res, requestId)
  }

  const onRequest = (req: IncomingMessage, res: ServerResponse) => {
    if (req.socket.destroyed) return
    if (closing) res.setHeader('Connection', 'close')
    const who = inFlight.whoOf(req)
    const it: Arrived = { req, res, requestId: options.incoming.requestId(req), who }
    const full = inFlight.full(req, who)
    if (full && (full === 'connection' || !watches(req))) return turnAway(full, it)
    answer(it)
    // Answered in the same tick, as the gate does from memory: there is nothing to keep count of.
    if (res.writableEnded || streaming.has(res)) return
    inFlight.enter(req.socket, res, who)
  }

  // Node's own answers to a missing Host and an unknown Expect would be no problems and bear no request id.
  const server = createServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      connectionsCheckingInterval: limits.checkMs,
      noDelay: true,
      requireHostHeader: false,
      ServerResponse: answersWith(options.https ?? false),
    },
    onRequest,
  )
  server.on('checkExpectation', onRequest)
  bounded(server, limits)
  const { turnedAway } = options.metrics
  server.on('clientError', (error, socket) => answerClientError(error, socket, turnedAway))
  server.on('drop', () => turnedAway('connections'))
  server.on('connection', (socket: Connection) => {
    if (!options.incoming.isProxy(socket)) socket.client = clientOf(socket.remoteAddress ?? null)
    const leave = socket.client === undefined ? () => undefined : addresses.enter(socket.client)
    if (!leave) {
      turnedAway('connections_from')
      socket.destroy()
      return
    }
    connections.add(socket)
    socket.once('close', () => {
      connections.delete(socket)
      leave()
    })
  })

  return {
    get stopping() {
      return stopping
    },
    get inFlight() {
      return inFlight.count
    },
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
      }),
    stop: async ({ announceMs, idleMs = 0, deadlineMs } = { announceMs: 1_000, idleMs: 1_000, deadlineMs: 9_000 }) => {
      stopping = true
      options.onStop?.()
      // Until the port is closed connections are kept: proxies would open new ones for the requests that follow, and
      // what the kernel took and nobody accepted yet is reset with the port, along with writes that no proxy may repeat.
      await delay(announceMs)
      const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()))
      closing = true
      for (const { latest: res } of connections) if (res && !res.headersSent) res.setHeader('Connection', 'close')
      await Promise.race([closed, delay(idleMs)])
      // HTTP's own close, which ends what is idle; the port is closed already, which it would complain of.
      server.close(() => undefined)
      const sweep = setInterval(() => server.closeIdleConnections(), 50)
      await Promise.race([closed, delay(deadlineMs - announceMs - idleMs)])
      clearInterval(sweep)
      server.closeAllConnections()
    },
  }
}
