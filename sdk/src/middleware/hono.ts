import type { Active } from '../verification.ts'
import type { Verifier } from '../verifier.ts'
import { buildGuard, type GuardOptions } from './guard.ts'
import { verifiedRequests } from './verified-requests.ts'

export type { GuardOptions } from './guard.ts'

/** What is asked of Hono's context. */
export interface HonoContext {
  readonly req: { readonly raw: { readonly headers: { get(name: string): string | null } } }
}

const valuesOf = (value: string | null) => (value === null ? [] : [value])

/** Hono middleware: handlers find what was verified with `verificationOf(c)`. */
export function portcullis<Context extends HonoContext>(
  verifier: Verifier,
  options: GuardOptions<Context> = {},
): (c: HonoContext, next: () => Promise<void>) => Promise<Response | undefined> {
  const guard = buildGuard(verifier, options)
  return async (c, next) => {
    const { headers } = c.req.raw
    const it = await guard({
      authorization: valuesOf(headers.get('authorization')),
      context: valuesOf(headers.get('ib-context')),
      organization: options.organization?.(c as Context),
    })
    if ('refusal' in it)
      return new Response(it.refusal.body, { status: it.refusal.status, headers: { ...it.refusal.headers } })
    verifiedRequests.set(c, it.verification)
    await next()
    return undefined
  }
}

/** What was verified; behind the middleware alone. */
export function verificationOf(c: object): Active {
  const verification = verifiedRequests.get(c)
  if (!verification) throw new Error('The portcullis middleware does not stand before this route.')
  return verification
}
