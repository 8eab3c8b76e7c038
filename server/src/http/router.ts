import { Hono, type MiddlewareHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import type { Logger } from 'pino'
import { asking } from '../db/asking.ts'
import { isDatabaseAway } from '../db/away.ts'
import { Overload } from '../db/fair-queue.ts'
import { hsts } from './answer-headers.ts'
import { onceTaken } from './answering.ts'
import { type Env, type Kit, mount } from './app.ts'
import { clientOf } from './client-address.ts'
import { crowd, mostAtOnce } from './crowd.ts'
import { clientHeader, requestIdHeader } from './incoming.ts'
import { problemReply } from './reply.ts'
import type { AnyRoute } from './route.ts'

interface RouterParts {
  routes: readonly AnyRoute[]
  /** What the routes are served with. */
  kit: Omit<Kit, 'accounts'>
  /** What counts guesses at links, by path. */
  guards: readonly [path: string, guard: MiddlewareHandler<Env>][]
  /** Sign-in's own routes, below `/api/auth/`. */
  signIn: (request: Request) => Promise<Response>
  /** `GET /openapi.json` and `/docs`. */
  documents: Record<string, () => Response>
  /** The console's pages and files. */
  files: readonly [path: string, serve: MiddlewareHandler][]
  log: Pick<Logger, 'error'>
}

/** Mantine writes style attributes, so styles may be inline; scripts never. An invitation's secret must not leave to
 * another origin in a Referer; with `no-referrer` browsers would send changes without their Origin too. */
const headers = (https: boolean) =>
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
    strictTransportSecurity: https ? hsts : false,
    referrerPolicy: 'same-origin',
    xFrameOptions: 'DENY',
  })

const busy = 'Too many requests of this organization wait already.'

/** One address does not get all the places; what it asks beyond its share is answered at once, the rest in its turn. */
function oneClientsShare(limited: Kit['limited']): MiddlewareHandler<Env> {
  const clients = crowd(mostAtOnce.client)
  return async (c, next) => {
    const { ip, requestId } = c.get('facts')
    const client = clientOf(ip)
    const leave = clients.enter(client)
    if (!leave) {
      limited('in_flight_from')
      c.res = problemReply(
        'too_many_requests',
        requestId,
        { detail: 'Too many requests from your address at once.' },
        { 'retry-after': '1' },
      )
      return
    }
    try {
      await asking.run({ flow: 'router', source: client }, next)
    } finally {
      onceTaken(c.req.raw, leave)
    }
  }
}

/** Everything that is not a hot door: the management API, sign-in, its documents and the console. */
export function buildRouter({ routes, kit, guards, signIn, documents, files, log }: RouterParts): Hono<Env> {
  const app = new Hono<Env>()
  app.use(headers(kit.deps.instance.publicUrl.startsWith('https:')))
  app.use(async (c, next) => {
    c.set('facts', {
      requestId: c.req.header(requestIdHeader) ?? '',
      ip: c.req.header(clientHeader) ?? null,
      userAgent: c.req.header('user-agent')?.slice(0, 500) ?? null,
    })
    await next()
  })
  app.use(oneClientsShare(kit.limited))
  for (const [path, guard] of guards) app.use(path, guard)
  mount(app, routes, { ...kit, accounts: crowd(mostAtOnce.account) })
  app.all('/api/auth/*', (c) => signIn(c.req.raw))
  for (const [path, document] of Object.entries(documents)) app.get(path, () => document())
  for (const [path, serve] of files) app.get(path, serve)
  app.notFound((c) => problemReply('not_found', c.get('facts').requestId))
  app.onError((error, c) => {
    const { requestId } = c.get('facts')
    if (error instanceof Overload && error.whose === 'flow')
      return problemReply('too_many_requests', requestId, { detail: busy }, { 'retry-after': '1' })
    if (isDatabaseAway(error)) return problemReply('unavailable', requestId, {}, { 'retry-after': '1' })
    log.error({ err: error, requestId }, 'a request failed')
    return problemReply('internal', requestId)
  })
  return app
}
