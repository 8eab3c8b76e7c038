import type { Read } from '../db/change.ts'
import type { Lookups } from '../db/lookups.ts'
import type { Gate } from '../features/access/actions.ts'
import { type Principal, refusalText } from '../features/access/rules.ts'
import type { Caller } from '../features/accounts/rules.ts'
import { roleInGroup } from '../features/groups/actions.ts'
import { tokenPattern } from '../features/tokens/rules.ts'
import { idPattern } from '../kernel/ids.ts'
import { ok, type Result, refuse } from '../kernel/result.ts'
import type { Doorkeeper } from './app.ts'

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
  read: Read
  publicUrl: string
  /** The origins that the console is served from. */
  origins: readonly string[]
}

type Refusal = 'bad_request' | 'unauthenticated' | 'forbidden' | 'unavailable'

const tokenInText = new RegExp(tokenPattern)

/** RFC 6750 §2.3 and RFC 9700 §4.3.2: a token in a URL ends up in logs and histories, so it is not even looked at. */
function carriesTokenInQuery(url: string): boolean {
  const query = new URL(url).searchParams
  return query.has('access_token') || [...query.values()].some((value) => tokenInText.test(value))
}

/** The token of `Authorization: Bearer`; a second header arrives joined by a comma, which no token contains (RFC 9110 §5.3). */
function bearerOf(headers: Headers): Result<string | undefined, 'bad_request' | 'unauthenticated'> {
  const header = headers.get('authorization')
  if (header === null) return ok(undefined)
  if (header.includes(',')) return refuse('bad_request', { detail: 'Send one credential.' })
  const [, token] = /^bearer +([^\s]+)\s*$/i.exec(header) ?? []
  return token === undefined
    ? refuse('unauthenticated', { detail: 'Send the token as Authorization: Bearer.' })
    : ok(token)
}

const organizationId = idPattern('org')

/** E4: the organization that a request names, by `IB-Context` or by its path; two different names are a mistake. */
function namedOrganization(request: Request): Result<string | undefined, 'bad_request'> {
  const header = request.headers.get('ib-context')?.trim()
  if (header === undefined) return ok(undefined)
  if (!organizationId.test(header))
    return refuse('bad_request', { detail: 'IB-Context names an organization by its id.' })
  const inPath = /\/organizations\/([^/?]+)/.exec(request.url)?.[1]
  if (inPath !== undefined && inPath !== header)
    return refuse('bad_request', { detail: 'The path and IB-Context name two different organizations.' })
  return ok(header)
}

const changes = (method: string) => method !== 'GET' && method !== 'HEAD'

/** A change by cookie must come from the console's own pages, since browsers send cookies with anybody's requests (CSRF). */
function comesFromConsole(request: Request, origins: readonly string[]): boolean {
  const origin = request.headers.get('origin')
  return origin === null ? request.headers.get('sec-fetch-site') === 'same-origin' : origins.includes(origin)
}

export function buildDoorkeeper({ gate, signIn, lookups, read, publicUrl, origins }: DoorkeeperParts): Doorkeeper {
  const byToken = async (token: string, named: string | undefined): Promise<Result<Principal, Refusal>> => {
    const decision = await gate.decide(token, named)
    if (decision.active) {
      const { token: known, account } = decision.evidence
      const expiresAt = Number.isFinite(known.expiresAtMs) ? new Date(known.expiresAtMs) : null
      return ok({ kind: 'managed', tokenId: known.id, expiresAt, account })
    }
    if (decision.reason === 'unavailable') return refuse('unavailable')
    return refuse('unauthenticated', { detail: refusalText(decision.reason) })
  }

  const bySession = async (request: Request): Promise<Result<Principal, Refusal>> => {
    if (changes(request.method) && !comesFromConsole(request, origins)) {
      return refuse('forbidden', { detail: 'A change with a session must come from the console’s own origin.' })
    }
    const session = await signIn.sessionOf(request.headers)
    return session
      ? ok({ kind: 'session', ...session })
      : refuse('unauthenticated', { detail: 'The session has ended. Sign in again.' })
  }

  return {
    async principalOf(request) {
      if (carriesTokenInQuery(request.url))
        return refuse('bad_request', { detail: 'Send the token as Authorization: Bearer, never in a URL.' })
      const token = bearerOf(request.headers)
      const withSession = signIn.carriesSession(request.headers)
      if (withSession && request.headers.has('authorization'))
        return refuse('bad_request', { detail: 'Send one credential.' })
      if (!token.ok) return token
      const named = namedOrganization(request)
      if (!named.ok) return named
      if (token.value !== undefined) return byToken(token.value, named.value)
      return withSession ? bySession(request) : ok(undefined)
    },

    async callerIn(principal, organizationId): Promise<Caller | undefined> {
      if (principal.kind === 'managed') {
        const { account, tokenId, expiresAt } = principal
        if (account.organizationId !== organizationId) return undefined
        return {
          ...account,
          accountId: account.id,
          organizationId,
          credential: { kind: 'managed', tokenId, expiresAt },
        }
      }
      const membership = (await lookups.membershipsOf(principal.userId)).find(
        (it) => it.organizationId === organizationId,
      )
      if (!membership) return undefined
      const { userId, sessionId, name } = principal
      const { accountId, role } = membership
      return {
        accountId,
        organizationId,
        kind: 'member',
        name,
        role,
        credential: { kind: 'session', userId, sessionId },
      }
    },

    roleInGroup: (caller, groupId) => read(caller.organizationId, (db) => roleInGroup(db, groupId, caller.accountId)),

    challenge: (error) => {
      const metadata = `resource_metadata="${publicUrl}/.well-known/oauth-protected-resource"`
      if (!error) return `Bearer ${metadata}`
      return `Bearer error="${error.code}", error_description="${error.description.replace(/["\\]/g, "'")}", ${metadata}`
    },
  }
}
