import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Decision, type Evidence, type ExternalEvidence, refusalText } from '../features/access/rules.ts'
import { ok, type Result, refuse } from '../kernel/result.ts'
import { authorizationOf } from './credentials.ts'
import { type Door, sendProblem } from './door.ts'
import { fragmentsOf } from './gate-answers.ts'
import { decide, type GateOptions } from './gate-decide.ts'
import { parseOrganizationContext } from './organization-context.ts'
import { allOf, isUnambiguous, targetOf } from './target.ts'
import { findToken, type TokenScheme } from './token-schemes.ts'

interface Question {
  /** Undefined without a credential that may be a token. */
  token: string | undefined
  organizationId: string | undefined
  adminOnly: boolean
}

/** What the proxy asks. Headers that came twice were joined with a comma and are refused as malformed here. */
function questionOf(req: IncomingMessage, schemes: readonly TokenScheme[]): Result<Question, 'bad_request'> {
  const authorization = authorizationOf(req)
  if (!authorization.ok) return authorization
  const context = parseOrganizationContext(req.headers['ib-context'] as string | undefined)
  if (!context.ok) return context
  const role = req.headers['x-portcullis-require-role'] as string | undefined
  // A role that nobody holds is a slip in the proxy's configuration: better shut than open.
  if (role !== undefined && role !== 'admin' && role !== 'member')
    return refuse('bad_request', { detail: 'X-Portcullis-Require-Role is neither admin nor member.' })
  const apiKeys = req.headers['x-api-key'] === undefined ? [] : allOf(req, 'x-api-key')
  const token = findToken(authorization.value, apiKeys, schemes)
  if (!token.ok) return token
  return ok({ token: token.value, organizationId: context.value, adminOnly: role === 'admin' })
}

const roleOf = (it: Evidence | ExternalEvidence) => (it.source === 'managed' ? it.account.role : it.role)

/** All six on every 200, so that a proxy that copies them overwrites whatever a client sent. */
function admit(res: ServerResponse, requestId: string, it: Evidence | ExternalEvidence): void {
  const { account } = it
  res.writeHead(200, {
    'X-Portcullis-Organization': account.organizationId,
    'X-Portcullis-Account': account.id,
    'X-Portcullis-Account-Kind': account.kind,
    'X-Portcullis-Role': roleOf(it),
    'X-Portcullis-Groups': fragmentsOf(account).groupIds,
    'X-Portcullis-Token': it.source === 'managed' ? it.token.id : '',
    'Content-Length': 0,
    'Cache-Control': 'no-store',
    'X-Request-Id': requestId,
  })
  res.end()
}

/** RFC 6750 §3, without `resource_metadata`: that names our own API, and this client asked for another. */
const challenge = (error: string, description: string) => ({
  'WWW-Authenticate': `Bearer error="${error}", error_description="${description}"`,
})

function sendDecision(options: GateOptions, res: ServerResponse, requestId: string, it: Decision, adminOnly: boolean) {
  if (!it.active && it.reason === 'unavailable') {
    options.count('forward_auth', 'unavailable')
    return sendProblem(res, requestId, refuse('unavailable'), {})
  }
  if (!it.active) {
    options.count('forward_auth', it.reason)
    const detail = refusalText(it.reason)
    // RFC 6750 §3.1: the token is good, and gives no right here.
    if (it.reason === 'insufficient_scope')
      return sendProblem(res, requestId, refuse(it.reason, { detail }), challenge(it.reason, detail))
    return sendProblem(res, requestId, refuse('unauthenticated', { detail }), challenge('invalid_token', detail))
  }
  if (adminOnly && roleOf(it.evidence) !== 'admin') {
    options.count('forward_auth', 'forbidden')
    const detail = 'Only admins of the organization may do this.'
    return sendProblem(res, requestId, refuse('forbidden', { detail }), challenge('insufficient_scope', detail))
  }
  options.count('forward_auth', 'active')
  admit(res, requestId, it.evidence)
}

/**
 * `ANY /forward-auth` and all below: what the client wanted follows in the path. It is not looked at, but for spellings
 * that proxies and applications read differently: these are no address of ours, and so refused.
 */
export function forwardAuth(options: GateOptions, schemes: readonly TokenScheme[]): Door {
  return (req, res, requestId, noPlace) => {
    const { path } = targetOf(req)
    if (path !== '/forward-auth' && !(path.startsWith('/forward-auth/') && isUnambiguous(path))) return false
    const question = questionOf(req, schemes)
    if (!question.ok) {
      options.count('forward_auth', 'bad_request')
      sendProblem(res, requestId, question, {})
      return true
    }
    const { token, adminOnly, ...rest } = question.value
    if (token === undefined) {
      options.count('forward_auth', 'missing')
      // RFC 6750 §3: a client that sent no token of ours learns the scheme, and no error.
      sendProblem(res, requestId, refuse('unauthenticated'), { 'WWW-Authenticate': 'Bearer' })
      return true
    }
    const asked = { endpoint: 'forward_auth', token, organizationId: rest.organizationId, requestId, noPlace } as const
    decide(options, asked, res, (it) => sendDecision(options, res, requestId, it, adminOnly))
    return true
  }
}
