import { basePath } from '../auth/better-auth.ts'
import type { ProblemCode } from '../kernel/problems.ts'
import { maxBodyBytes } from './body.ts'
import { createExample, type ExampleSchema, exampleId, fileExamples } from './openapi-examples.ts'
import {
  header,
  type Json,
  parameter,
  problemSchema,
  queryDescriptions,
  sharedHeaders,
  sharedParameters,
  sharedProblems,
  withProblems,
} from './openapi-parts.ts'
import { type Components, requestBodyOf, schemaOf } from './openapi-schemas.ts'
import { securitySchemes, sessionSchemes } from './openapi-security.ts'
import { signInOperation, signInProblemSchema } from './openapi-sign-in.ts'
import { tags } from './openapi-tags.ts'
import type { AnyRoute, PathParameters } from './route.ts'
import type { SignInRoute } from './sign-in-route.ts'

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

const securityOf = ({ who, problems }: AnyRoute): Json[] => {
  if (who !== 'anyone') return [{ token: [] }, ...sessionSchemes]
  return problems.includes('sign_in_required') ? [{}, ...sessionSchemes] : []
}

const takesSession = (security: readonly Json[]) => security.some((scheme) => 'session' in scheme)

/** The parameters in headers: a change by cookie must prove where it comes from, and tokens may name an organization. */
function headerParameters(r: AnyRoute, security: readonly Json[]): Json[] {
  return [
    ...(takesSession(security) && r.method !== 'get' ? [parameter('Origin')] : []),
    ...(r.who === 'anyone' ? [] : [parameter('IbContext')]),
    ...(r.ifMatch ? [parameter('IfMatch')] : []),
  ]
}

const pathParameter = (name: string, ids: PathParameters[string]): Json => {
  if (ids === 'secret')
    return { schema: { type: 'string' }, example: 'EXAMPLE', description: 'The secret of the link.' }
  if (ids === 'key')
    return { schema: { type: 'string' }, example: 'token-insights', description: 'The key of the feature.' }
  const description = `An id: ${ids.map((prefix) => `\`${prefix}_…\``).join(' or ')}.`
  return {
    schema: { type: 'string' },
    example: exampleId(ids[0]),
    description: name === 'org' ? `The organization. ${description}` : description,
  }
}

function parametersOf(r: AnyRoute, security: readonly Json[], components: Components): Json[] {
  const inPath = Object.entries(r.parameters as PathParameters).map(([name, ids]) => ({
    name,
    in: 'path',
    required: true,
    ...pathParameter(name, ids),
  }))
  const query = r.query ? schemaOf(r.query, 'input', components) : {}
  const required = (query.required ?? []) as string[]
  const inQuery = Object.entries((query.properties ?? {}) as Json).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    description: (schema as { description?: string }).description ?? queryDescriptions[name],
    schema,
  }))
  return [...inPath, ...inQuery, ...headerParameters(r, security)]
}

const whoSentences = {
  anyone: 'Needs no credential.',
  signed_in: 'Needs a token or a session.',
  account: 'Needs a token or a session of an account of the organization.',
  admin: 'Needs a token or a session with the role `admin` in the organization.',
  group_manager: 'Needs the role `admin` in the organization, or `manager` in the group.',
}

/** What a declaration says, in sentences. */
function describeRoute(r: AnyRoute): string {
  const isPaged = r.query !== undefined && 'cursor' in r.query.shape && 'limit' in r.query.shape
  return [
    `${r.summary}.`,
    r.description,
    whoSentences[r.who as keyof typeof whoSentences],
    isPaged && 'Send `nextCursor` as `cursor` for the next page; it is null on the last one.',
    r.ifMatch && 'Answers 428 without `If-Match`, and 412 with the present state when it changed since it was read.',
    r.rationed && 'How often an account and an address may do this is limited (429).',
    r.preview && `Answers 404 while the preview feature \`${r.preview}\` is off.`,
  ]
    .filter(Boolean)
    .join(' ')
}

const successDescriptions = { 200: 'Success.', 201: 'Created.', 204: 'Done; there is no body.' }

function operation(r: AnyRoute, components: Components, versioned: ReadonlySet<string>): Json {
  const schema = r.status === 204 ? undefined : schemaOf(r.reply, 'output', components)
  const types = r.files ?? ['application/json']
  const security = securityOf(r)
  const success = {
    description: successDescriptions[r.status],
    ...(versioned.has(r.path) && { headers: { ETag: header('ETag') } }),
    ...(schema && { content: Object.fromEntries(types.map((type) => [type, { schema }])) }),
  }
  return {
    operationId: r.id,
    summary: r.summary,
    description: describeRoute(r),
    tags: [tagOf(r.path)],
    security,
    parameters: parametersOf(r, security, components),
    ...requestBodyOf(r.body, components),
    responses: withProblems({ [r.status]: success }, refusalsOf(r)),
  }
}

/** The noun of a path: `/api/v1/organizations/{org}/tokens/{id}` is about tokens. */
const tagOf = (path: string) => {
  const parts = path
    .replace('/api/v1/', '')
    .split('/')
    .filter((part) => !part.startsWith('{'))
  return (parts[0] === 'organizations' ? (parts[1] ?? 'organization') : parts[0]) ?? 'organization'
}

interface Described {
  routes: readonly AnyRoute[]
  signIn: readonly SignInRoute[]
  /** Doors that stand in front of the router. */
  doors: Json
}

interface MediaType {
  schema: ExampleSchema
  example?: unknown
  examples?: unknown
}

/** Adds an example to each body and parameter of an operation that has none. */
function addExamples(operation: Json, schemas: Record<string, ExampleSchema>): void {
  const {
    parameters = [],
    requestBody,
    responses,
  } = operation as {
    parameters?: (MediaType & { name: string; $ref?: string })[]
    requestBody?: { content: Record<string, MediaType> }
    responses: Record<string, { content?: Record<string, MediaType> }>
  }
  for (const declared of parameters)
    if (declared.$ref === undefined && declared.example === undefined)
      declared.example = createExample(declared.schema, schemas, { name: declared.name, owner: '' })
  for (const { content } of [...(requestBody ? [requestBody] : []), ...Object.values(responses)])
    for (const [type, media] of Object.entries(content ?? {}))
      if (media.example === undefined && media.examples === undefined)
        media.example = fileExamples[type] ?? createExample(media.schema, schemas)
}

/** Every path with its operations, complete but for examples. */
function pathsOf({ routes, signIn, doors }: Described, components: Components): Record<string, Record<string, Json>> {
  const paths: Record<string, Record<string, Json>> = {}
  const versioned = new Set(routes.filter((r) => r.ifMatch).map((r) => r.path))
  for (const r of routes) paths[r.path] = { ...paths[r.path], [r.method]: operation(r, components, versioned) }
  for (const r of signIn) paths[basePath + r.path] = { [r.method.toLowerCase()]: signInOperation(r, components) }
  return { ...paths, ...(structuredClone(doors) as typeof paths) }
}

/** The OpenAPI 3.1 document of every endpoint. */
export function openApiOf(described: Described): Json {
  const components: Components = { schemas: { Problem: problemSchema, SignInProblem: signInProblemSchema } }
  const paths = pathsOf(described, components)
  const schemas = components.schemas as Record<string, ExampleSchema>
  for (const operations of Object.values(paths))
    for (const operation of Object.values(operations)) addExamples(operation, schemas)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Portcullis',
      version: '1',
      description: `JSON in UTF-8, at most ${maxBodyBytes} bytes. Errors are RFC 9457 problems with a stable \`code\`.`,
      contact: { name: 'The operator of this instance' },
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The instance that serves this document.' }],
    tags,
    paths,
    components: {
      securitySchemes,
      parameters: sharedParameters,
      headers: sharedHeaders,
      ...sharedProblems(paths),
      schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => a.localeCompare(b))),
    },
  }
}
