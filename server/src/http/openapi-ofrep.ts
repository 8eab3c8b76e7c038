import { header, json, parameter, text, withProblems } from './openapi-parts.ts'

/** OFREP 0.3, described by its own schemas and errors. */

type Responses = Parameters<typeof withProblems>[0]

const scalars = { type: 'object', additionalProperties: { type: ['boolean', 'string', 'number'] } }
const flag = {
  type: 'object',
  required: ['key', 'value', 'variant', 'reason', 'metadata'],
  properties: {
    key: text,
    value: { type: 'boolean' },
    variant: { ...text, enum: ['on', 'off'] },
    reason: { ...text, enum: ['TARGETING_MATCH', 'STATIC', 'DISABLED'] },
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
        properties: { type: { ...text, const: 'sse' }, url: text, inactivityDelaySec: { type: 'integer' } },
      },
    },
  },
}

const ofrepError = (description: string) => ({
  description,
  ...json({
    type: 'object',
    required: ['errorCode', 'errorDetails'],
    properties: {
      key: text,
      errorCode: { ...text, enum: ['PARSE_ERROR', 'INVALID_CONTEXT', 'FLAG_NOT_FOUND', 'GENERAL'] },
      errorDetails: text,
    },
  }),
})

const evaluation = (operationId: string, summary: string, parameters: object[], responses: Responses) => ({
  operationId,
  summary,
  description:
    'A resource key names the organization in the context; a token or a session has one. ' +
    'Follows OFREP 0.3. There is no rate limit.',
  tags: ['ofrep'],
  security: [
    { resourceKey: [] },
    { resourceKeyBasic: [] },
    { apiKey: [] },
    { token: [] },
    { session: [] },
    { sessionOverHttp: [] },
  ],
  parameters: [...parameters, parameter('IbContext')],
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
  responses: withProblems(
    {
      ...responses,
      400: ofrepError('`INVALID_CONTEXT`, `PARSE_ERROR`, `GENERAL`'),
      401: ofrepError('No good credential'),
      403: ofrepError('The token’s scope names no role that its account holds'),
      500: ofrepError('Something went wrong on our side'),
      503: ofrepError('Neither memory nor the database can vouch; with Retry-After'),
    },
    [],
  ),
})

const evaluateAll = evaluation(
  'evaluateFlags',
  'Which preview features are on (OFREP, all at once)',
  [
    {
      name: 'If-None-Match',
      in: 'header',
      required: false,
      schema: text,
      description: 'The `ETag` of the answer that the client has: 304 when it is still true.',
    },
    {
      name: 'flagConfigEtag',
      in: 'query',
      required: false,
      schema: text,
      description: 'From an event: when it is not the ETag, the answer is 200.',
    },
  ],
  {
    200: { description: 'All that the organization may see.', headers: { ETag: header('ETag') }, ...json(flags) },
    304: { description: 'Nothing has changed.', headers: { ETag: header('ETag') } },
  },
)

const evaluateOne = evaluation(
  'evaluateFlag',
  'Is a preview feature on (OFREP)',
  [{ name: 'key', in: 'path', required: true, schema: text, description: 'The key of the feature.' }],
  { 200: { description: 'The feature.', ...json(flag) }, 404: ofrepError('`FLAG_NOT_FOUND`') },
)

const stream = {
  operationId: 'streamFlagChanges',
  summary: 'Tells when to evaluate anew (OFREP, Server-Sent Events); the address comes with the bulk answer',
  description:
    'The ticket in the address is the credential; it ends after a while, and the next bulk answer brings another address.',
  tags: ['ofrep'],
  security: [],
  parameters: [
    {
      name: 'ticket',
      in: 'path',
      required: true,
      schema: text,
      description: 'Comes with the address from the bulk answer.',
    },
    {
      name: 'since',
      in: 'query',
      required: false,
      schema: text,
      example: '7',
      description: 'The version that the client has seen.',
    },
    {
      name: 'Last-Event-ID',
      in: 'header',
      required: false,
      schema: text,
      example: '7',
      description: 'As `since`, when a stream is resumed.',
    },
  ],
  responses: withProblems(
    {
      200: {
        description: 'Events `message` with {type: "refetchEvaluation", etag, lastModified}.',
        content: {
          'text/event-stream': { schema: text, example: 'event: message\ndata: {"type":"refetchEvaluation"}\n\n' },
        },
      },
      404: ofrepError('No ticket, or its time has passed'),
      503: ofrepError('Too many streams are open; with Retry-After'),
    },
    [],
  ),
}

export const ofrepPaths: Record<string, unknown> = {
  '/ofrep/v1/evaluate/flags': { post: evaluateAll },
  '/ofrep/v1/evaluate/flags/{key}': { post: evaluateOne },
  '/ofrep/v1/streams/{ticket}': { get: stream },
}
