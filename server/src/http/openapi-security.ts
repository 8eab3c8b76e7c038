import { cookiePrefix } from '../auth/cookies.ts'
import type { Json } from './openapi-parts.ts'

/** Both names that the session cookie has; browsers accept the prefix `__Host-` over https only. */
export const sessionSchemes = [{ session: [] }, { sessionOverHttp: [] }]

const cookieScheme = (publicUrl: string, name: string, description: string): Json => ({
  type: 'apiKey',
  in: 'cookie',
  name: `${cookiePrefix(publicUrl)}.${name}`,
  description,
})

const changeRule = 'Requests that change something also need the header `Origin`.'

export const securitySchemes: Json = {
  token: {
    type: 'http',
    scheme: 'bearer',
    description: 'A managed token, or an access token of an OAuth provider that the organization registered.',
  },
  session: cookieScheme('https:', 'session_token', `The session cookie of the console over https. ${changeRule}`),
  sessionOverHttp: cookieScheme('http:', 'session_token', `The session cookie over plain http. ${changeRule}`),
  secondFactor: cookieScheme('https:', 'two_factor', 'A sign-in over https that waits for its second factor.'),
  secondFactorOverHttp: cookieScheme(
    'http:',
    'two_factor',
    'A sign-in over plain http that waits for its second factor.',
  ),
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'A resource key or a token (OFREP).' },
  resourceKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'A resource key of this instance; for metrics also its metrics key.',
  },
  resourceKeyBasic: {
    type: 'http',
    scheme: 'basic',
    description: 'A resource key as the password; the user name is ignored (RFC 6749 §2.3.1).',
  },
}
