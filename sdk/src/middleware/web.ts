import type { Active } from '../verification.ts'
import type { Verifier } from '../verifier.ts'
import { buildGuard, type GuardOptions } from './guard.ts'

export type { GuardOptions } from './guard.ts'

/** The part of a Web-standard `Request` that is read; `NextRequest` has it, too. */
export interface WebRequest {
  readonly headers: { get(name: string): string | null }
}

/** The values of a header. The platform joins repeated headers with a comma, which the guard recognizes. */
const headerValues = (request: WebRequest, name: string): string[] => {
  const value = request.headers.get(name)
  return value === null ? [] : [value]
}

/**
 * Creates a check for handlers of Web-standard requests, as in Next.js, SvelteKit or `Deno.serve`. It resolves to the
 * verification when the request may proceed, and to the response to return when it may not.
 */
export function createCheck<Req extends WebRequest>(
  verifier: Verifier,
  options: GuardOptions<Req> = {},
): (request: Req) => Promise<Response | Active> {
  const guard = buildGuard(verifier, options)
  return async (request) => {
    const outcome = await guard({
      authorization: headerValues(request, 'authorization'),
      context: headerValues(request, 'ib-context'),
      organization: options.organization?.(request),
    })
    if ('verification' in outcome) return outcome.verification
    const { status, headers, body } = outcome.refusal
    return new Response(body, { status, headers: { ...headers } })
  }
}
