import type { Active } from '../verification.ts'
import type { Verifier } from '../verifier.ts'
import { buildGuard, type Guarded, type GuardOptions } from './guard.ts'
import { type NodeRequest, valuesOf } from './node-headers.ts'
import type { Refusal } from './refusal.ts'

export type { GuardOptions } from './guard.ts'

/** What is asked of a response of `node:http`. */
export interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): unknown
  end(body: string): unknown
}

export function sendRefusal(res: NodeResponse, { status, headers, body }: Refusal): void {
  res.writeHead(status, { ...headers })
  res.end(body)
}

/**
 * For plain `node:http`: calls `handle` with what was verified, or answers the refusal. In the same tick when memory
 * knows.
 */
export function guarded<Req extends NodeRequest, Res extends NodeResponse>(
  verifier: Verifier,
  handle: (req: Req, res: Res, verification: Active) => void,
  options: GuardOptions<Req> = {},
): (req: Req, res: Res) => void {
  const guard = buildGuard(verifier, options)
  return (req, res) => {
    const settle = (it: Guarded) => {
      if ('refusal' in it) sendRefusal(res, it.refusal)
      else handle(req, res, it.verification)
    }
    const decided = guard({
      authorization: valuesOf(req, 'authorization'),
      context: valuesOf(req, 'ib-context'),
      organization: options.organization?.(req),
    })
    if (decided instanceof Promise) void decided.then(settle)
    else settle(decided)
  }
}
