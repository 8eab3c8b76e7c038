import type { Active } from '../verification.ts'
import type { Verifier } from '../verifier.ts'
import { buildGuard, type GuardOptions } from './guard.ts'
import { type NodeRequest, valuesOf } from './node-headers.ts'
import { verifiedRequests } from './verified-requests.ts'

export type { GuardOptions } from './guard.ts'

/** What is asked of Fastify. */
export interface FastifyRequest {
  readonly raw: NodeRequest
}
export interface FastifyReply {
  code(status: number): FastifyReply
  headers(values: Record<string, string>): FastifyReply
  send(body: string): unknown
}

/** A Fastify hook, for `onRequest`: handlers find what was verified with `verificationOf(request)`. */
export function portcullis<Req extends FastifyRequest>(
  verifier: Verifier,
  options: GuardOptions<Req> = {},
): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  const guard = buildGuard(verifier, options)
  return async (request, reply) => {
    const it = await guard({
      authorization: valuesOf(request.raw, 'authorization'),
      context: valuesOf(request.raw, 'ib-context'),
      organization: options.organization?.(request as Req),
    })
    if ('refusal' in it) {
      const { status, headers, body } = it.refusal
      return reply
        .code(status)
        .headers({ ...headers })
        .send(body)
    }
    verifiedRequests.set(request, it.verification)
    return undefined
  }
}

/** What was verified; behind the hook alone. */
export function verificationOf(request: object): Active {
  const verification = verifiedRequests.get(request)
  if (!verification) throw new Error('The portcullis hook does not stand before this route.')
  return verification
}
