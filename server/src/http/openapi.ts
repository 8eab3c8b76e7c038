import * as z from 'zod'
import { basePath } from '../auth/better-auth.ts'
import { type ProblemCode, problems } from '../kernel/problems.ts'
import { maxBodyBytes } from './body.ts'
import { problem } from './openapi-parts.ts'
import type { AnyRoute, PathParameters } from './route.ts'
import type { SignInRoute } from './sign-in-route.ts'

type Json = Record<string, unknown>

/** The document under construction: shapes that have a name of their own are told once. */
interface Components {
  schemas: Json
}

/** A shape as JSON Schema (2020-12), with its named parts moved to the document's components. */
function schemaOf(shape: z.ZodType, io: 'input' | 'output', components: Components): Json {
  const wrapped = z.toJSONSchema(z.object({ it: shape }), {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type !== 'date') return
      jsonSchema.type = 'string'
      jsonSchema.format = 'date-time'
    },
  })
  const moved = JSON.parse(JSON.stringify(wrapped).replaceAll('#/$defs/', '#/components/schemas/')) as {
    properties: { it: Json }
    $defs?: Json
  }
  for (const [name, schema] of Object.entries(moved.$defs ?? {})) {
    const { id: _id, ...rest } = schema as Json
    components.schemas[name] = rest
  }
  return moved.properties.it
}

const problemSchema: Json = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(problems) },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
    current: { description: 'With 412: the present state.' },
  },
}

/** The refusals that the kit itself can utter for such a route, beside those that the route declares. */
export function refusalsOf(r: AnyRoute): ProblemCode[] {
  const inOrganization = r.who === 'account' || r.who === 'admin' || r.who === 'group_manager'
  const codes: ProblemCode[] = [
    ...r.problems,
    'too_many_requests',
    'internal',
    'unavailable',
    ...(r.who === 'anyone' ? [] : (['bad_request', 'unauthenticated', 'forbidden', 'insufficient_scope'] as const)),
    ...(inOrganization || Object.keys(r.parameters).length > 0 ? (['not_found'] as const) : []),
    ...(r.body ? (['bad_request', 'unsupported_media_type', 'payload_too_large', 'invalid_request'] as const) : []),
    ...(r.query ? (['invalid_request'] as const) : []),
    ...(r.ifMatch ? (['precondition_required'] as const) : []),
  ]
  return [...new Set(codes)].sort()
}

function problemResponses(r: AnyRoute): Json {
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of refusalsOf(r)) {
    const { status } = problems[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, codes]) => [status, { description: codes.map((it) => `\`${it}\``).join(', '), content }]),
  )
}

function parametersOf(r: AnyRoute, components: Components): Json[] {
  const inPath = Object.entries(r.parameters as PathParameters).map(([name, ids]) => ({
    name,
    in: 'path',
    required: true,
    schema:
      ids === 'secret' || ids === 'key'
        ? { type: 'string' }
        : { type: 'string', description: `An id: ${ids.map((it) => `${it}_…`).join(' or ')}` },
  }))
  const query = r.query ? schemaOf(r.query, 'input', components) : {}
  const required = (query.required ?? []) as string[]
  const inQuery = Object.entries((query.properties ?? {}) as Json).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
  const ifMatch = r.ifMatch
    ? [
        {
          name: 'If-Match',
          in: 'header',
          required: true,
          schema: { type: 'string' },
          description: 'The ETag that was read.',
        },
      ]
    : []
  return [...inPath, ...inQuery, ...ifMatch]
}

function operation(r: AnyRoute, components: Components): Json {
  const schema = r.status === 204 ? undefined : schemaOf(r.reply, 'output', components)
  const types = r.files ?? ['application/json']
  const ok = schema && { content: Object.fromEntries(types.map((type) => [type, { schema }])) }
  return {
    operationId: r.id,
    summary: r.summary,
    tags: [tagOf(r.path)],
    security: r.who === 'anyone' ? [] : [{ token: [] }, { session: [] }],
    parameters: parametersOf(r, components),
    ...(r.body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schemaOf(r.body, 'input', components) } },
      },
    }),
    responses: { [r.status]: { description: who[r.who as keyof typeof who], ...ok }, ...problemResponses(r) },
  }
}

const who = {
  anyone: 'For anyone.',
  signed_in: 'For any good credential.',
  account: 'For accounts of the organization.',
  admin: 'For admins of the organization.',
  group_manager: 'For admins and for managers of the group.',
}

/** The noun of a path: `/api/v1/organizations/{org}/tokens/{id}` is about tokens. */
const tagOf = (path: string) => {
  const parts = path
    .replace('/api/v1/', '')
    .split('/')
    .filter((part) => !part.startsWith('{'))
  return (parts[0] === 'organizations' ? (parts[1] ?? 'organization') : parts[0]) ?? 'organization'
}

/** Sign-in keeps the shapes of Better Auth: `{code, message}` for a refusal. */
function signInOperation(it: SignInRoute, components: Components): Json {
  const name = it.path.split(/[/-]/).filter(Boolean)
  return {
    operationId: name.map((part, i) => (i === 0 ? part : part[0]?.toUpperCase() + part.slice(1))).join(''),
    summary: it.summary,
    tags: ['sign-in'],
    security: [],
    ...(it.body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schemaOf(it.body, 'input', components) } },
      },
    }),
    responses: {
      200: { description: 'Done, in the shape of Better Auth.', content: { 'application/json': { schema: {} } } },
      '4XX': {
        description: 'Refused.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/SignInProblem' } } },
      },
    },
  }
}

const signInProblemSchema: Json = {
  type: 'object',
  required: ['code', 'message'],
  properties: { code: { type: 'string' }, message: { type: 'string' } },
}

interface Described {
  routes: readonly AnyRoute[]
  signIn: readonly SignInRoute[]
  /** Doors that stand in front of the router. */
  doors: Json
}

/** What any operation may answer, since it is said before anybody knows which one is meant. */
const everywhere: Json = {
  400: problem('`bad_request`: what came is no HTTP, names two hosts, or cannot be read as an address'),
  408: problem('`request_timeout`: the request came too slowly'),
  413: problem('`payload_too_large`'),
  431: problem('`headers_too_large`'),
  503: problem('`unavailable`: too many requests at once; with Retry-After'),
}

/** The OpenAPI 3.1 document of all that is answered. */
export function openApiOf({ routes, signIn, doors }: Described): Json {
  const components: Components = { schemas: { Problem: problemSchema, SignInProblem: signInProblemSchema } }
  const paths: Record<string, Json> = {}
  for (const r of routes) paths[r.path] = { ...paths[r.path], [r.method]: operation(r, components) }
  for (const it of signIn) paths[basePath + it.path] = { [it.method.toLowerCase()]: signInOperation(it, components) }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Portcullis',
      version: '1',
      description: `JSON in UTF-8, at most ${maxBodyBytes} bytes. Errors are RFC 9457 problems with a stable \`code\`.`,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths: { ...paths, ...doors },
    'x-everywhere': everywhere,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A managed token.' },
        session: { type: 'apiKey', in: 'cookie', name: 'session', description: 'The console’s session cookie.' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'A resource key or a token (OFREP).' },
        resourceKey: { type: 'http', scheme: 'bearer', description: 'The resource key of this instance.' },
      },
      schemas: Object.fromEntries(Object.entries(components.schemas).sort(([a], [b]) => a.localeCompare(b))),
    },
  }
}
