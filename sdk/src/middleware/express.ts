import type { Active } from '../verification.ts'
import type { Verifier } from '../verifier.ts'
import { buildGuard, type Guarded, type GuardOptions } from './guard.ts'
import { type NodeResponse, sendRefusal } from './node.ts'
import { type NodeRequest, valuesOf } from './node-headers.ts'

export type { GuardOptions } from './guard.ts'

/** What is asked of Express (4 or 5): `res.locals` carries what was verified. */
export interface ExpressResponse extends NodeResponse {
  locals: Record<string, unknown>
}

/** Express middleware: the next one finds what was verified with `verificationOf(res)`. */
export function portcullis<Req extends NodeRequest>(
  verifier: Verifier,
  options: GuardOptions<Req> = {},
): (req: NodeRequest, res: ExpressResponse, next: () => void) => void {
  const guard = buildGuard(verifier, options)
  return (req, res, next) => {
    const settle = (it: Guarded) => {
      if ('refusal' in it) return sendRefusal(res, it.refusal)
      res.locals.portcullis = it.verification
      next()
    }
    const decided = guard({
      authorization: valuesOf(req, 'authorization'),
      context: valuesOf(req, 'ib-context'),
      organization: options.organization?.(req as Req),
    })
    if (decided instanceof Promise) void decided.then(settle)
    else settle(decided)
  }
}

/** What was verified; behind the middleware alone. */
export const verificationOf = (res: { locals: Record<string, unknown> }): Active => {
  const verification = res.locals.portcullis as Active | undefined
  if (!verification) throw new Error('The portcullis middleware does not stand before this route.')
  return verification
}
