import { html, raw } from 'hono/html'

interface Parameter {
  name: string
  in: string
  description?: string
}

interface Response {
  description: string
  content?: Content
}

type Content = Record<string, { schema: Schema; example?: unknown; examples?: Record<string, { value?: unknown }> }>
type Reference = { $ref: string }

interface Operation {
  operationId?: string
  summary?: string
  description?: string
  tags?: string[]
  parameters?: (Parameter | Reference)[]
  requestBody?: { content: Content }
  responses: Record<string, Response | Reference>
}

interface Components {
  schemas: Record<string, Schema>
  parameters: Record<string, Parameter>
  responses: Record<string, Response>
}

interface Schema {
  $ref?: string
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  enum?: string[]
  anyOf?: Schema[]
  const?: unknown
  format?: string
  minLength?: number
  maxLength?: number
}

const style = `
:root{color-scheme:light dark;--line:light-dark(#d5dbe1,#3b434c);--soft:light-dark(#f4f6f8,#1f242a);--dim:light-dark(#4a5560,#aab4be)}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;overflow-wrap:break-word}
h2{margin-top:3rem}section{border-top:1px solid var(--line);padding:1rem 0}h3{margin:0;font-size:1rem;font-weight:600}
code{font:.875em/1.4 ui-monospace,monospace;background:var(--soft);padding:.1em .3em;border-radius:3px}
.dim{color:var(--dim);overflow-wrap:anywhere}h3 code{overflow-wrap:anywhere}td:first-child{white-space:nowrap}table{border-collapse:collapse;width:100%;margin:.5rem 0}td{padding:.25rem .5rem .25rem 0;vertical-align:top}
pre{background:var(--soft);padding:.75rem;border-radius:4px;overflow-x:auto;margin:.5rem 0}pre code{padding:0;background:none}`

const nameOf = ({ $ref }: { $ref?: string }) => $ref?.split('/').at(-1)

/** What a reference leads to, or the value itself. */
const resolve = <T extends object>(value: T | Reference, shared: Record<string, T>): T =>
  '$ref' in value ? (shared[nameOf(value) ?? ''] ?? (value as T)) : value

/** Descriptions are CommonMark (OpenAPI 3.1 §4.4); ours use its code spans and nothing else. */
const richText = (text: string) => text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part))

/** A schema as one line, as a person would say it: `string (1–100)`, `"all" | "groups"`, `Token[]`. */
function typeOf(schema: Schema): string {
  const name = nameOf(schema)
  if (name) return name
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' | ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((it) => JSON.stringify(it)).join(' | ')
  if (schema.items) return `${typeOf(schema.items)}[]`
  const bounds = schema.maxLength === undefined ? '' : ` (${schema.minLength ?? 0}–${schema.maxLength})`
  return `${schema.format ?? [schema.type ?? 'any'].flat().join(' | ')}${bounds}`
}

const fields = ({ properties = {}, required = [] }: Schema) => html`<table>
  ${Object.entries(properties).map(
    ([name, it]) =>
      html`<tr><td><code>${name}</code>${required.includes(name) ? '' : ' (optional)'}</td><td class="dim">${typeOf(it)}</td></tr>`,
  )}
</table>`

const mediaOf = (content: Content | undefined) => Object.values(content ?? {})[0]

const exampleOf = (content: Content | undefined) => {
  const { example: only, examples = {} } = mediaOf(content) ?? {}
  const example = only ?? Object.values(examples)[0]?.value
  if (example === undefined) return ''
  return html`<pre><code>${typeof example === 'string' ? example : JSON.stringify(example, null, 2)}</code></pre>`
}

const responseRow = (status: string, { description, content }: Response) => {
  const schema = status < '300' ? mediaOf(content)?.schema : undefined
  return html`<tr><td><code>${status}</code></td><td class="dim">${richText(description)} ${schema ? typeOf(schema) : ''}</td></tr>`
}

const parameterRow = ({ name, description = '' }: Parameter) =>
  html`<tr><td><code>${name}</code></td><td class="dim">${richText(description)}</td></tr>`

function section(method: string, path: string, operation: Operation, components: Components) {
  const body = mediaOf(operation.requestBody?.content)?.schema
  const bodySchema = body && (components.schemas[nameOf(body) ?? ''] ?? body)
  const parameters = (operation.parameters ?? []).map((parameter) => resolve(parameter, components.parameters))
  const responses = Object.entries(operation.responses).map(
    ([status, response]) => [status, resolve(response, components.responses)] as const,
  )
  const success = responses.find(([status]) => status < '300')?.[1]
  return html`<section id="${operation.operationId ?? ''}">
    <h3><code>${method.toUpperCase()} ${path}</code></h3>
    <p>${richText(operation.description ?? operation.summary ?? '')}</p>
    ${parameters.length > 0 ? html`<table>${parameters.map(parameterRow)}</table>` : ''}
    ${bodySchema?.properties ? fields(bodySchema) : ''} ${exampleOf(operation.requestBody?.content)}
    <table>
      ${responses.map(([status, response]) => responseRow(status, response))}
    </table>
    ${exampleOf(success?.content)}
  </section>`
}

/** The API as one readable page, made from the same document that machines read; no script, nothing from elsewhere. */
export function docsPage(openApi: Record<string, unknown>, productName: string): string {
  const paths = openApi.paths as Record<string, Record<string, Operation>>
  const components = openApi.components as Components
  const descriptions = new Map(
    (openApi.tags as { name: string; description: string }[]).map((tag) => [tag.name, tag.description]),
  )
  const byTag = new Map<string, ReturnType<typeof section>[]>()
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, it] of Object.entries(methods)) {
      const tag = it.tags?.[0] ?? 'other'
      byTag.set(tag, [...(byTag.get(tag) ?? []), section(method, path, it, components)])
    }
  }
  return String(html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${productName} organization settings: API</title>
        <style>${raw(style)}</style>
      </head>
      <body>
        <main>
          <h1>${productName} organization settings: API</h1>
          <p>
            Send a token as <code>Authorization: Bearer …</code>. Errors are RFC 9457 problems with a stable
            <code>code</code>. For machines: <a href="/openapi.json">openapi.json</a>.
          </p>
          <nav aria-label="Contents"><ul>${[...byTag.keys()].map((tag) => html`<li><a href="#tag-${tag}">${tag}</a></li>`)}</ul></nav>
          ${[...byTag].map(([tag, sections]) => html`<h2 id="tag-${tag}">${tag}</h2><p>${richText(descriptions.get(tag) ?? '')}</p>${sections}`)}
          <h2 id="shapes">shapes</h2>
          ${Object.entries(components.schemas).map(([name, it]) => html`<section id="shape-${name}"><h3>${name}</h3>${fields(it)}</section>`)}
        </main>
      </body>
    </html>`)
}
