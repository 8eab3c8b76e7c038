import { type Json, parameter, withProblems } from './openapi-parts.ts'
import { type Components, requestBodyOf, schemaOf } from './openapi-schemas.ts'
import { sessionSchemes } from './openapi-security.ts'
import type { SignInRoute } from './sign-in-route.ts'

/** What has neither a guard nor a limit is about the present session. */
function signInSecurity({ guard, limits }: SignInRoute): Json[] {
  if (guard === 'factor') return [{ secondFactor: [] }, { secondFactorOverHttp: [] }, ...sessionSchemes]
  return guard === 'session' || (guard === undefined && limits === undefined) ? sessionSchemes : []
}

const signInProblem = (description: string) => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/SignInProblem' } } },
})

/** Sign-in keeps the schemas of Better Auth: `{code, message}` for a rejection. */
export function signInOperation(r: SignInRoute, components: Components): Json {
  const name = r.path.split(/[/-]/).filter(Boolean)
  const isChange = r.method === 'POST'
  return {
    operationId: name.map((part, i) => (i === 0 ? part : part[0]?.toUpperCase() + part.slice(1))).join(''),
    summary: r.summary,
    description: `${r.summary}. For the console: programs use tokens.`,
    tags: ['sign-in'],
    security: signInSecurity(r),
    parameters: isChange ? [parameter('SignInOrigin')] : [],
    ...requestBodyOf(r.body, components),
    responses: withProblems(
      {
        200: {
          description: 'Success.',
          content: { 'application/json': { schema: schemaOf(r.reply, 'output', components) } },
        },
        400: signInProblem('The request is not valid.'),
        // Better Auth sends no challenge, so the header of other 401s is not declared.
        401: { ...signInProblem('The session, the password or the code is not valid.'), headers: {} },
        ...(isChange && {
          403: signInProblem('The request does not come from the origin of the console.'),
          413: signInProblem('The body is too large.'),
          415: signInProblem('The body is not JSON.'),
          429: signInProblem('Too many attempts.'),
        }),
      },
      ['too_many_requests'],
    ),
  }
}

export const signInProblemSchema: Json = {
  type: 'object',
  required: ['code', 'message'],
  properties: { code: { type: 'string' }, message: { type: 'string' } },
  examples: [{ code: 'INVALID_EMAIL_OR_PASSWORD', message: 'Invalid email or password' }],
}
