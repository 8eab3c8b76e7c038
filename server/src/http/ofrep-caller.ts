import type { IncomingMessage } from 'node:http'
import type { Lookups } from '../db/lookups.ts'
import type { Gate } from '../features/access/actions.ts'
import { type Decision, refusalText } from '../features/access/rules.ts'
import { ok } from '../kernel/result.ts'
import { type Authorization, authorizationOf, type KnowsKey } from './credentials.ts'
import { carriesTokenIn } from './doorkeeper.ts'
import { general, invalidContext, type OfrepRefusal, unavailable } from './ofrep-answers.ts'
import { parseOrganizationContext } from './organization-context.ts'
import { allOf } from './target.ts'
import { findToken, isForProxy, type TokenScheme } from './token-schemes.ts'

export interface OfrepCallers {
  knowsKey: KnowsKey
  gate: Pick<Gate, 'decide'>
  signIn: {
    carriesSession: (headers: Headers) => boolean
    sessionOf: (headers: Headers) => Promise<{ userId: string } | undefined>
  }
  lookups: Pick<Lookups, 'membershipsOf'>
  /** What may carry a token besides Bearer and `X-API-Key`, which the protocol has. */
  tokenSchemes?: readonly TokenScheme[]
  /** The challenge of a 401, and of a 403 for want of scope. */
  challenge: (error?: { code: string; description: string }) => string
}

/** A caller: who holds the resource key says whom it asks for; every other credential has an organization of its own. */
export type Caller = { kind: 'resource_server' } | { kind: 'of'; organizationId: string; accountId: string }
export type Called = { ok: true; value: Caller } | OfrepRefusal

type Presented = { kind: 'authorization'; value: Authorization } | { kind: 'session'; headers: Headers }

/** The one credential of a request: a header of either name, or a session's cookie. */
function presentedIn(
  req: IncomingMessage,
  { signIn, knowsKey }: OfrepCallers,
): { ok: true; value: Presented | undefined } | OfrepRefusal {
  const authorization = authorizationOf(req)
  if (!authorization.ok) return general(400, 'Send one Authorization header.')
  const apiKeys = req.headers['x-api-key'] === undefined ? [] : allOf(req, 'x-api-key')
  const { cookie } = req.headers
  const headers = cookie === undefined ? undefined : new Headers({ cookie })
  const withSession = headers !== undefined && signIn.carriesSession(headers)
  const forProxy = withSession && isForProxy(req.headers.authorization ?? '') && !knowsKey(authorization.value)
  const presented = forProxy ? undefined : authorization.value
  const count = (presented ? 1 : 0) + apiKeys.length + (withSession ? 1 : 0)
  if (count > 1) return general(400, 'Send one credential.')
  if (presented) return ok({ kind: 'authorization', value: presented })
  const [apiKey] = apiKeys
  if (apiKey !== undefined) return ok({ kind: 'authorization', value: { scheme: 'bearer', value: apiKey.trim() } })
  return ok(withSession ? { kind: 'session', headers } : undefined)
}

const notSignedIn = ({ challenge }: OfrepCallers, description: string): OfrepRefusal =>
  general(401, description, { 'WWW-Authenticate': challenge({ code: 'invalid_token', description }) })

const of = (organizationId: string, accountId: string): Called => ok({ kind: 'of', organizationId, accountId })

function byDecision(callers: OfrepCallers, it: Decision): Called {
  if (it.active) return of(it.evidence.account.organizationId, it.evidence.account.id)
  if (it.reason === 'unavailable') return unavailable('The gate cannot know at the moment.')
  const description = refusalText(it.reason)
  if (it.reason !== 'insufficient_scope') return notSignedIn(callers, description)
  return general(403, description, { 'WWW-Authenticate': callers.challenge({ code: it.reason, description }) })
}

/** A person may belong to several organizations (O4), and then says which; one that is not theirs is as good as none. */
async function bySession(callers: OfrepCallers, headers: Headers, named: string | undefined): Promise<Called> {
  const session = await callers.signIn.sessionOf(headers)
  if (!session) return notSignedIn(callers, 'The session has ended. Sign in again.')
  const memberships = await callers.lookups.membershipsOf(session.userId)
  const [first, ...others] = memberships.filter((it) => named === undefined || it.organizationId === named)
  if (first === undefined) return invalidContext('You belong to no such organization.')
  if (others.length > 0) return invalidContext('Name one of your organizations by its id in the header IB-Context.')
  return of(first.organizationId, first.accountId)
}

/** Who asks; in the same tick when memory may say. */
export function callerOf(callers: OfrepCallers, req: IncomingMessage, query: string): Called | Promise<Called> {
  if (query !== '' && carriesTokenIn(new URLSearchParams(query)))
    return general(400, 'Send the token as Authorization: Bearer, never in a URL.')
  const presented = presentedIn(req, callers)
  if (!presented.ok) return presented
  const { value: it } = presented
  if (!it) return general(401, 'Send a credential.', { 'WWW-Authenticate': callers.challenge() })
  if (it.kind === 'authorization' && callers.knowsKey(it.value)) return ok({ kind: 'resource_server' })
  const context = parseOrganizationContext(req.headers['ib-context'] as string | undefined)
  if (!context.ok) return invalidContext('IB-Context names an organization by its id.')
  if (it.kind === 'session') return bySession(callers, it.headers, context.value)
  const token = findToken(it.value, [], callers.tokenSchemes ?? [])
  if (!token.ok || token.value === undefined) return notSignedIn(callers, 'Send the token as Authorization: Bearer.')
  const decision = callers.gate.decide(token.value, context.value)
  return decision instanceof Promise
    ? decision.then((made) => byDecision(callers, made))
    : byDecision(callers, decision)
}
