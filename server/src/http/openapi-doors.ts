import { json, problem, text } from './openapi-parts.ts'
import { verifierPaths } from './openapi-verifiers.ts'

/** The doors in front of the router, described by hand: they are declared by their standards, not by our route kit. */

const group = { type: 'object', properties: { id: text, name: text } }

const introspection = {
  type: 'object',
  required: ['active'],
  properties: {
    active: { type: 'boolean' },
    reason: {
      ...text,
      description: 'Only when not active: one of the reasons that the guide of the gate lists, such as suspended.',
    },
    sub: text,
    exp: { type: 'integer' },
    iat: { type: 'integer' },
    token_type: { const: 'Bearer' },
    username: text,
    organization_id: text,
    account_id: text,
    account_kind: { enum: ['member', 'service_account'] },
    role: { enum: ['admin', 'member'] },
    groups: { type: 'array', items: group },
    token_id: { ...text, description: 'Of a managed token.' },
    token_source: { enum: ['managed', 'external'] },
    iss: { ...text, description: 'Of an external token, as are provider_id and scope.' },
    provider_id: text,
    scope: text,
  },
}

const introspect = {
  operationId: 'introspect',
  summary: 'Is a presented token good, and whose is it (RFC 7662)',
  tags: ['gate'],
  security: [{ resourceKey: [] }],
  requestBody: {
    required: true,
    content: {
      'application/x-www-form-urlencoded': {
        schema: { type: 'object', required: ['token'], properties: { token: text, organization: text } },
      },
    },
  },
  responses: {
    200: {
      description: 'The decision.',
      headers: {
        'X-Portcullis-Head': {
          schema: { type: 'integer' },
          description: 'The feed’s number that the answer is true for.',
        },
        'X-Portcullis-Mark': { schema: text, description: 'The mark of that number.' },
      },
      ...json(introspection),
    },
    400: problem('`bad_request`'),
    401: problem('`unauthenticated`: not a resource key'),
    413: problem('`payload_too_large`'),
    415: problem('`unsupported_media_type`'),
    500: problem('`internal`'),
    503: problem('`unavailable`'),
  },
}

const forwardHeaders = ['Organization', 'Account', 'Account-Kind', 'Role', 'Groups', 'Token'].map((name) => [
  `X-Portcullis-${name}`,
  { schema: text },
])

const forward = {
  operationId: 'forwardAuth',
  summary: 'May this request pass: for reverse proxies, with the client’s own Authorization header',
  tags: ['gate'],
  security: [{ token: [] }],
  parameters: [
    { name: 'IB-Context', in: 'header', required: false, schema: text, description: 'The organization’s id.' },
    { name: 'X-Portcullis-Require-Role', in: 'header', required: false, schema: { const: 'admin' } },
  ],
  responses: {
    200: { description: 'It may.', headers: Object.fromEntries(forwardHeaders) },
    400: problem('`bad_request`'),
    401: problem('`unauthenticated`'),
    403: problem('`forbidden`, `insufficient_scope`'),
    500: problem('`internal`'),
    503: problem('`unavailable`'),
  },
}

const scalars = { type: 'object', additionalProperties: { type: ['boolean', 'string', 'number'] } }
const flag = {
  type: 'object',
  required: ['key', 'value', 'variant', 'reason', 'metadata'],
  properties: {
    key: text,
    value: { type: 'boolean' },
    variant: { enum: ['on', 'off'] },
    reason: { enum: ['TARGETING_MATCH', 'STATIC', 'DISABLED'] },
    metadata: {
      ...scalars,
      description:
        'What a tag shows: stage, badge, title, docsUrl, feedbackUrl, since, plannedEnd; flagSetId and version.',
    },
  },
}
const flags = {
  type: 'object',
  required: ['flags', 'metadata', 'eventStreams'],
  properties: {
    flags: { type: 'array', items: flag },
    metadata: { ...scalars, description: 'flagSetId (the organization) and version, which never goes back.' },
    eventStreams: {
      type: 'array',
      items: {
        type: 'object',
        required: ['type', 'url'],
        properties: { type: { const: 'sse' }, url: text, inactivityDelaySec: { type: 'integer' } },
      },
    },
  },
}

const ofrepError = (description: string) => ({
  description,
  ...json({
    type: 'object',
    required: ['errorCode', 'errorDetails'],
    properties: { key: text, errorCode: text, errorDetails: text },
  }),
})

const evaluation = (operationId: string, summary: string, parameters: object[], responses: object) => ({
  operationId,
  summary,
  tags: ['ofrep'],
  security: [{ resourceKey: [] }, { apiKey: [] }, { token: [] }, { session: [] }],
  parameters: [
    ...parameters,
    {
      name: 'IB-Context',
      in: 'header',
      required: false,
      schema: text,
      description: 'The organization’s id (not with the resource key).',
    },
  ],
  requestBody: {
    required: false,
    ...json({
      type: 'object',
      properties: {
        context: {
          type: 'object',
          properties: {
            targetingKey: text,
            organization: { ...text, description: 'With the resource key: an id or a slug.' },
          },
        },
      },
    }),
  },
  responses: {
    ...responses,
    400: ofrepError('`INVALID_CONTEXT`, `PARSE_ERROR`, `GENERAL`'),
    401: ofrepError('No good credential'),
    403: ofrepError('The token’s scope names no role that its account holds'),
    500: ofrepError('Something went wrong on our side'),
    503: ofrepError('Neither memory nor the database can vouch; with Retry-After'),
  },
})

const evaluateAll = evaluation(
  'evaluateFlags',
  'Which preview features are on (OFREP, all at once)',
  [
    { name: 'If-None-Match', in: 'header', required: false, schema: text },
    {
      name: 'flagConfigEtag',
      in: 'query',
      required: false,
      schema: text,
      description: 'From an event: when it is not the ETag, the answer is 200.',
    },
  ],
  {
    200: { description: 'All that the organization may see.', headers: { ETag: { schema: text } }, ...json(flags) },
    304: { description: 'Nothing has changed.', headers: { ETag: { schema: text } } },
  },
)

const evaluateOne = evaluation(
  'evaluateFlag',
  'Is a preview feature on (OFREP)',
  [{ name: 'key', in: 'path', required: true, schema: text }],
  { 200: { description: 'The feature.', ...json(flag) }, 404: ofrepError('`FLAG_NOT_FOUND`') },
)

const stream = {
  operationId: 'streamFlagChanges',
  summary: 'Tells when to evaluate anew (OFREP, Server-Sent Events); the address comes with the bulk answer',
  tags: ['ofrep'],
  security: [],
  parameters: [
    { name: 'ticket', in: 'path', required: true, schema: text },
    { name: 'since', in: 'query', required: false, schema: text, description: 'The version that the client has seen.' },
    { name: 'Last-Event-ID', in: 'header', required: false, schema: text },
  ],
  responses: {
    200: {
      description: 'Events `message` with {type: "refetchEvaluation", etag, lastModified}.',
      content: { 'text/event-stream': { schema: text } },
    },
    404: ofrepError('No ticket, or its time has passed'),
    503: ofrepError('Too many streams are open; with Retry-After'),
  },
}

interface Page {
  operationId: string
  summary: string
  tag?: string
  /** What a 200 holds. */
  content: object
  /** Whatever else it may answer. */
  responses?: object
  security?: object[]
}

const page = ({ operationId, summary, tag = 'operations', content, responses = {}, security = [] }: Page) => ({
  get: {
    operationId,
    summary,
    tags: [tag],
    security,
    responses: { 200: { description: summary, ...content }, ...responses },
  },
})

const status = (value: string) =>
  json({ type: 'object', required: ['status'], properties: { status: { const: value } } })

export const doorPaths: Record<string, unknown> = {
  '/oauth2/introspect': { post: introspect },
  '/forward-auth': { get: forward },
  ...verifierPaths,
  '/ofrep/v1/evaluate/flags': { post: evaluateAll },
  '/ofrep/v1/evaluate/flags/{key}': { post: evaluateOne },
  '/ofrep/v1/streams/{ticket}': { get: stream },
  '/healthz': page({ operationId: 'getHealth', summary: 'The process is alive', content: status('alive') }),
  '/readyz': page({
    operationId: 'getReadiness',
    summary: 'The process may take requests',
    content: status('ready'),
    responses: { 503: problem('`unavailable`; waitsFor lists what for') },
  }),
  '/metrics': page({
    operationId: 'getMetrics',
    summary: 'Metrics in Prometheus’ text format; with a resource key',
    content: { content: { 'text/plain': { schema: text } } },
    responses: {
      400: problem('`bad_request`'),
      401: problem('`unauthenticated`: not a resource key'),
      500: problem('`internal`'),
    },
    security: [{ resourceKey: [] }],
  }),
  '/.well-known/oauth-protected-resource': page({
    operationId: 'getResourceMetadata',
    summary: 'RFC 9728 metadata of this API',
    tag: 'gate',
    content: json({ type: 'object', required: ['resource'], properties: { resource: text } }),
  }),
  '/.well-known/oauth-protected-resource/api/v1': page({
    operationId: 'getResourceMetadataOfPath',
    summary: 'The same for clients that know this API by its path /api/v1 (RFC 9728 §3.1)',
    tag: 'gate',
    content: json({ type: 'object', required: ['resource'], properties: { resource: text } }),
  }),
  '/.well-known/portcullis-token-pattern': page({
    operationId: 'getTokenPattern',
    summary: 'The expression that finds every managed token',
    tag: 'gate',
    content: json({ type: 'object', required: ['pattern'], properties: { pattern: text } }),
  }),
}
