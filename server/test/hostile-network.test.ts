import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type GateServer, gateServer, resourceKey } from './gate-server.ts'
import { ask, exchange, parseAnswer } from './raw-http.ts'

let it: GateServer
let token: string
beforeAll(async () => {
  it = await gateServer()
  token = it.issue()
})
afterAll(() => it.server.stop({ announceMs: 0, deadlineMs: 50 }))

/** What an attacker hides behind a request whose end two parsers see at two places. */
const hidden = 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

const body = () => `token=${token}`
const size = () => body().length.toString(16)
const chunked = () => `${size()}\r\n${body()}\r\n0\r\n\r\n`

/** An introspection with these lines for its framing, and this body. */
const asked = (lines: string, content = body()) =>
  `POST /oauth2/introspect HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${resourceKey}\r\nContent-Type: application/x-www-form-urlencoded\r\n${lines}\r\n\r\n${content}`

const length = (text: string | number) => asked(`Content-Length: ${text}`)
const encoding = (text: string) => asked(`Transfer-Encoding: ${text}`, chunked())
const chunks = (text: string) => asked('Transfer-Encoding: chunked', text)
const l = () => body().length

/** Every answer on a connection that these bytes were sent on, until it was closed. */
async function answersTo(request: string) {
  const text = await exchange(it.port, Buffer.from(request + hidden, 'latin1'))
  return text.split(/(?=HTTP\/1\.1 \d{3} )/).map(parseAnswer)
}

const refusedForms: [string, () => string][] = [
  ['a length and chunks', () => asked(`Content-Length: ${l()}\r\nTransfer-Encoding: chunked`, chunked())],
  ['chunks and a length', () => asked('Transfer-Encoding: chunked\r\nContent-Length: 4', chunked())],
  ['two lengths that differ', () => asked(`Content-Length: ${l()}\r\nContent-Length: 0`)],
  ['two lengths that agree', () => asked(`Content-Length: ${l()}\r\nContent-Length: ${l()}`)],
  ['a list of lengths', () => length(`${l()}, ${l()}`)],
  ['a length with a sign', () => length(`+${l()}`)],
  ['a negative length', () => length(-1)],
  ['a hexadecimal length', () => length('0x10')],
  ['a length over 64 bits', () => length('18446744073709551617')],
  ['a length that is empty', () => length('')],
  ['a space before the colon of a length', () => asked(`Content-Length : ${l()}`)],
  ['a tab before the colon of a length', () => asked(`Content-Length\t: ${l()}`)],
  ['a length on a folded line', () => asked(`Content-Length:\r\n ${l()}`)],
  ['a header that is folded', () => asked(`X-A: b\r\n c\r\nContent-Length: ${l()}`)],
  ['a first header that begins with a space', () => asked(`Content-Length: ${l()}`).replace('Host:', ' Host:')],
  ['lines that end with LF alone', () => asked(`Content-Length: ${l()}`).replaceAll('\r\n', '\n')],
  ['one line that ends with LF alone', () => asked(`X-A: b\nContent-Length: ${l()}`)],
  ['a CR inside a line', () => asked(`X-A: b\rContent-Length: ${l()}`)],
  ['NUL in a name', () => asked(`X\0A: b\r\nContent-Length: ${l()}`)],
  ['NUL in a value', () => asked(`X-A: b\0c\r\nContent-Length: ${l()}`)],
  ['a line without a colon', () => asked(`Foo\r\nContent-Length: ${l()}`)],
  ['chunked, twice', () => asked('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', chunked())],
  ['chunked, and not last', () => encoding('chunked, identity')],
  ['identity', () => encoding('identity')],
  ['something beneath the chunks', () => encoding('gzip, chunked')],
  ['xchunked', () => encoding('xchunked')],
  ['chunked after a vertical tab', () => encoding('\x0bchunked')],
  ['chunked in quotes', () => encoding('"chunked"')],
  ['chunked with a parameter', () => encoding('chunked;q=1')],
  ['a space before the colon of an encoding', () => asked('Transfer-Encoding : chunked', chunked())],
  ['chunked on a folded line', () => asked('Transfer-Encoding:\r\n chunked', chunked())],
  ['chunks in HTTP/1.0', () => encoding('chunked').replace('HTTP/1.1', 'HTTP/1.0')],
  ['chunks whose lines end with LF alone', () => chunks(chunked().replaceAll('\r\n', '\n'))],
  ['a chunk extension that ends with LF alone', () => chunks(`${size()};a\n${body()}\r\n0\r\n\r\n`)],
  ['a chunk size with 0x', () => chunks(`0x${chunked()}`)],
  ['a chunk size with a space', () => chunks(`${size()} \r\n${body()}\r\n0\r\n\r\n`)],
  ['a negative chunk size', () => chunks('-1\r\n')],
  ['a chunk size over 64 bits', () => chunks('fffffffffffffffff\r\n')],
  ['a chunk that is longer than it says', () => chunks(`${size()}\r\n${body()}xx\r\n0\r\n\r\n`)],
  ['HTTP/0.9', () => 'GET /healthz\r\n\r\n'],
  ['HTTP/2.0 in the letters of HTTP/1', () => 'GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n'],
]

test.each(refusedForms)('400: %s, and the connection ends with what came behind it', async (_what, request) => {
  const answers = await answersTo(request())
  expect(answers.map((answer) => answer.status)).toEqual([400])
  expect(answers[0]?.json()).toMatchObject({ code: 'bad_request' })
  expect(answers[0]?.headers.connection).toEqual(['close'])
})

/** Faults of framing and of Host, at endpoints that read no body and need no host. */
const endpoints = [
  'GET /healthz',
  'GET /forward-auth',
  'POST /oauth2/introspect',
  'GET /metrics',
  'POST /anything',
  'GET //anything',
] as const
const faults: [string, (target: string) => string][] = [
  ['no Host', (target) => `${target} HTTP/1.1\r\n\r\n`],
  ['two Hosts that agree', (target) => `${target} HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n`],
  ['two Hosts in HTTP/1.0', (target) => `${target} HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n`],
  ...[
    '',
    'a b',
    'a/b',
    'a@b',
    'a:b',
    'a:1:2',
    'http://a',
    '[::1',
    '[a]',
    '[1.2.3.4]',
    '::1',
    'a%',
    '[::1]x',
    '[fe80::1%25eth0]',
  ].map((host): [string, (target: string) => string] => [
    `the Host "${host}"`,
    (target) => `${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
  ]),
  ['an absolute form without a host', (target) => `${target.replace(' ', ' http://')} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ['an absolute form with a user', (target) => `${target.replace(' ', ' http://u@a')} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ...['1.0', '1.1', '2.0'].map((version): [string, (target: string) => string] => [
    `an encoding beneath the chunks in HTTP/${version}`,
    (target) => `${target} HTTP/${version}\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  ]),
  [
    'chunks in HTTP/1.0',
    (target) =>
      `${target} HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n`,
  ],
  [
    'chunks and a length in HTTP/1.0',
    (target) => `${target} HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
  ],
]

describe.each(endpoints)('%s', (target) => {
  test.each(faults)('400: %s, and the connection ends', async (_what, request) => {
    const answers = await answersTo(request(target))
    expect(answers.map((answer) => answer.status)).toEqual([400])
    expect(answers[0]?.headers.connection).toEqual(['close'])
  })
})

test.each([
  '[::1]',
  '[::1]:3000',
  '[2001:db8:0:0:0:0:0:1]:80',
  '[::ffff:127.0.0.1]',
  '[FE80::1]:',
  'EXAMPLE.com:',
  'a_b.example:65535',
  '127.0.0.1',
])('404 and 200: the Host %s is one, for the router, too', async (host) => {
  const text = await exchange(it.port, Buffer.from(`GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n${hidden}`))
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 200'])
})

test('HTTP/1.0 may do without a Host (RFC 9112 §3.2)', async () => {
  expect(await exchange(it.port, Buffer.from('GET /healthz HTTP/1.0\r\n\r\n'))).toMatch(/^HTTP\/1\.1 200 /)
  expect(await exchange(it.port, Buffer.from('GET /x HTTP/1.0\r\n\r\n'))).toMatch(/^HTTP\/1\.1 404 /)
})

test('what is faulty ends the connection also where no place is left', async () => {
  const full = await gateServer({ limits: { maxInFlight: 0 } })
  const text = await exchange(
    full.port,
    Buffer.from(`POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n${hidden}`),
  )
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400'])
  await full.server.stop({ announceMs: 0, deadlineMs: 50 })
})

test('a fault behind a request that waits for its answer is not answered in its place', async () => {
  const waiting = await gateServer()
  const answered = exchange(waiting.port, Buffer.from('GET /slow HTTP/1.1\r\nHost: a\r\n\r\nNO HTTP\r\n\r\n')).catch(
    () => '',
  )
  expect(await answered).toBe('')
  await waiting.server.stop({ announceMs: 0, deadlineMs: 50 })
})

test('413: chunk extensions without end', async () => {
  const answers = await answersTo(chunks(`${size()};${'a'.repeat(20_000)}\r\n${body()}\r\n0\r\n\r\n`))
  expect(answers.map((answer) => answer.status)).toEqual([413])
})

const goodForms: [string, () => string][] = [
  ['a length', () => length(l())],
  ['chunks', () => encoding('chunked')],
  ['chunks in any case, with space around', () => encoding(' cHuNkEd ')],
  [
    'a chunk extension, which says nothing to us (RFC 9112 §7.1.1)',
    () => chunks(`${size()};a=b\r\n${body()}\r\n0\r\n\r\n`),
  ],
  ['a trailer, which is no header', () => chunks(`${size()}\r\n${body()}\r\n0\r\nAuthorization: Bearer x\r\n\r\n`)],
  ['a header whose name has an underscore', () => asked(`Transfer_Encoding: chunked\r\nContent-Length: ${l()}`)],
]

test.each(goodForms)('200: %s; it ends where everybody sees it end', async (_what, request) => {
  const [first, second, ...others] = await answersTo(request())
  expect(first?.json()).toMatchObject({ active: true })
  expect(second?.json()).toEqual({ status: 'alive' })
  expect(others).toEqual([])
})

describe('every answer says that it is what it says, and that https is all there is', () => {
  const authorization = ['Authorization', `Bearer ${resourceKey}`] as const
  const form = ['Content-Type', 'application/x-www-form-urlencoded'] as const
  const introspect = { method: 'POST', path: '/oauth2/introspect' }
  test.each([
    [200, 'introspection', () => ({ ...introspect, headers: [authorization, form], body: body() })],
    [401, 'introspection without a key', () => ({ ...introspect, headers: [form], body: body() })],
    [200, 'forward-auth', () => ({ path: '/forward-auth', headers: [['Authorization', `Bearer ${token}`] as const] })],
    [401, 'forward-auth', () => ({ path: '/forward-auth' })],
    [200, 'health', () => ({ path: '/healthz' })],
    [200, 'readiness', () => ({ path: '/readyz' })],
    [200, 'metrics', () => ({ path: '/metrics', headers: [authorization] })],
    [200, 'metadata', () => ({ path: '/.well-known/oauth-protected-resource' })],
    [404, 'what the router answers', () => ({ path: '/anything' })],
  ] as const)('%i: %s', async (status, _what, request) => {
    const answer = await ask(it.port, request())
    expect(answer.status).toBe(status)
    expect(answer.headers['x-content-type-options']).toEqual(['nosniff'])
    expect(answer.headers['strict-transport-security']).toEqual(['max-age=63072000; includeSubDomains'])
  })

  test('400: what is no HTTP', async () => {
    const answer = parseAnswer(await exchange(it.port, Buffer.from('nonsense\r\n\r\n')))
    expect(answer.status).toBe(400)
    expect(answer.headers['x-content-type-options']).toEqual(['nosniff'])
  })
})
