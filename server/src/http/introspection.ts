import type { ServerResponse } from 'node:http'
import type { Decision } from '../features/access/rules.ts'
import type { ProblemCode } from '../kernel/problems.ts'
import { ok, type RefusalFacts, type Result, refuse } from '../kernel/result.ts'
import { type Authorization, authorizationOf, type KnowsKey, keyChallenge } from './credentials.ts'
import { type Door, sendProblem } from './door.ts'
import { type Form, readForm } from './form.ts'
import { activeAnswer, inactiveAnswer } from './gate-answers.ts'
import { decide, type GateOptions } from './gate-decide.ts'
import { parseOrganizationContext } from './organization-context.ts'
import { targetOf } from './target.ts'

type Refusal = { code: ProblemCode } & RefusalFacts

/** RFC 6749 §5.2: the error that OAuth clients read beside ours. */
const oauthErrors: Partial<Record<ProblemCode, string>> = {
  unauthenticated: 'invalid_client',
  unavailable: 'temporarily_unavailable',
}

function sendRefusal(res: ServerResponse, requestId: string, refusal: Refusal, headers: Record<string, string> = {}) {
  const error = oauthErrors[refusal.code] ?? 'invalid_request'
  sendProblem(res, requestId, refusal, headers, { error, error_description: refusal.detail })
}

const refuseCaller = (res: ServerResponse, requestId: string, authorization: Authorization | undefined) =>
  sendRefusal(
    res,
    requestId,
    refuse('unauthenticated', { detail: 'Send a resource key, as Bearer or as the password of Basic.' }),
    { 'WWW-Authenticate': keyChallenge(authorization) },
  )

/** A secret in an address ends in logs; there it is refused even beside a good caller. */
const hasTokenIn = (query: string) =>
  query !== '' && ['token', 'access_token'].some((name) => new URLSearchParams(query).has(name))

interface Question {
  token: string
  organizationId: string | undefined
}

/** RFC 6749 §3.1: a parameter without a value counts as left out, and none that matters may come twice. */
function single(form: Form, name: string): Result<string | undefined, 'bad_request'> {
  const values = form.get(name)
  if (values && values.length > 1) return refuse('bad_request', { detail: `Send ${name} once.` })
  return ok(values?.[0] || undefined)
}

/** E4: parameter and header may both name the organization, if they agree. What is no id is nobody's: `unknown`. */
function questionOf(form: Form, header: string | undefined): Result<Question, 'bad_request'> {
  const token = single(form, 'token')
  if (!token.ok) return token
  const organization = single(form, 'organization')
  if (!organization.ok) return organization
  if (token.value === undefined) return refuse('bad_request', { detail: 'Send the token in the form field token.' })
  const context = parseOrganizationContext(header)
  if (!context.ok) return context
  if (context.value !== undefined && organization.value !== undefined && context.value !== organization.value)
    return refuse('bad_request', { detail: 'IB-Context and organization name two organizations.' })
  return ok({ token: token.value, organizationId: organization.value ?? context.value })
}

/** The point of the feed that an answer is true for at least. */
interface TrueAt {
  head: number
  mark: string
}

function sendDecision(options: GateOptions, res: ServerResponse, requestId: string, it: Decision, at: TrueAt) {
  options.count('introspection', it.active ? 'active' : it.reason)
  if (!it.active && it.reason === 'unavailable') return sendRefusal(res, requestId, refuse('unavailable'))
  const body = it.active ? activeAnswer(it.evidence) : inactiveAnswer(it)
  const bytes = Buffer.byteLength(body)
  res.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': bytes,
    'Cache-Control': 'no-store',
    'X-Request-Id': requestId,
    'X-Portcullis-Head': at.head,
    'X-Portcullis-Mark': at.mark,
  })
  // What is all ASCII is the same in Latin-1, which node writes without encoding anything.
  res.end(body, bytes === body.length ? 'latin1' : 'utf8')
}

/** `POST /oauth2/introspect` (RFC 7662): the token stands in the body, the caller in the header. */
export function introspection(options: GateOptions, knowsKey: KnowsKey): Door {
  const refused = (res: ServerResponse, requestId: string, refusal: Refusal) => {
    options.count('introspection', 'bad_request')
    sendRefusal(res, requestId, refusal)
  }
  return (req, res, requestId, noPlace) => {
    if (req.method !== 'POST') return false
    const { path, query } = targetOf(req)
    if (path !== '/oauth2/introspect') return false
    const caller = authorizationOf(req)
    if (!caller.ok) refused(res, requestId, caller)
    else if (hasTokenIn(query))
      refused(res, requestId, refuse('bad_request', { detail: 'Send the token in the body, never in the address.' }))
    else if (!knowsKey(caller.value)) {
      options.count('introspection', 'bad_caller')
      refuseCaller(res, requestId, caller.value)
    } else
      readForm(req, (form) => {
        const question = form.ok ? questionOf(form.value, req.headers['ib-context'] as string | undefined) : form
        if (!question.ok) return refused(res, requestId, question)
        decide(
          options,
          { ...question.value, endpoint: 'introspection', requestId, noPlace, bugMembers: { error: 'server_error' } },
          res,
          (it, head, mark) => sendDecision(options, res, requestId, it, { head, mark }),
        )
      })
    return true
  }
}
