import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ProblemCode } from '../kernel/problems.ts'
import { problems } from '../kernel/problems.ts'
import type { RefusalFacts } from '../kernel/result.ts'
import { problemBody } from './reply.ts'

/**
 * What every door that stands in front of the router is: it answers and says so, or it is not asked. With `noPlace`
 * nothing may be asked of the database for this request; a refusal for that reason calls it.
 */
export type Door = (
  req: IncomingMessage,
  res: ServerResponse,
  requestId: string,
  noPlace?: (() => void) | undefined,
) => boolean

/** A problem of RFC 9457 on bare node:http; `extra` are members that another standard adds (OAuth's `error`). */
export function sendProblem(
  res: ServerResponse,
  requestId: string,
  refusal: { code: ProblemCode } & RefusalFacts,
  headers: Record<string, string>,
  extra: Record<string, unknown> = {},
): void {
  const body = JSON.stringify({ ...problemBody(refusal.code, requestId, refusal), ...extra })
  res.writeHead(problems[refusal.code].status, {
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Request-Id': requestId,
    ...(refusal.code === 'unavailable' && { 'Retry-After': '1' }),
    ...headers,
  })
  res.end(body)
}

/** Answers that go on until somebody ends them: they are bounded by themselves, and no stop waits for them. */
export const streaming = new WeakSet<ServerResponse>()
