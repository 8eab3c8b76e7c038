import { ok, type Result, refuse } from '../kernel/result.ts'
import type { Authorization } from './credentials.ts'

/** Where a token may be besides `Authorization: Bearer`, if the operator allows it. */
export const tokenSchemes = ['x-api-key', 'basic'] as const
export type TokenScheme = (typeof tokenSchemes)[number]

/** RFC 7617 §2. Clients put a token into the password, or into the user name with an empty password. */
export function parseBasicToken(value: string): string {
  const pair = Buffer.from(value, 'base64').toString('utf8')
  const at = pair.indexOf(':')
  if (at < 0) return pair
  return pair.slice(at + 1) || pair.slice(0, at)
}

function findInAuthorization({ scheme, value }: Authorization, allowed: readonly TokenScheme[]): string | undefined {
  if (scheme === 'bearer') return value
  return scheme === 'basic' && allowed.includes('basic') ? parseBasicToken(value) : undefined
}

/** The one token of a request; undefined without any. An empty `X-API-Key` counts as absent. */
export function findToken(
  authorization: Authorization | undefined,
  apiKeys: readonly string[],
  allowed: readonly TokenScheme[],
): Result<string | undefined, 'bad_request'> {
  const inAuthorization = authorization && findInAuthorization(authorization, allowed)
  const inApiKey = allowed.includes('x-api-key') ? apiKeys.map((key) => key.trim()).filter((key) => key !== '') : []
  const tokens = inAuthorization === undefined ? inApiKey : [inAuthorization, ...inApiKey]
  return tokens.length > 1 ? refuse('bad_request', { detail: 'Send one credential.' }) : ok(tokens[0])
}

/** Schemes by which proxies ask browsers to sign in; browsers then send these credentials with every request. */
const proxySchemes = /^(?:basic|digest|negotiate|ntlm)(?: |$)/i

/** Are these the credentials of a proxy in front of us, and not a second credential beside a session? */
export const isForProxy = (authorization: string): boolean =>
  proxySchemes.test(authorization) && !/,\s*bearer\s/i.test(authorization)
