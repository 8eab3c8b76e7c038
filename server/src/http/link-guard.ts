import type { MiddlewareHandler } from 'hono'
import type { Limiter } from '../db/limiter.ts'
import type { LimitName } from '../kernel/limits.ts'
import type { Env } from './app.ts'
import { clientOf } from './client-address.ts'
import { problemReply } from './reply.ts'

/** Links whose secret somebody might guess, and what counts the guesses of one client. */
const guarded: Record<string, LimitName> = {
  '/api/v1/setup/*': 'setup_from',
  '/api/v1/invitations/*': 'invitation_from',
}

/** Counts whoever presents a link that opens nothing (404), and makes them wait (N4: callers of the gate are not concerned). */
export const linkGuards = (limiter: Limiter): [path: string, guard: MiddlewareHandler<Env>][] =>
  Object.entries(guarded).map(([path, limit]) => [
    path,
    async (c, next) => {
      const { ip, requestId } = c.get('facts')
      const client = clientOf(ip)
      const taken = await limiter.take(limit, client)
      if (!taken.ok) {
        c.res = problemReply(
          'too_many_requests',
          requestId,
          {},
          { 'retry-after': String(taken.retryAfterSeconds ?? 1) },
        )
        return
      }
      await next()
      if (c.res.status !== 404) await limiter.giveBack(limit, client)
    },
  ])
