import type { ProblemCode } from '../kernel/problems.ts'
import { problems } from '../kernel/problems.ts'
import type { RefusalFacts } from '../kernel/result.ts'

/** The body of RFC 9457, with our stable `code`. */
export function problemBody(code: ProblemCode, requestId: string, facts: RefusalFacts = {}) {
  const { status, title } = problems[code]
  return {
    type: 'about:blank',
    title,
    status,
    detail: facts.detail ?? title,
    code,
    requestId,
    ...(facts.errors && { errors: facts.errors }),
    ...(facts.current !== undefined && { current: facts.current }),
  }
}

/** An error as HTTP; `headers` carry the challenge (RFC 6750 §3) or Retry-After where the code wants one. */
export function problemReply(
  code: ProblemCode,
  requestId: string,
  facts: RefusalFacts = {},
  headers: Record<string, string> = {},
): Response {
  const body = JSON.stringify(problemBody(code, requestId, facts))
  return new Response(body, {
    status: problems[code].status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
  })
}
