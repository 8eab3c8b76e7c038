import * as z from 'zod'
import type { Json } from './openapi-parts.ts'

/** The document under construction: shapes that have a name of their own are told once. */
export interface Components {
  schemas: Json
}

/** A shape as JSON Schema (2020-12), with its named parts moved to the document's components. */
export function schemaOf(shape: z.ZodType, io: 'input' | 'output', components: Components): Json {
  const wrapped = z.toJSONSchema(z.object({ it: shape }), {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      // Zod leaves out the examples of schemas that transform, although ours are examples of the input.
      const examples = z.globalRegistry.get(zodSchema)?.examples
      if (Array.isArray(examples)) jsonSchema.examples = examples
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

export const requestBodyOf = (body: z.ZodType | undefined, components: Components): Json => {
  if (!body) return {}
  const schema = schemaOf(body, 'input', components)
  return { requestBody: { required: true, content: { 'application/json': { schema } } } }
}
