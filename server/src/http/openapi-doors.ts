/** The doors in front of the router, described by hand: they are declared by their standards, not by our route kit. */

const text = { type: 'string' }
const json = (schema: Record<string, unknown>) => ({ content: { 'application/json': { schema } } })
const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
})

const group = { type: 'object', properties: { id: text, name: text } }

const introspection = {
  type: 'object',
  required: ['active'],
  properties: {
    active: { type: 'boolean' },
    reason: {
      ...text,
      description: 'Only when not active: malformed, owner_removed, revoked, unknown, expired or suspended.',
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
    token_id: text,
    token_source: { enum: ['managed'] },
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
      },
      ...json(introspection),
    },
    400: problem('`bad_request`'),
    401: problem('`unauthenticated`: not a resource key'),
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
    503: problem('`unavailable`'),
  },
}

const page = (operationId: string, summary: string, tag = 'operations') => ({
  get: { operationId, summary, tags: [tag], security: [], responses: { 200: { description: summary } } },
})

export const doorPaths: Record<string, unknown> = {
  '/oauth2/introspect': { post: introspect },
  '/forward-auth': { get: forward },
  '/healthz': page('getHealth', 'The process is alive'),
  '/readyz': page('getReadiness', 'The process may take requests'),
  '/metrics': page('getMetrics', 'Metrics in Prometheus’ text format; with a resource key'),
  '/.well-known/oauth-protected-resource': page('getResourceMetadata', 'RFC 9728 metadata of this API', 'gate'),
  '/.well-known/portcullis-token-pattern': page(
    'getTokenPattern',
    'The expression that finds every managed token',
    'gate',
  ),
}
