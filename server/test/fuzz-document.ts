import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'

/** A JSON Schema as our document writes it. */
export interface Schema {
  $ref?: string
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema | boolean
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  enum?: unknown[]
  const?: unknown
  pattern?: string
  format?: string
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  minimum?: number
  maximum?: number
}

type Content = Record<string, { schema: Schema }>

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  schema: Schema
}

export interface Operation {
  id: string
  method: string
  path: string
  parameters: readonly Parameter[]
  body: { contentType: string; schema: Schema } | undefined
  /** The schemes that it takes, `none` where a credential is optional; empty when anybody may ask. */
  schemes: readonly string[]
}

interface Described {
  operationId: string
  parameters?: (Parameter | { $ref: string })[]
  requestBody?: { content: Content }
  security: Record<string, unknown>[]
  responses: Record<string, { $ref?: string; content?: Content }>
}

interface OpenApi {
  paths: Record<string, Record<string, Described>>
  components: { schemas: Record<string, Schema>; parameters: Record<string, Parameter> }
}

const file = new URL('../../openapi.json', import.meta.url)

/** What the committed document says of an answer with this status. */
interface Declared {
  /** The content types, each with where its schema stands; none: there is no body. */
  schemas: ReadonlyMap<string, string>
}

export type ApiDocument = ReturnType<typeof readDocument>

const escaped = (part: string) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))

const isTime = (text: string) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text)

/** `openapi.json` as it is committed: its operations, and what each may answer. */
export function readDocument() {
  const document = JSON.parse(readFileSync(file, 'utf8')) as OpenApi
  const ajv = new Ajv2020({ strict: false })
  ajv.addFormat('date-time', (text: string) => isTime(text) && !Number.isNaN(Date.parse(text)))
  ajv.addFormat('date', /^\d{4}-\d\d-\d\d$/)
  ajv.addFormat('idn-email', /^[^@\s]+@[^@\s]+$/)
  ajv.addSchema(document, 'document')
  const compiled = new Map<string, ValidateFunction>()

  const resolveParameter = (parameter: Parameter | { $ref: string }): Parameter => {
    if (!('$ref' in parameter)) return parameter
    const shared = document.components.parameters[parameter.$ref.split('/').at(-1) ?? '']
    if (!shared) throw new Error(`There is no ${parameter.$ref}.`)
    return shared
  }

  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, it]): Operation => {
      const [contentType, content] = Object.entries(it.requestBody?.content ?? {})[0] ?? []
      return {
        id: it.operationId,
        method: method.toUpperCase(),
        path,
        parameters: (it.parameters ?? []).map(resolveParameter),
        body: contentType && content ? { contentType, schema: content.schema } : undefined,
        schemes: it.security.flatMap((scheme) => (Object.keys(scheme).length === 0 ? ['none'] : Object.keys(scheme))),
      }
    }),
  )

  /** Undefined: the document declares no such status for this operation. */
  const declaredOf = ({ path, method }: Operation, status: number): Declared | undefined => {
    const response = document.paths[path]?.[method.toLowerCase()]?.responses[String(status)]
    if (response === undefined) return undefined
    const own = ['paths', path, method.toLowerCase(), 'responses', String(status)]
    const place = response.$ref?.split('/').slice(1) ?? own
    const target = place.reduce<unknown>((value, part) => (value as Record<string, unknown>)[part], document)
    const types = Object.keys((target as { content?: Content }).content ?? {})
    const pointerTo = (type: string) => `document#/${[...place, 'content', type, 'schema'].map(escaped).join('/')}`
    return { schemas: new Map(types.map((type) => [type, pointerTo(type)])) }
  }

  /** What is wrong with a value by the schema that stands there; undefined when nothing is. */
  const faultOf = (pointer: string, value: unknown): string | undefined => {
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: pointer })
    compiled.set(pointer, validate)
    return validate(value) ? undefined : ajv.errorsText(validate.errors)
  }

  const resolved = (schema: Schema): Schema => {
    const name = schema.$ref?.split('/').at(-1)
    return name === undefined ? schema : (document.components.schemas[name] ?? {})
  }

  return { operations, declaredOf, faultOf, resolved }
}
