import type { Inactive, Reason } from '../verification.ts'

/** What an end client gets instead of an answer: a problem of RFC 9457, with the challenge of RFC 6750 §3. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 503
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sentences for those whom one helps, as the server says them; nothing tells a revoked token from one that never was. */
const helpful: Readonly<Record<string, string>> = {
  suspended: "The organization's settings suspend this API token. Nothing was deleted; ask an admin.",
  expired: 'The token has expired. Refresh it or get a new one.',
  ambiguous_organization: "Several organizations take this token. Send one's id in the header IB-Context.",
  unmapped_subject: "No account is mapped to the token's subject. Ask an admin of the organization.",
  insufficient_scope: "The token's scope names no role that its account holds.",
} satisfies Partial<Record<Reason, string>>

interface Told {
  status: Refusal['status']
  code: string
  title: string
  detail?: string
  headers?: Record<string, string>
}

function refuse({ status, code, title, detail = title, headers = {} }: Told): Refusal {
  return Object.freeze({
    status,
    headers: Object.freeze({ 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers }),
    body: JSON.stringify({ type: 'about:blank', title, status, detail, code }),
  })
}

/** Both sentences and codes are ours, and none of them holds a quote or a backslash. */
const challenge = (error: string, description: string) => ({
  'www-authenticate': `Bearer error="${error}", error_description="${description}"`,
})

/** RFC 6750 §3: a client that sent no credential learns the scheme, and no error. */
export const missing: Refusal = refuse({
  status: 401,
  code: 'unauthenticated',
  title: 'Send an API token',
  headers: { 'www-authenticate': 'Bearer' },
})

export const unreadable = (detail: string): Refusal =>
  refuse({ status: 400, code: 'bad_request', title: 'The request cannot be read', detail })

const roleDetail = 'Only admins of the organization may do this.'
export const roleMissing: Refusal = refuse({
  status: 403,
  code: 'forbidden',
  title: 'Not allowed',
  detail: roleDetail,
  headers: challenge('insufficient_scope', roleDetail),
})

const unavailable = refuse({
  status: 503,
  code: 'unavailable',
  title: 'Temporarily unavailable',
  headers: { 'retry-after': '1' },
})

/** N2: what the end client is told of a credential that is not good. */
export function refusalOf({ reason }: Inactive): Refusal {
  if (reason === 'unavailable') return unavailable
  const detail = (Object.hasOwn(helpful, reason) ? helpful[reason] : undefined) ?? 'The token is not valid.'
  if (reason === 'insufficient_scope')
    return refuse({
      status: 403,
      code: reason,
      title: 'The scope of the token is not enough',
      detail,
      headers: challenge(reason, detail),
    })
  return refuse({
    status: 401,
    code: 'unauthenticated',
    title: 'Send an API token',
    detail,
    headers: challenge('invalid_token', detail),
  })
}
