import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, Server as NetServer } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Logger } from 'pino'
import { asking } from '../db/asking.ts'
import { refuse } from '../kernel/result.ts'
import { type Answer, answersWith } from './answer-headers.ts'
import { willAnswer } from './answering.ts'
import { clientOf } from './client-address.ts'
import { answerByHand, answerClientError } from './client-error.ts'
import { crowd } from './crowd.ts'
import { type Door, sendProblem, streaming } from './door.ts'
import { isFaulty, refuseFaulty } from './framing.ts'
import { type Connection, createBodyPool, createPool, type Full, hasBody } from './in-flight.ts'
import type { Incoming } from './incoming.ts'
import { lingerOnEarlyAnswers } from './lingering-close.ts'
import type { Metrics } from './metrics.ts'
import { problemReply } from './reply.ts'
import { safePath } from './safe-path.ts'
import { type Limits, usualLimits } from './server-limits.ts'
import { isPlainPath, targetOf, toOriginForm } from './target.ts'
import { createUnreadAnswers } from './unread-answers.ts'

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
  /** Bytes of answers that wait for their clients to read them. */
  readonly unreadBytes: number
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
  /** Set where there is no place for it: it is answered from memory or not at all, and a refusal is counted by this. */
  noPlace: (() => void) | undefined
}

/** A flood must not hide from whoever watches, nor a probe end a process for it. Each is cheap, or wants a resource key. */
const watches = (req: IncomingMessage) => /^\/(?:healthz|readyz|metrics)(?:\?|$)/.test(req.url ?? '')

/** What verifies tokens, and the verifiers that hosts embed: no flood of other requests takes their places. */
const verifies = (req: IncomingMessage) =>
  /^\/(?:oauth2\/introspect|forward-auth|v1\/(?:head|changes|usage))(?:[/?]|$)/.test(req.url ?? '')

/** A path that no route has. */
const noAddress = '/-'

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref())

export function createHttpServer(options: ServerOptions): HttpServer {
  const limits = { ...usualLimits, ...options.limits }
  const route = routerListener(options)
  const places = { max: limits.maxInFlight, maxPerClient: limits.maxInFlightPerClient }
  const [routing, verifying] = [createPool(places), createPool(places)]
  const { turnedAway } = options.metrics
  let stopping = false
  let closing = false
  const connections = new Set<Connection>()
  const addresses = crowd(limits.maxConnectionsPerClient)
  const unread = createUnreadAnswers(
    { maxPerConnection: limits.maxUnreadBytes, maxInAll: limits.maxUnreadBytesInAll },
    () => turnedAway('unread'),
  )
  const bodies = createBodyPool(
    { max: limits.maxOwingBody, maxMs: limits.bodyMs, minBytes: limits.minBodyBytes },
    (res) => {
      turnedAway('slow')
      // Behind other requests of its connection this answer would be taken for theirs.
      if (res.headersSent || res.socket === null) res.req.socket.destroy()
      else answerByHand(res.req.socket, 'request_timeout')
    },
  )
  const slowBodies = setInterval(() => bodies.dropSlow(performance.now()), limits.bodyMs / 10).unref()

  const count = (full: Full) =>
    full === 'client' ? options.metrics.limited('in_flight_from') : turnedAway('in_flight')

  const turnAway = (full: Full, res: ServerResponse, requestId: string) => {
    count(full)
    if (full === 'everybody')
      return sendProblem(res, requestId, refuse('unavailable', { detail: 'Too many requests at once.' }), {})
    const refusal = refuse('too_many_requests', { detail: 'Too many requests from your address at once.' })
    sendProblem(res, requestId, refusal, { 'Retry-After': '1' })
  }

  const askDoors = ({ req, res, requestId, noPlace }: Arrived): boolean => {
    for (const door of options.doors) if (door(req, res, requestId, noPlace)) return true
    return false
  }

  const answer = (it: Arrived) => {
    const { req, res, requestId, who = '' } = it
    if (asking.run({ flow: 'gate', source: who }, askDoors, it)) return
    observe(options, req, res, requestId)
    // The router normalizes and decodes paths. What that would change is no address of ours, whatever it would become.
    if (!isPlainPath(targetOf(req).path)) req.url = noAddress
    options.incoming.prepare(req, requestId)
    res.setHeader('X-Request-Id', requestId)
    route(req, res, requestId)
  }

  /** Counts a request that was not answered in the tick in which it came. */
  const enter = ({ req, res, who }: Arrived, pool: typeof routing) => {
    const socket = req.socket as Connection
    const leave = pool.enter(who)
    if (hasBody(req)) bodies.enter(res)
    socket.ahead = (socket.ahead ?? 0) + 1
    socket.latest = res
    res.on('close', () => {
      socket.ahead = (socket.ahead ?? 1) - 1
      bodies.leave(res)
      leave()
    })
  }

  const watchUnread = (res: Answer) => {
    res.onUnread = unread.update
    if (res.writableEnded) unread.update(res)
    res.on('close', () => unread.remove(res))
  }

  const onRequest = (req: IncomingMessage, res: ServerResponse) => {
    const socket = req.socket as Connection
    const { ahead = 0, client, destroyed } = socket
    if (destroyed) return
    socket.lastRequest = req
    if (closing) res.setHeader('Connection', 'close')
    const requestId = options.incoming.requestId(req)
    if (isFaulty(req) || !toOriginForm(req)) return refuseFaulty(req, res, requestId)
    const forTokens = verifies(req)
    if (ahead >= (forTokens ? limits.maxAhead : limits.maxAheadAtRouter)) {
      // Whoever does not wait for answers would not read this one either; what is left of its bytes is nobody's.
      turnedAway('in_flight')
      return void req.socket.destroy()
    }
    const pool = forTokens ? verifying : routing
    const who = client ?? options.incoming.clientBehind(req)
    const full = watches(req) ? undefined : pool.full(who)
    if (full && !forTokens) return turnAway(full, res, requestId)
    const it: Arrived = { req, res, requestId, who, noPlace: full && (() => count(full)) }
    answer(it)
    if (streaming.has(res) || res.writableFinished) return
    // Answered in the same tick, as the gate does from memory: there is nothing to keep count of but what is unread.
    if (!res.writableEnded) enter(it, pool)
    watchUnread(res)
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
  server.on('clientError', (error, socket) => answerClientError(error, socket, turnedAway))
  // No proxy that tunnels; node would end the connection without an answer.
  server.on('connect', (_req, socket) => answerByHand(socket, 'not_found'))
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
    lingerOnEarlyAnswers(socket)
    socket.once('close', () => {
      connections.delete(socket)
      unread.removeConnection(socket)
      leave()
    })
  })

  return {
    get stopping() {
      return stopping
    },
    get inFlight() {
      return routing.count + verifying.count
    },
    get unreadBytes() {
      return unread.bytes
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
      clearInterval(slowBodies)
      server.closeAllConnections()
    },
  }
}
