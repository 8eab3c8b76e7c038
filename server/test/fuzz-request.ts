import fc from 'fast-check'
import type { Sent } from './fuzz-answer.ts'
import type { ApiDocument, Operation, Parameter } from './fuzz-document.ts'
import { type Header, headersOf } from './fuzz-headers.ts'
import { arbitraryOf, evilTexts, idOf, mark, mutated, mutation, seldom } from './fuzz-values.ts'
import type { World } from './fuzz-world.ts'

/** What one request will be, with marks where the world is to put something in. */
export interface Plan {
  method: string
  path: string
  query: string
  headers: readonly Header[]
  body: { contentType: string; text: string; bytes?: Buffer } | undefined
}

const mebibyte = 1024 * 1024

/** Which ids stand where in a path: after `/groups/` comes a group. */
const nouns: Record<string, readonly string[]> = {
  organizations: ['org'],
  members: ['mem', 'svc'],
  invitations: ['inv'],
  'service-accounts': ['svc'],
  groups: ['grp'],
  tokens: ['tok'],
  'oauth-providers': ['idp'],
  'account-mappings': ['map'],
}

const secrets: Record<string, fc.Arbitrary<string>> = {
  secret: fc.oneof(mark('invitation'), mark('setup', 0), fc.constant('A'.repeat(43))),
  ticket: fc.oneof(mark('ticket'), mark('other-ticket', 0), fc.constant('1.2.3')),
  key: fc.constantFrom('token-insights', 'command-palette', 'nothing-such', 'Key', 'x'.repeat(65)),
}

const oddParts = fc.oneof(
  fc.constantFrom('', '.', '..', '%2e%2e', '%00', '%ff', '%', '%zz', '%2f', 'a%2fb', '%F0%9F%98%80', '%ED%A0%80'),
  fc.constantFrom('null', 'undefined', '-1', '__proto__', 'constructor', 'x'.repeat(5_000), ';a=b', '*', '%20'),
  fc.constantFrom(...evilTexts.filter((it) => it.length < 1_000)).map(encoded),
)

/** Percent-encoded as far as it can be; a lone surrogate as the three bytes that broken encoders make of it. */
function encoded(text: string): string {
  return [...text].map((it) => (/^[\ud800-\udfff]$/.test(it) ? '%ED%A0%80' : encodeURIComponent(it))).join('')
}

function pathOf({ path }: Operation): fc.Arbitrary<string> {
  const parts = path.split('/').map((part, i, all) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1]
    if (name === undefined) return fc.constant(part)
    const usual = name === 'org' ? mark('own:org', 0) : (secrets[name] ?? idOf(nouns[all[i - 1] ?? ''] ?? ['mem']))
    const strange = name === 'org' ? fc.oneof(mark('other:org', 0), mark('absent:org', 0), oddParts) : oddParts
    return seldom(usual, strange, 20)
  })
  const ending = fc.constantFrom('', '/', '//', '/..', ';x', '%00', '%23x', '/x')
  return fc.tuple(fc.tuple(...parts), seldom(fc.constant(''), ending, 40)).map(([it, end]) => it.join('/') + end)
}

const oddQueries = fc.constantFrom(
  'surprise=1',
  'limit=0',
  'limit=-1',
  'limit=1e9',
  'limit=999999',
  'cursor=AAAA',
  `cursor=${'A'.repeat(200)}`,
  'cursor=eyJrIjoiYSJ9',
  '%',
  '%zz=%zz',
  '&&=&',
  '__proto__=1',
  'a[]=1&a[b]=2',
  `q=${'x'.repeat(8_000)}`,
  'access_token=x',
  'token=x',
  'ticket=x',
)

/** One parameter as text; undefined: it is left out. */
function parameterOf({ name, schema, required }: Parameter): fc.Arbitrary<string | undefined> {
  const good = arbitraryOf(schema, (it) => it, name).map(String)
  const odd = fc.constantFrom(...evilTexts.filter((it) => it.length < 6_000))
  const text = seldom(good, odd, 8).map((it) => `${name}=${it.startsWith('⟦') ? it : encoded(it)}`)
  return required ? seldom(text, fc.constant(undefined)) : fc.oneof(text, fc.constant(undefined))
}

function queryOf({ parameters }: Operation): fc.Arbitrary<string> {
  const declared = fc.tuple(...parameters.filter((it) => it.in === 'query').map(parameterOf))
  const odd = seldom(fc.constant<string[]>([]), fc.array(oddQueries, { minLength: 1, maxLength: 2 }), 15)
  return fc.tuple(declared, odd, fc.nat(30)).map(([texts, others, twice]) => {
    const known = texts.filter((it) => it !== undefined)
    return [...known, ...others, ...(twice === 0 ? known : [])].join('&')
  })
}

const formText = (it: unknown): string => {
  if (typeof it !== 'string') return encoded(JSON.stringify(it))
  return it.startsWith('⟦') ? it : encoded(it)
}

const form = (value: unknown): string =>
  Object.entries((typeof value === 'object' && value) || {})
    .map(([name, it]) => `${encoded(name)}=${formText(it)}`)
    .join('&')

const oddTexts = fc.constantFrom(
  '',
  '{',
  '{"name":',
  '[]',
  'null',
  '"text"',
  '1e999',
  '{"a":1e999}',
  '{"a":1,"a":2}',
  '{"__proto__":{"admin":true}}',
  '{"name":"\\ud800"}',
  '\ufeff{}',
  '{} {}',
  '/* */{}',
  'token=a&token=b',
  'token=%zz',
  'token=a\0b',
  '&'.repeat(5_000),
  '['.repeat(50_000),
  '{"a":'.repeat(20_000),
  `[${'['.repeat(20_000)}${']'.repeat(20_000)}]`,
  JSON.stringify({ name: 'x'.repeat(mebibyte) }),
)

const oddBytes = fc.constantFrom(
  Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  Buffer.from('{"name":"a"}', 'utf16le'),
  Buffer.alloc(100_000),
)

const oddTypes = fc.constantFrom(
  'application/json; charset=latin1',
  'application/json;charset="utf-8"',
  'APPLICATION/JSON',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain',
  'application/json, text/plain',
  '',
  '\u00ff',
)

function bodyOf({ body }: Operation, { resolved }: ApiDocument): fc.Arbitrary<Plan['body']> {
  if (!body)
    return seldom(
      fc.constant(undefined),
      oddTexts.map((text) => ({ contentType: 'application/json', text })),
      30,
    )
  const isForm = body.contentType.endsWith('urlencoded')
  const write = (value: unknown) => (isForm ? form(value) : (JSON.stringify(value) ?? ''))
  const value = arbitraryOf(body.schema, resolved)
  const bad = fc
    .tuple(value, fc.array(mutation, { minLength: 1, maxLength: 3 }))
    .map(([it, mutations]) => write(mutations.reduce(mutated, it)))
  const text = fc.oneof(
    { weight: 16, arbitrary: value.map(write) },
    { weight: 7, arbitrary: bad },
    { weight: 2, arbitrary: oddTexts },
  )
  const whole = fc.record({ contentType: seldom(fc.constant(body.contentType), oddTypes, 15), text })
  const bytes = fc.record({ contentType: fc.constant(body.contentType), text: fc.constant(''), bytes: oddBytes })
  return fc.oneof(
    { weight: 40, arbitrary: whole },
    { weight: 1, arbitrary: bytes },
    { weight: 1, arbitrary: fc.constant(undefined) },
  )
}

const otherMethods = ['HEAD', 'OPTIONS', 'TRACE', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']

/** All that an operation may be asked. */
export function plansOf(operation: Operation, document: ApiDocument): fc.Arbitrary<Plan> {
  return fc.record({
    method: seldom(fc.constant(operation.method), fc.constantFrom(...otherMethods), 40),
    path: pathOf(operation),
    query: queryOf(operation),
    headers: headersOf(operation),
    body: bodyOf(operation, document),
  })
}

/** A plan with what the world has in place of its marks. */
export async function sentOf(world: Pick<World, 'fill'>, plan: Plan): Promise<Sent> {
  const path = await world.fill(plan.path, '')
  const query = await world.fill(plan.query, path)
  const headers: Header[] = []
  for (const [name, value] of plan.headers) headers.push([name, await world.fill(value, path)])
  const { body } = plan
  if (body !== undefined && body.contentType !== '') headers.push(['Content-Type', body.contentType])
  const bytes = body && (body.bytes ?? Buffer.from(await world.fill(body.text, path)))
  return { method: plan.method, target: query === '' ? path : `${path}?${query}`, headers, body: bytes }
}
