import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import type { ZodType } from 'zod'
import { basePath } from '../src/auth/better-auth.ts'
import { managedReasons } from '../src/features/access/rules.ts'
import { signInRoutes } from '../src/features/sign-in/routes.ts'
import { docsPage } from '../src/http/docs-page.ts'
import { openApiOf } from '../src/http/openapi.ts'
import { problems } from '../src/kernel/problems.ts'
import { described, routes } from '../src/routes.ts'
import { faultsOf } from './fuzz-answer.ts'
import { readDocument } from './fuzz-document.ts'

interface MediaType {
  schema: object
  example?: unknown
  examples?: Record<string, { $ref?: string; value?: unknown }>
}
interface Response {
  $ref?: string
  description: string
  content?: Record<string, MediaType>
}
interface Operation {
  operationId: string
  summary: string
  description: string
  tags: string[]
  security: Record<string, unknown>[]
  parameters?: { $ref?: string; name?: string; description?: string; schema?: object; example?: unknown }[]
  requestBody?: { content: Record<string, MediaType> }
  responses: Record<string, Response>
}
interface Document {
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
  components: {
    securitySchemes: Record<string, { type: string; scheme?: string; in?: string; name?: string }>
    responses: Record<string, Response>
    examples: Record<string, { value: { code: string; status: number } }>
    schemas: Record<string, object>
  }
}

const document = openApiOf(described) as unknown as Document
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
)
const operationOf = (id: string) => {
  const operation = operations.find(({ operationId }) => operationId === id)
  if (!operation) throw new Error(`There is no operation ${id}.`)
  return operation
}
const parametersOf = (id: string) => (operationOf(id).parameters ?? []).map(({ $ref, name }) => $ref ?? name)
const schemesOf = (id: string) => operationOf(id).security.flatMap((scheme) => Object.keys(scheme))

describe('every operation', () => {
  test('has an id of its own, a summary, a description and a declared tag', () => {
    const declared = document.tags.map(({ name }) => name)
    for (const { operationId, summary, description, tags } of operations) {
      expect([summary.length, description.length], operationId).not.toContain(0)
      expect(declared, operationId).toEqual(expect.arrayContaining(tags))
    }
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
    expect(declared.filter((tag) => !operations.some(({ tags }) => tags.includes(tag)))).toEqual([])
  })

  test('describes each of its parameters', () => {
    const undescribed = operations.flatMap(({ operationId, parameters = [] }) =>
      parameters.filter(({ $ref, description }) => !$ref && !description).map(({ name }) => `${operationId} ${name}`),
    )
    expect(undescribed).toEqual([])
  })

  test('lists its statuses one by one, those before it is reached included', () => {
    for (const { operationId, responses } of operations) {
      expect(
        Object.keys(responses).filter((status) => !/^[2345]\d\d$/.test(status)),
        operationId,
      ).toEqual([])
      expect(Object.keys(responses), operationId).toEqual(
        expect.arrayContaining(['400', '408', '413', '431', '500', '503']),
      )
    }
    expect(JSON.stringify(document)).not.toMatch(/[2345]XX/)
  })

  test('has an example for each parameter, body and answer, which its schema accepts', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    ajv.addSchema(document, 'document')
    const validate = (schema: object, example: unknown) => {
      // References are relative to the document.
      const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')) as object
      return ajv.validate(absolute, example) ? [] : [ajv.errorsText()]
    }
    const resolve = (response: Response) =>
      response.$ref ? (document.components.responses[response.$ref.split('/').at(-1) ?? ''] as Response) : response
    for (const { operationId, parameters = [], requestBody, responses } of operations) {
      const contents = [requestBody, ...Object.values(responses).map(resolve)].flatMap((part) =>
        Object.values(part?.content ?? {}),
      )
      const shown = [
        ...parameters.filter(({ $ref }) => !$ref).map(({ schema = {}, example }) => ({ schema, example })),
        ...contents.flatMap(({ schema, example, examples }) =>
          examples
            ? Object.values(examples).map(({ $ref, value }) => ({ schema, example: $ref ? exampleOf($ref) : value }))
            : [{ schema, example }],
        ),
      ]
      for (const { schema, example } of shown) {
        expect(example, operationId).toBeDefined()
        expect(validate(schema, example), `${operationId}: ${JSON.stringify(example)}`).toEqual([])
      }
    }
  })

  test('names each of its problems with the code and the status that it has', () => {
    for (const [code, { value }] of Object.entries(document.components.examples))
      expect(value).toMatchObject({ code, status: problems[code as keyof typeof problems].status })
  })
})

const exampleOf = (reference: string) => document.components.examples[reference.split('/').at(-1) ?? '']?.value

const bodyExamples = [
  ...routes.map(({ id, body }) => ({ id, body: body as ZodType | undefined })),
  ...signInRoutes.map(({ method, path, body }) => ({
    id: document.paths[basePath + path]?.[method.toLowerCase()]?.operationId ?? '',
    body,
  })),
].flatMap(({ id, body }) => (body ? [{ id, body }] : []))

test.each(bodyExamples)('the example for the body of $id is accepted by its validation', ({ id, body }) => {
  const { example } = operationOf(id).requestBody?.content['application/json'] ?? {}
  expect(body.safeParse(example).error?.issues ?? []).toEqual([])
})

test('a status that an operation does not list is a fault of the answer, whatever its class', () => {
  const sent = { method: 'GET', target: '/api/v1/me', headers: [], body: undefined }
  const faultsWith = (status: number) =>
    faultsOf(
      readDocument(),
      sent,
      { status, headers: { 'x-request-id': 'x', 'cache-control': 'no-store' }, text: '' },
      [],
    )
  expect(faultsWith(409)).toContain('status 409 is not declared')
  expect(faultsWith(418)).toContain('status 418 is not declared')
  expect(faultsWith(404)).toContain('status 404 is not declared')
  expect(faultsWith(403)).not.toContain('status 403 is not declared')
})

describe('credentials', () => {
  test('the session cookie is declared by both of its names', () => {
    const { session, sessionOverHttp } = document.components.securitySchemes
    expect([session, sessionOverHttp]).toMatchObject([
      { type: 'apiKey', in: 'cookie', name: '__Host-portcullis.session_token' },
      { type: 'apiKey', in: 'cookie', name: 'portcullis.session_token' },
    ])
  })

  test('every operation that a session changes something with has the parameter Origin, and no other has it', () => {
    const withOrigin = operations.filter(({ operationId }) =>
      parametersOf(operationId).some((name) => name?.endsWith('Origin')),
    )
    // OFREP only reads, whatever its method; signing in and links work beside a session, which must not be replaced from elsewhere.
    const changing = operations.filter(
      ({ operationId, method, path }) =>
        method !== 'get' &&
        !path.startsWith('/ofrep/') &&
        (schemesOf(operationId).includes('session') || path.startsWith('/api/auth/')),
    )
    expect(withOrigin.map(({ operationId }) => operationId)).toEqual(changing.map(({ operationId }) => operationId))
    expect(changing.length).toBeGreaterThan(40)
  })

  test('IB-Context is declared wherever an external token may name its organization', () => {
    for (const id of ['introspect', 'forwardAuth', 'evaluateFlags', 'evaluateFlag', 'getMe', 'createToken'])
      expect(parametersOf(id), id).toContain('#/components/parameters/IbContext')
  })

  test('a resource key is declared as Bearer and as the password of Basic', () => {
    const { resourceKey, resourceKeyBasic } = document.components.securitySchemes
    expect([resourceKey?.scheme, resourceKeyBasic?.scheme]).toEqual(['bearer', 'basic'])
    for (const id of ['introspect', 'getMetrics', 'getHead', 'streamChanges', 'reportUses', 'evaluateFlags'])
      expect(schemesOf(id), id).toEqual(expect.arrayContaining(['resourceKey', 'resourceKeyBasic']))
  })
})

test('the reason of introspection is an enumeration of every reason but unavailable, which is 503', () => {
  const { schema } = operationOf('introspect').responses[200]?.content?.['application/json'] ?? {}
  const reasons = (schema as { properties: { reason: { enum: string[] } } }).properties.reason.enum
  expect(reasons).toEqual(expect.arrayContaining([...managedReasons, 'untrusted_issuer', 'insufficient_scope']))
  expect(reasons).not.toContain('unavailable')
})

test('/docs shows code as code, without back-ticks, and escapes everything else', () => {
  const page = docsPage(document as unknown as Record<string, unknown>, 'Example <b>')
  expect(page.match(/.{0,60}`.{0,60}/)).toBeNull()
  expect(page.includes('<code>unauthenticated</code>')).toBe(true)
  expect(page.includes('Example &lt;b&gt;')).toBe(true)
})
