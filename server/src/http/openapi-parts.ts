/** Parts of the OpenAPI document that descriptions by hand share. */

export const text = { type: 'string' }

export const json = (schema: Record<string, unknown>) => ({ content: { 'application/json': { schema } } })

export const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
})
