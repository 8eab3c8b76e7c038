import { json, text, withProblems } from './openapi-parts.ts'

/** The doors of verifiers that hosts embed (N1, N3), described by hand as the gate is. */

const number = { type: 'string', pattern: '^\\d{1,15}$' }

const inQuery = (name: string, schema: object, description: string) => ({
  name,
  in: 'query',
  required: false,
  schema,
  description,
})

const described = (operationId: string, summary: string, description: string) => ({
  operationId,
  summary,
  description: `${description} Needs a resource key.`,
  tags: ['verifiers'],
  security: [{ resourceKey: [] }, { resourceKeyBasic: [] }],
})

const head = {
  ...described(
    'getHead',
    'Up to which change this process is up to date, and since when it knows that',
    'A verifier that has applied exactly this change may decide from memory until the lease of this process would end.',
  ),
  parameters: [
    inQuery(
      'verifier',
      { type: 'string', pattern: '^[\\w.:@/-]{1,100}$' },
      'The verifier’s name; what follows counts with it alone.',
    ),
    inQuery('applied', number, 'The number of the last change that it has applied.'),
    inQuery('agoMs', number, 'How long ago it applied that.'),
    inQuery('since', number, 'The number at which it began to follow.'),
    inQuery('outageMs', number, 'For how long it decides from memory while nobody answers; at most 300000.'),
    inQuery('leaving', { ...text, enum: ['true', 'false'] }, 'It stops now.'),
  ],
  responses: withProblems(
    {
      200: {
        description: 'The head of the feed.',
        ...json({
          type: 'object',
          required: ['head', 'mark', 'ageMs'],
          properties: { head: { type: 'integer' }, mark: text, ageMs: { type: 'integer', minimum: 0 } },
          additionalProperties: false,
        }),
      },
    },
    ['unauthenticated'],
  ),
}

const point = { type: 'string', pattern: '^\\d{1,15}\\.([0-9a-f]{12})?$' }

const changeEvents =
  'id: 4211.4f1d2c3b5a69\nevent: forget\ndata: {"number":4211,"mark":"4f1d2c3b5a69","forget":"everything"}\n\n'

const changes = {
  ...described(
    'streamChanges',
    'What a verifier must forget, as this process forgets it (Server-Sent Events)',
    'Without a point, or with one that is too old, the first event invalidates everything.',
  ),
  parameters: [
    inQuery('since', point, 'Where the verifier stands: `<number>.<mark>`.'),
    {
      name: 'Last-Event-ID',
      in: 'header',
      required: false,
      schema: point,
      description: 'As `since`, when a stream is resumed.',
    },
  ],
  responses: withProblems(
    {
      200: {
        description: 'Events `forget` with {number, mark, forget: [{kind, id}] or "everything"}.',
        content: { 'text/event-stream': { schema: text, example: changeEvents } },
      },
    },
    ['unauthenticated'],
  ),
}

const use = {
  type: 'object',
  required: ['tokenId', 'day', 'count', 'lastUsedAt'],
  properties: {
    tokenId: { type: 'string', pattern: '^(?:tok)_[0-7][0-9a-hjkmnp-tv-z]{25}$' },
    day: { type: 'string', format: 'date' },
    count: { type: 'integer', minimum: 1, maximum: 1_000_000_000 },
    lastUsedAt: { type: 'string', format: 'date-time' },
  },
  additionalProperties: false,
}

const usage = {
  ...described(
    'reportUses',
    'Uses of managed tokens that a verifier counted',
    'Counts are added to what is recorded, so each use is reported once.',
  ),
  requestBody: { required: true, ...json({ type: 'array', items: use, minItems: 1, maxItems: 1000 }) },
  responses: withProblems(
    {
      200: {
        description: 'They are written.',
        ...json({
          type: 'object',
          required: ['recorded'],
          properties: { recorded: { type: 'integer', minimum: 0 } },
          additionalProperties: false,
        }),
      },
    },
    ['unauthenticated', 'unsupported_media_type', 'invalid_request'],
  ),
}

export const verifierPaths: Record<string, unknown> = {
  '/v1/head': { get: head },
  '/v1/changes': { get: changes },
  '/v1/usage': { post: usage },
}
