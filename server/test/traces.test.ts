import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { runPortcullis } from '../../examples/running.ts'
import { identityProvider } from './identity-provider.ts'

interface Span {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  kind: number
  status: { code: number }
  attributes: { key: string; value: { stringValue?: string; intValue?: number | string } }[]
}

/** A collector that takes OTLP over HTTP and keeps what it gets. */
async function collector() {
  const bodies: string[] = []
  const paths = new Set<string>()
  const server = createServer((req, res) => {
    let body = ''
    req.setEncoding('utf8')
    req.on('data', (chunk) => {
      body += chunk
    })
    req.on('end', () => {
      paths.add(req.url ?? '')
      bodies.push(body)
      res.setHeader('content-type', 'application/json').end('{}')
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    paths,
    text: () => bodies.join('\n'),
    spans: () =>
      bodies
        .flatMap((it) => JSON.parse(it).resourceSpans as { scopeSpans: { spans: Span[] }[] }[])
        .flatMap((it) => it.scopeSpans)
        .flatMap((it) => it.spans),
    close: () => new Promise((done) => server.close(done)),
  }
}

const fact = (span: Span | undefined, key: string) => {
  const { stringValue, intValue } = span?.attributes.find((it) => it.key === key)?.value ?? {}
  return stringValue ?? (intValue === undefined ? undefined : Number(intValue))
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const resourceKey = 'a-resource-key-of-the-tests-0123456789'
const hostile = 'Zm9vYmFyYmF6cXV4-a-secret-in-the-path'

let spans: Span[]
let text: string
let paths: Set<string>
let organization: string
let secrets: string[]

/** Everything is done once, then the process stops, which sends whatever is pending. */
beforeAll(async () => {
  const otlp = await collector()
  const idp = await identityProvider(() => new Date())
  const running = await runPortcullis({
    OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url,
    OTEL_SERVICE_NAME: 'portcullis-blue',
    PORTCULLIS_RESOURCE_KEY: resourceKey,
    PORTCULLIS_ALLOWED_JWKS_HOSTS: '127.0.0.1',
  })
  const { json, url } = running
  organization = running.organization
  const { secret } = await running.newToken()
  const introspect = (token: string, headers = {}) =>
    fetch(`${url}/oauth2/introspect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${resourceKey}`, ...headers },
      body: new URLSearchParams({ token }),
    }).then((it) => it.json())
  expect(await introspect(secret, { traceparent })).toMatchObject({ active: true })
  for (let n = 0; n < 5; n += 1) expect(await introspect(secret)).toMatchObject({ active: true })
  const created = { name: 'Foreign', issuer: idp.issuer, jwksUrl: idp.jwksUrl, audiences: ['api'] }
  const { id } = await json('POST', `/api/v1/organizations/${organization}/oauth-providers`, created)
  await json('POST', `/api/v1/organizations/${organization}/oauth-providers/${id}/refresh-keys`)
  await fetch(`${url}/api/v1/organizations/${organization}/members?query=${hostile}`, { headers: { traceparent } })
  await fetch(`${url}/api/v1/invitations/${hostile}?token=${hostile}`, { headers: { traceparent: 'no trace at all' } })
  await running.stop()
  spans = otlp.spans()
  text = otlp.text()
  paths = otlp.paths
  secrets = [secret, resourceKey, hostile, 'correct horse battery staple', idp.token(), '/jwks']
  idp.close()
  await otlp.close()
})

const named = (name: string) => spans.filter((it) => it.name === name)

test('a request of the management API is a span with its route, organization and status', () => {
  const [span, ...others] = named('POST /api/v1/organizations/{org}/tokens')
  expect(others).toEqual([])
  expect(span?.kind).toBe(2)
  expect(fact(span, 'portcullis.route.id')).toBe('createToken')
  expect(fact(span, 'portcullis.organization.id')).toBe(organization)
  expect(fact(span, 'http.response.status_code')).toBe(201)
  expect(fact(span, 'http.route')).toBe('/api/v1/organizations/{org}/tokens')
  expect(fact(span, 'portcullis.request.id')).toMatch(/^[0-9a-f]{12}-\w+$/)
})

test('a caller’s trace goes on here (W3C Trace Context), and what is none begins a new one', () => {
  const [refused] = named('GET /api/v1/organizations/{org}/members')
  expect(refused).toMatchObject({ traceId: traceparent.split('-')[1], parentSpanId: traceparent.split('-')[2] })
  expect(fact(refused, 'http.response.status_code')).toBe(401)
  const [invitation] = named('GET /api/v1/invitations/{secret}')
  expect(invitation?.traceId).toMatch(/^[0-9a-f]{32}$/)
  expect(invitation?.parentSpanId ?? '').toBe('')
})

test('N3: a decision that asked the database is a span, one from memory is none', () => {
  const decisions = named('gate decision')
  expect(decisions).toHaveLength(1)
  expect(decisions[0]).toMatchObject({ traceId: traceparent.split('-')[1], kind: 2 })
  expect(fact(decisions[0], 'portcullis.gate.outcome')).toBe('active')
  expect(fact(decisions[0], 'portcullis.organization.id')).toBe(organization)
})

test('E7: fetching a key set is a span within the request that wanted it, and tells the host alone', () => {
  const [request] = named('POST /api/v1/organizations/{org}/oauth-providers/{id}/refresh-keys')
  const fetched = named('fetch JSON').find((it) => it.parentSpanId === request?.spanId)
  expect(fetched).toMatchObject({ traceId: request?.traceId, kind: 3 })
  expect(fact(fetched, 'server.address')).toBe('127.0.0.1')
})

test('traces go where the standard variables say, under the name that they give', () => {
  expect([...paths]).toEqual(['/v1/traces'])
  expect(text).toContain('portcullis-blue')
})

test('no secret, no path with one and no query is in any of them', () => {
  expect(spans.length).toBeGreaterThan(5)
  for (const secret of secrets) expect(text).not.toContain(secret)
})

test('a collector that is away costs traces and nothing else', async () => {
  const running = await runPortcullis({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
  await running.newToken()
  await running.stop()
})

test('nothing of OpenTelemetry is loaded unless it is configured: one file imports it, and only a start asks for that file', () => {
  const src = join(import.meta.dirname, '../src')
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((it) => it.endsWith('.ts'))
  const having = (text: RegExp) => files.filter((it) => text.test(readFileSync(join(src, it), 'utf8')))
  expect(having(/from '@opentelemetry/)).toEqual(['traces.ts'])
  expect(having(/from '[./]+traces\.ts'/)).toEqual([])
  expect(having(/import\('[./]+traces\.ts'\)/)).toEqual(['start.ts'])
})
