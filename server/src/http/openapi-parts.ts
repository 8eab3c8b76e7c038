import { type ProblemCode, problems } from '../kernel/problems.ts'
import { problemBody } from './reply.ts'

/** Parts of the OpenAPI document that generated and written descriptions share. */

export type Json = Record<string, unknown>

export const text = { type: 'string' }

export const json = (schema: Json) => ({ content: { 'application/json': { schema } } })

/** The reusable parameters, which operations refer to by their key. */
export const sharedParameters = {
  Origin: {
    name: 'Origin',
    in: 'header',
    required: false,
    schema: { ...text, format: 'uri' },
    example: 'https://portcullis.example.com',
    description:
      'Required with a session cookie: the origin of the console, which browsers send by themselves. ' +
      '`Sec-Fetch-Site: same-origin` is accepted in its place. Requests with a token do not need it.',
  },
  SignInOrigin: {
    name: 'Origin',
    in: 'header',
    required: false,
    schema: { ...text, format: 'uri' },
    example: 'https://portcullis.example.com',
    description: 'Required with a cookie: the origin of the console, which browsers send by themselves.',
  },
  IbContext: {
    name: 'IB-Context',
    in: 'header',
    required: false,
    schema: text,
    example: 'org_01k9x7v5c3e8tb6r2mqz4h0nds',
    description:
      'The id of an organization. It selects the organization of an external token that several organizations accept, ' +
      'and must agree with every other parameter that names one.',
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    required: true,
    schema: text,
    example: '"7"',
    description: 'The `ETag` of the state that the change is based on.',
  },
} as const

/** Descriptions of query parameters whose schema has none, by their name: a name means the same in every operation. */
export const queryDescriptions: Record<string, string> = {
  limit: 'Items per page.',
  cursor: '`nextCursor` of the page before.',
  search: 'Part of a name, an address or another text of the item.',
  status: 'Only members with this status.',
  role: 'Only members with this role.',
  state: 'Only tokens in this state.',
  accountId: 'Only of this account.',
  providerId: 'Only of this OAuth provider.',
  confirm: '`true` confirms that the group leaves the selection of the settings.',
  days: 'How many days back.',
  format: 'The format of the file.',
  from: 'Events at this time or later.',
  to: 'Events before this time.',
  actorId: 'Events of this actor.',
  action: 'Events of this action.',
  targetId: 'Events about this target.',
}

export const parameter = (name: keyof typeof sharedParameters) => ({ $ref: `#/components/parameters/${name}` })

export const sharedHeaders = {
  ETag: {
    schema: text,
    example: '"7"',
    description: 'The version of what is sent, for `If-Match` or `If-None-Match`.',
  },
  RetryAfter: {
    schema: { type: 'integer', minimum: 1 },
    example: 1,
    description: 'Seconds to wait before the next attempt (RFC 9110 §10.2.3).',
  },
  WwwAuthenticate: {
    schema: text,
    example: 'Bearer resource_metadata="https://portcullis.example.com/.well-known/oauth-protected-resource"',
    description: 'The challenge (RFC 6750 §3, RFC 9728 §5.1).',
  },
} as const

export const header = (name: keyof typeof sharedHeaders) => ({ $ref: `#/components/headers/${name}` })

/** Every operation may be answered with these, before it is known which operation is requested or whose it is. */
const serverProblems = [
  'bad_request',
  'request_timeout',
  'payload_too_large',
  'headers_too_large',
  'internal',
  'unavailable',
] as const satisfies readonly ProblemCode[]

const headersByStatus: Record<number, Json> = {
  401: { 'WWW-Authenticate': header('WwwAuthenticate') },
  429: { 'Retry-After': header('RetryAfter') },
  503: { 'Retry-After': header('RetryAfter') },
}

const describeProblems = (codes: readonly ProblemCode[]) =>
  `${codes.map((code) => `\`${code}\`: ${problems[code].title}`).join('. ')}.`

/** The response for one status, whose problems are named by their codes. */
function problemResponse(codes: readonly ProblemCode[]): { description: string; headers?: Json; content: Json } {
  const [first = 'internal'] = codes
  const challenge = codes.includes('insufficient_scope') && { 'WWW-Authenticate': header('WwwAuthenticate') }
  const headers = challenge || headersByStatus[problems[first].status]
  return {
    description: describeProblems(codes),
    ...(headers && { headers }),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
      },
    },
  }
}

interface OwnResponse {
  description: string
  headers?: Json
  content?: Json
}

/**
 * The responses of an operation: its own and those of its problems. A status that has both (protocols with errors of their
 * own form) lists both contents; a status with problems alone refers to a shared response.
 */
export function withProblems(own: Record<number, OwnResponse>, codes: readonly ProblemCode[]): Json {
  const responses: Record<string, Json> = Object.fromEntries(
    Object.entries(own).map(([status, response]) => {
      const headers = response.headers ?? headersByStatus[Number(status)] ?? {}
      return [status, { ...response, ...(Object.keys(headers).length > 0 && { headers }) }]
    }),
  )
  const all = [...new Set<ProblemCode>([...codes, ...serverProblems])].sort()
  const byStatus = Map.groupBy(all, (code) => problems[code].status)
  for (const [status, codesOfStatus] of byStatus) {
    const response = own[status]
    if (!response) {
      responses[status] = { $ref: `#/components/responses/${codesOfStatus.join('.')}` }
      continue
    }
    const problem = problemResponse(codesOfStatus)
    responses[status] = {
      ...problem,
      description: `${response.description} Before the operation is reached: ${problem.description}`,
      content: { ...response.content, ...problem.content },
    }
  }
  return responses
}

const requestId = '5f0c6a1e9b7d4c38'

/** The shared responses, and the examples of problems, that a finished part of the document refers to. */
export function sharedProblems(paths: Json): { responses: Json; examples: Json } {
  const found = (folder: string, within: unknown) =>
    [...new Set(JSON.stringify(within).match(new RegExp(`(?<=#/components/${folder}/)[\\w.]+`, 'g')) ?? [])].sort()
  const responses = Object.fromEntries(
    found('responses', paths).map((name) => [name, problemResponse(name.split('.') as ProblemCode[])]),
  )
  const examples = Object.fromEntries(
    found('examples', { paths, responses }).map((name) => {
      const code = name as ProblemCode
      return [code, { summary: problems[code].title, value: problemBody(code, requestId) }]
    }),
  )
  return { responses, examples }
}

export const problemSchema: Json = {
  type: 'object',
  description: 'A problem (RFC 9457). `code` is stable, `title` and `detail` are for people.',
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(problems) },
    requestId: { type: 'string', description: 'Also in the header `X-Request-Id` and in the log.' },
    errors: {
      type: 'array',
      description: 'With 422: the fields that are not valid.',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
    current: { description: 'With 412: the present state.' },
    error: { type: 'string', description: 'From introspection only: the error code of RFC 6749 §5.2.' },
    error_description: { type: 'string', description: 'From introspection only.' },
  },
}
