import { Hono, type MiddlewareHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import type { Logger } from 'pino'
import { isDatabaseAway } from '../db/away.ts'
import type { Deps } from '../db/deps.ts'
import { hsts } from './answer-headers.ts'
import { type Doorkeeper, type Env, mount } from './app.ts'
import { clientHeader, requestIdHeader } from './incoming.ts'
import { problemReply } from './reply.ts'
import type { AnyRoute } from './route.ts'

interface RouterParts {
  routes: readonly AnyRoute[]
  deps: Deps
  keeper: Doorkeeper
  /** What counts guesses at links, by path. */
  guards: readonly [path: string, guard: MiddlewareHandler<Env>][]
  /** Sign-in's own routes, below `/api/auth/`. */
  signIn: (request: Request) => Promise<Response>
  /** `GET /openapi.json` and `/docs`. */
  documents: Record<string, () => Response>
  /** The console's files. */
  files: readonly MiddlewareHandler[]
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

/** Everything that is not a hot door: the management API, sign-in, its documents and the console. */
export function buildRouter({ routes, deps, keeper, guards, signIn, documents, files, log }: RouterParts): Hono<Env> {
  const app = new Hono<Env>()
  app.use(headers(deps.instance.publicUrl.startsWith('https:')))
  app.use(async (c, next) => {
    c.set('facts', {
      requestId: c.req.header(requestIdHeader) ?? '',
      ip: c.req.header(clientHeader) ?? null,
      userAgent: c.req.header('user-agent')?.slice(0, 500) ?? null,
    })
    await next()
  })
  for (const [path, guard] of guards) app.use(path, guard)
  mount(app, routes, deps, keeper)
  app.all('/api/auth/*', (c) => signIn(c.req.raw))
  for (const [path, document] of Object.entries(documents)) app.get(path, () => document())
  for (const file of files) app.get('*', file)
  app.notFound((c) => problemReply('not_found', c.get('facts').requestId))
  app.onError((error, c) => {
    const { requestId } = c.get('facts')
    if (isDatabaseAway(error)) return problemReply('unavailable', requestId, {}, { 'retry-after': '1' })
    log.error({ err: error, requestId }, 'a request failed')
    return problemReply('internal', requestId)
  })
  return app
}
