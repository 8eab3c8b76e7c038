import type { Read } from '../db/change.ts'
import type { Lookups } from '../db/lookups.ts'
import type { Gate } from '../features/access/actions.ts'
import type { Principal } from '../features/access/rules.ts'
import type { Caller } from '../features/accounts/rules.ts'
import {
  rejectEndedSession,
  toPrincipal,
  toRejection,
  toSessionCaller,
  toTokenCaller,
} from '../features/authorization/rules.ts'
import { roleInGroup } from '../features/groups/actions.ts'
import { looksLikeJws } from '../features/jws/rules.ts'
import { hashOf } from '../features/tokens/actions.ts'
import { tokenPattern } from '../features/tokens/rules.ts'
import { idPattern } from '../kernel/ids.ts'
import { ok, type Result, refuse } from '../kernel/result.ts'
import type { Doorkeeper, PrincipalRefusal } from './app.ts'
import { parseAuthorization } from './credentials.ts'
import { parseOrganizationContext } from './organization-context.ts'
import { findToken, isForProxy, type TokenScheme } from './token-schemes.ts'

interface SessionDoor {
  /** Does the request carry a session cookie, good or bad? */
  carriesSession: (headers: Headers) => boolean
  sessionOf: (
    headers: Headers,
  ) => Promise<{ userId: string; sessionId: string; name: string; email: string } | undefined>
}

interface DoorkeeperParts {
  gate: Gate
  signIn: SessionDoor
  lookups: Pick<Lookups, 'membershipsOf'>
  /** In the turn of one account. */
  turnsOf: (who: string) => { read: Read }
  publicUrl: string
  /** The origins that the console is served from. */
  origins: readonly string[]
  tokenSchemes: readonly TokenScheme[]
}

const tokenInText = new RegExp(tokenPattern)

/** RFC 6750 §2.3 and RFC 9700 §4.3.2: a token in a URL ends up in logs and histories, so it is not even looked at. */
export const carriesTokenIn = (query: URLSearchParams): boolean =>
  query.has('access_token') || [...query.values()].some((value) => tokenInText.test(value))

const oneCredential = refuse('bad_request', { detail: 'Send one credential.' })

interface PresentedCredential {
  token: string | undefined
  session: boolean
}

/** The one credential of a request. A second header arrives joined by a comma, which no token contains (RFC 9110 §5.3). */
function readCredential(
  headers: Headers,
  session: boolean,
  schemes: readonly TokenScheme[],
): Result<PresentedCredential, 'bad_request' | 'unauthenticated'> {
  const header = headers.get('authorization')
  const forProxy = session && header !== null && isForProxy(header)
  if (!forProxy && header?.includes(',')) return oneCredential
  const authorization = header === null ? undefined : parseAuthorization(header)
  const apiKey = headers.get('x-api-key')
  const found = findToken(authorization, apiKey === null ? [] : apiKey.split(','), schemes)
  if (!found.ok) return found
  const token = forProxy && !isToken(found.value) ? undefined : found.value
  if (session) return token === undefined && (forProxy || header === null) ? ok({ token, session }) : oneCredential
  // No token has a space; without any it is another scheme.
  return header !== null && (!token || /\s/.test(token))
    ? refuse('unauthenticated', { detail: 'Send the token as Authorization: Bearer.' })
    : ok({ token, session })
}

const isToken = (text: string | undefined): boolean =>
  text !== undefined && (tokenInText.test(text) || looksLikeJws(text))

const organizationId = idPattern('org')

/** E4: the organization that the header `IB-Context` names; the path must not name another. */
function namedByHeader(request: Request, inPath: string | undefined): Result<string | undefined, 'bad_request'> {
  const named = parseOrganizationContext(request.headers.get('ib-context'))
  if (named.ok && named.value !== undefined && inPath !== undefined && inPath !== named.value)
    return refuse('bad_request', { detail: 'The path and IB-Context name two different organizations.' })
  return named
}

const changes = (method: string) => method !== 'GET' && method !== 'HEAD'

/** A change by cookie must come from the console's own pages, since browsers send cookies with anybody's requests (CSRF). */
function comesFromConsole(request: Request, origins: readonly string[]): boolean {
  const origin = request.headers.get('origin')
  return origin === null ? request.headers.get('sec-fetch-site') === 'same-origin' : origins.includes(origin)
}

export function buildDoorkeeper(parts: DoorkeeperParts): Doorkeeper {
  const { gate, signIn, lookups, turnsOf, publicUrl, origins, tokenSchemes } = parts
  const byToken = async (token: string, { header, path }: { header: string | undefined; path: string | undefined }) => {
    // E4: the path decides for tokens that several organizations may take.
    const names = header === undefined && path !== undefined && organizationId.test(path) && looksLikeJws(token)
    const inPath = names ? path : undefined
    let decision = await gate.decide(token, header ?? inPath)
    // A token that is no good there may be another organization's, for which this path does not exist (404, O1).
    if (!decision.active && inPath !== undefined) {
      const elsewhere = await gate.decide(token)
      if (elsewhere.active) decision = elsewhere
    }
    return decision.active ? ok(toPrincipal(decision, hashOf(token))) : toRejection(decision.reason)
  }

  const bySession = async (request: Request): Promise<Result<Principal, PrincipalRefusal>> => {
    if (changes(request.method) && !comesFromConsole(request, origins)) {
      return refuse('forbidden', { detail: 'A change with a session must come from the console’s own origin.' })
    }
    const session = await signIn.sessionOf(request.headers)
    return session ? ok({ kind: 'session', ...session }) : rejectEndedSession()
  }

  return {
    async principalOf(request, path) {
      if (carriesTokenIn(new URL(request.url).searchParams))
        return refuse('bad_request', { detail: 'Send the token as Authorization: Bearer, never in a URL.' })
      const credential = readCredential(request.headers, signIn.carriesSession(request.headers), tokenSchemes)
      if (!credential.ok) return credential
      const { token, session } = credential.value
      const named = namedByHeader(request, path)
      if (!named.ok) return named
      if (token !== undefined) return byToken(token, { header: named.value, path })
      return session ? bySession(request) : ok(undefined)
    },

    async callerIn(principal, organizationId, requires): Promise<Caller | undefined> {
      if (principal.kind !== 'session') {
        const isOwn = principal.account.organizationId === organizationId
        return isOwn ? { ...toTokenCaller(principal), requires } : undefined
      }
      const membership = (await lookups.membershipsOf(principal.userId)).find(
        (it) => it.organizationId === organizationId,
      )
      return membership && { ...toSessionCaller(principal, membership), requires }
    },

    roleInGroup: ({ organizationId, accountId }, groupId) =>
      turnsOf(accountId).read(organizationId, (db) => roleInGroup(db, groupId, accountId)),

    challenge: (error) => {
      const metadata = `resource_metadata="${publicUrl}/.well-known/oauth-protected-resource"`
      if (!error) return `Bearer ${metadata}`
      return `Bearer error="${error.code}", error_description="${error.description.replace(/["\\]/g, "'")}", ${metadata}`
    },
  }
}
