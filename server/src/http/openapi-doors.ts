import { managedReasons } from '../features/access/rules.ts'
import { externalReasons } from '../features/external-tokens/rules.ts'
import { exampleId } from './openapi-examples.ts'
import { ofrepPaths } from './openapi-ofrep.ts'
import { type Json, json, parameter, text, withProblems } from './openapi-parts.ts'
import { verifierPaths } from './openapi-verifiers.ts'

/** The doors in front of the router, described by hand: they are declared by their standards, not by our route kit. */

const group = { type: 'object', properties: { id: text, name: text } }

/** `unavailable` is answered with 503. */
const inactiveReasons = [...new Set<string>([...managedReasons, ...externalReasons])].filter(
  (reason) => reason !== 'unavailable',
)

const introspection = {
  type: 'object',
  required: ['active'],
  properties: {
    active: { type: 'boolean' },
    reason: {
      ...text,
      enum: inactiveReasons,
      description: 'Only when not active: the first check that failed.',
    },
    sub: text,
    exp: { type: 'integer' },
    iat: { type: 'integer' },
    token_type: { ...text, const: 'Bearer' },
    username: text,
    organization_id: text,
    account_id: text,
    account_kind: { ...text, enum: ['member', 'service_account'] },
    role: { ...text, enum: ['admin', 'member'] },
    groups: { type: 'array', items: group },
    token_id: { ...text, description: 'Of a managed token.' },
    token_source: { ...text, enum: ['managed', 'external'] },
    iss: { ...text, description: 'Of an external token, as are provider_id and scope.' },
    provider_id: text,
    scope: text,
  },
}

const introspectionExamples = {
  active: {
    summary: 'A managed token of a member',
    value: {
      active: true,
      organization_id: exampleId('org'),
      account_id: exampleId('mem'),
      account_kind: 'member',
      username: 'ada@example.com',
      sub: exampleId('mem'),
      role: 'member',
      groups: [{ id: exampleId('grp'), name: 'Platform team' }],
      token_type: 'Bearer',
      token_source: 'managed',
      token_id: exampleId('tok'),
      iat: 1_768_469_400,
      exp: 1_800_000_000,
    },
  },
  inactive: { summary: 'A token that nobody issued', value: { active: false, reason: 'unknown' } },
}

const introspect = {
  operationId: 'introspect',
  summary: 'Is a presented token good, and whose is it (RFC 7662)',
  tags: ['gate'],
  description:
    'Answers 200 with `active` for every readable token; when it is not active, `reason` says why. ' +
    'Needs a resource key. There is no rate limit.',
  security: [{ resourceKey: [] }, { resourceKeyBasic: [] }],
  parameters: [parameter('IbContext')],
  requestBody: {
    required: true,
    content: {
      'application/x-www-form-urlencoded': {
        schema: {
          type: 'object',
          required: ['token'],
          properties: { token: text, organization: { ...text, description: 'As `IB-Context`.' } },
        },
        example: { token: 'pcu_EXAMPLE' },
      },
    },
  },
  responses: withProblems(
    {
      200: {
        description: 'The decision.',
        headers: {
          'X-Portcullis-Head': {
            schema: { type: 'integer' },
            description: 'The feed’s number that the answer is true for.',
          },
          'X-Portcullis-Mark': { schema: text, description: 'The mark of that number.' },
        },
        content: { 'application/json': { schema: introspection, examples: introspectionExamples } },
      },
    },
    ['unauthenticated', 'unsupported_media_type'],
  ),
}

const forwardHeaders = ['Organization', 'Account', 'Account-Kind', 'Role', 'Groups', 'Token'].map((name) => [
  `X-Portcullis-${name}`,
  { schema: text, description: `The ${name.toLowerCase().replace('-', ' ')} of the caller.` },
])

const forward = {
  operationId: 'forwardAuth',
  summary: 'May this request pass: for reverse proxies, with the client’s own Authorization header',
  tags: ['gate'],
  description:
    'Any method and any path below are answered alike. The proxy must replace headers of these names that the client sent. ' +
    'Needs the token that the client presented. There is no rate limit.',
  security: [{ token: [] }],
  parameters: [
    parameter('IbContext'),
    {
      name: 'X-Portcullis-Require-Role',
      in: 'header',
      required: false,
      schema: { ...text, const: 'admin' },
      description: 'Set by the proxy: the role that the account must have.',
    },
  ],
  responses: withProblems(
    { 200: { description: 'The request may pass.', headers: Object.fromEntries(forwardHeaders) } },
    ['unauthenticated', 'forbidden', 'insufficient_scope'],
  ),
}

interface Page {
  operationId: string
  summary: string
  description: string
  tag?: string
  /** What a 200 holds. */
  content: { content: Json }
  /** Credentials and problems of a page that is not public. */
  security?: Json[]
  problems?: Parameters<typeof withProblems>[1]
}

const page = ({
  operationId,
  summary,
  description,
  tag = 'operations',
  content,
  security = [],
  problems = [],
}: Page) => ({
  get: {
    operationId,
    summary,
    description,
    tags: [tag],
    security,
    responses: withProblems({ 200: { description: 'Success.', ...content } }, problems),
  },
})

const status = (value: string) =>
  json({ type: 'object', required: ['status'], properties: { status: { ...text, const: value } } })

const resourceMetadata = json({ type: 'object', required: ['resource'], properties: { resource: text } })

export const doorPaths: Record<string, unknown> = {
  '/oauth2/introspect': { post: introspect },
  '/forward-auth': { get: forward },
  ...verifierPaths,
  ...ofrepPaths,
  '/healthz': page({
    operationId: 'getHealth',
    summary: 'The process is alive',
    description: 'Liveness: answers as long as the process can answer at all.',
    content: status('alive'),
  }),
  '/readyz': page({
    operationId: 'getReadiness',
    summary: 'The process may take requests',
    description: 'Readiness: 503 while something is missing; `waitsFor` lists what.',
    content: status('ready'),
  }),
  '/metrics': page({
    operationId: 'getMetrics',
    summary: 'Metrics in Prometheus’ text format',
    description: 'For Prometheus. Needs a resource key or the metrics key.',
    content: {
      content: { 'text/plain': { schema: text, example: '# TYPE portcullis_ready gauge\nportcullis_ready 1\n' } },
    },
    security: [{ resourceKey: [] }, { resourceKeyBasic: [] }],
    problems: ['unauthenticated'],
  }),
  '/.well-known/oauth-protected-resource': page({
    operationId: 'getResourceMetadata',
    summary: 'RFC 9728 metadata of this API',
    description: 'Where OAuth clients learn about this API; challenges name this address.',
    tag: 'gate',
    content: resourceMetadata,
  }),
  '/.well-known/oauth-protected-resource/api/v1': page({
    operationId: 'getResourceMetadataOfPath',
    summary: 'The same for clients that know this API by its path /api/v1 (RFC 9728 §3.1)',
    description: 'As `/.well-known/oauth-protected-resource`, with the path of the API.',
    tag: 'gate',
    content: resourceMetadata,
  }),
  '/.well-known/portcullis-token-pattern': page({
    operationId: 'getTokenPattern',
    summary: 'The expression that finds every managed token',
    description: 'For secret scanners. A checksum inside each token excludes accidental matches.',
    tag: 'gate',
    content: json({ type: 'object', required: ['pattern'], properties: { pattern: text } }),
  }),
}
