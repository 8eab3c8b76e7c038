import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { certificateFor } from '../../test/certificate.ts'
import { readAllowedHosts } from './addresses.ts'
import { discover } from './discovery.ts'
import { buildFetchJson, type FetchParts, fetchFaults, maxBytes } from './fetch-json.ts'

const document = JSON.stringify({ keys: [] })
const json = { 'Content-Type': 'application/json' }
const fine = (res: ServerResponse) => res.writeHead(200, json).end(document)
let behave: (res: ServerResponse, path: string) => unknown = fine
let asked: string[] = []
const listener: RequestListener = (req, res) => {
  asked.push(req.url ?? '')
  behave(res, req.url ?? '')
}

const tls = certificateFor('idp.test')
const plain = createServer(listener)
const secure = createTlsServer(tls, listener)
let http = ''
let port = 0
const portOf = (it: Server) => (it.address() as AddressInfo).port
beforeAll(async () => {
  for (const it of [plain, secure]) await new Promise<void>((listening) => it.listen(0, '127.0.0.1', listening))
  http = `http://127.0.0.1:${portOf(plain)}`
  port = portOf(secure)
})
afterAll(() => {
  for (const it of [plain, secure]) {
    it.close()
    it.closeAllConnections()
  }
})

let waited: number[] = []
let resolved: string[] = []
beforeEach(() => {
  behave = fine
  asked = []
  waited = []
  resolved = []
})

const listed = readAllowedHosts(['127.0.0.1'])
const allowed = 'wrong' in listed ? expect.unreachable(listed.wrong) : listed
const nothing = { names: new Set<string>(), networks: [] }
const build = (parts: Partial<FetchParts> = {}) =>
  buildFetchJson({
    allowed,
    resolve: async (host) => {
      resolved.push(host)
      return ['127.0.0.1']
    },
    wait: async (ms) => waited.push(ms),
    ca: tls.cert,
    ...parts,
  })
const codeOf = async (url: string, parts?: Partial<FetchParts>) => {
  const fetched = await build(parts)(url)
  return fetched.ok ? 'fetched' : fetched.code
}

describe('what is fetched', () => {
  test('a document by https, by the name that was checked', async () => {
    expect(await build()(`https://idp.test:${port}/jwks?x=1`)).toEqual({ ok: true, document: { keys: [] } })
    expect([asked, resolved]).toEqual([['/jwks?x=1'], ['idp.test']])
  })

  test('by http from a host that the operator listed', async () => expect(await codeOf(`${http}/`)).toBe('fetched'))

  test.each(['application/json; charset=utf-8', 'application/jwk-set+json', 'APPLICATION/JSON'])(
    'as %s',
    async (type) => {
      behave = (res) => res.writeHead(200, { 'Content-Type': type }).end(document)
      expect(await codeOf(http)).toBe('fetched')
    },
  )

  test.each([
    ['gzip', gzipSync(document)],
    ['deflate', deflateSync(document)],
    ['br', brotliCompressSync(document)],
    ['GZIP', gzipSync(document)],
  ])('compressed, though not asked for: %s', async (encoding, body) => {
    behave = (res) => res.writeHead(200, { ...json, 'Content-Encoding': encoding }).end(body)
    expect(await codeOf(http)).toBe('fetched')
  })

  test('up to 256 KiB and not a byte more', async () => {
    const sized = (bytes: number) => `{"x":"${'a'.repeat(bytes - 8)}"}`
    behave = (res, path) => res.writeHead(200, json).end(sized(maxBytes + Number(path.slice(1))))
    expect([await codeOf(`${http}/0`), await codeOf(`${http}/1`)]).toEqual(['fetched', 'too_large'])
  })
})

describe('a hostile server', () => {
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 0x20))
  const endless = (res: ServerResponse, chunk: Buffer, headers = {}) => {
    res.writeHead(200, { ...json, ...headers })
    const more = () => {
      while (!res.destroyed && res.write(chunk));
    }
    res.on('drain', more)
    more()
  }
  const answers: [name: string, expected: string, behave: (res: ServerResponse) => unknown][] = [
    ['a redirect', 'redirect', (res) => res.writeHead(302, { Location: `${http}/elsewhere` }).end()],
    [
      'a permanent redirect inward',
      'redirect',
      (res) => res.writeHead(308, { Location: 'http://169.254.169.254/' }).end(),
    ],
    ['300 with a document', 'redirect', (res) => res.writeHead(300, json).end(document)],
    ['404', 'status', (res) => res.writeHead(404, json).end(document)],
    ['500', 'status', (res) => res.writeHead(500, json).end(document)],
    ['204', 'status', (res) => res.writeHead(204).end()],
    ['HTML', 'not_json', (res) => res.writeHead(200, { 'Content-Type': 'text/html' }).end(document)],
    ['no content type', 'not_json', (res) => res.writeHead(200).end(document)],
    [
      'a type that only begins like JSON',
      'not_json',
      (res) => res.writeHead(200, { 'Content-Type': 'application/jsonp' }).end(''),
    ],
    ['no JSON', 'not_json', (res) => res.writeHead(200, json).end('keys')],
    ['a list', 'not_json', (res) => res.writeHead(200, json).end('[]')],
    ['nothing', 'not_json', (res) => res.writeHead(200, json).end()],
    ['a byte-order mark', 'not_json', (res) => res.writeHead(200, json).end(`\uFEFF${document}`)],
    ['a member twice', 'not_json', (res) => res.writeHead(200, json).end('{"keys":[],"keys":[]}')],
    ['100,000 nested lists', 'not_json', (res) => res.writeHead(200, json).end(`{"keys":${'['.repeat(100_000)}`)],
    [
      'a length that is too great',
      'too_large',
      (res) => res.writeHead(200, { ...json, 'Content-Length': 1e9 }).write('{'),
    ],
    ['a body without end', 'too_large', (res) => endless(res, Buffer.alloc(65_536, 0x20))],
    ['a gzip bomb', 'too_large', (res) => res.writeHead(200, { ...json, 'Content-Encoding': 'gzip' }).end(bomb)],
    [
      'a brotli bomb',
      'too_large',
      (res) => res.writeHead(200, { ...json, 'Content-Encoding': 'br' }).end(brotliCompressSync(Buffer.alloc(9e6))),
    ],
    [
      'empty gzip members without end',
      'too_large',
      (res) => endless(res, gzipSync(''), { 'Content-Encoding': 'gzip' }),
    ],
    [
      'gzip in gzip',
      'not_json',
      (res) => res.writeHead(200, { ...json, 'Content-Encoding': 'gzip, gzip' }).end(gzipSync(gzipSync(document))),
    ],
    [
      'an unknown encoding',
      'not_json',
      (res) => res.writeHead(200, { ...json, 'Content-Encoding': '__proto__' }).end(document),
    ],
    [
      'no gzip though it says so',
      'not_json',
      (res) => res.writeHead(200, { ...json, 'Content-Encoding': 'gzip' }).end(document),
    ],
    ['headers of 1 MB', 'unreachable', (res) => res.writeHead(200, { ...json, X: 'x'.repeat(1e6) }).end(document)],
    ['a connection that breaks', 'unreachable', (res) => res.destroy()],
    [
      'a body that breaks',
      'unreachable',
      (res) => res.writeHead(200, { ...json, 'Content-Length': 100 }).write('{', () => res.destroy()),
    ],
  ]
  test.each(answers)('%s: %s', async (_name, expected, how) => {
    behave = how
    expect(await codeOf(`${http}/start`)).toBe(expected)
    expect(asked).toEqual(['/start'])
  })

  const slow: [name: string, (res: ServerResponse) => unknown][] = [
    ['never answers', () => undefined],
    ['sends its head and no body', (res) => res.writeHead(200, json).flushHeaders()],
    [
      'sends one byte at a time',
      (res) => {
        res.writeHead(200, json)
        setInterval(() => res.write(' '), 20).unref()
      },
    ],
  ]
  test.each(slow)('%s: given up at the deadline', async (_name, how) => {
    behave = how
    expect(await codeOf(http, { deadlineMs: 150 })).toBe('unreachable')
  })

  test('DNS that never answers: given up at the deadline', async () =>
    expect(await codeOf('https://idp.test/', { deadlineMs: 50, resolve: () => new Promise(() => undefined) })).toBe(
      'unreachable',
    ))
})

describe('a hostile name', () => {
  const refused = [
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '::1',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    'fe80::1',
    '2002:7f00:1::',
  ]

  test.each(refused)('that resolves to %s is refused, and nothing is sent', async (address) => {
    expect(await codeOf(`https://idp.test:${port}/`, { allowed: nothing, resolve: async () => [address] })).toBe(
      'unreachable',
    )
    expect(asked).toEqual([])
  })

  test('that mixes a good address with a bad one is refused', async () => {
    const mixed = { allowed: nothing, resolve: async () => ['93.184.215.14', '127.0.0.1'] }
    expect(await codeOf(`https://idp.test:${port}/`, mixed)).toBe('unreachable')
    expect(asked).toEqual([])
  })

  test('that changes between look-ups gets nowhere: one look-up for each connection, and that one is checked', async () => {
    // First what the operator allows, then an address of this very server that is not on the list.
    const answers = [['127.0.0.1'], ['127.0.0.2'], ['127.0.0.1']]
    let lookups = 0
    const fetchJson = build({ resolve: async () => answers[lookups++] ?? [] })
    const outcomes = []
    for (const _ of answers) outcomes.push((await fetchJson(`https://idp.test:${port}/`)).ok)
    expect([outcomes, lookups, asked.length]).toEqual([[true, false, true], 3, 2])
  })

  test('with an operator’s name it may resolve to anything', async () => {
    const named = { names: new Set(['idp.test']), networks: [] }
    expect(await codeOf(`http://idp.test:${portOf(plain)}/`, { allowed: named })).toBe('fetched')
  })

  test('whose certificate is another’s is refused', async () =>
    expect(await codeOf(`https://other.test:${port}/`)).toBe('unreachable'))
  test('whose certificate nobody vouches for is refused', async () =>
    expect(await codeOf(`https://idp.test:${port}/`, { ca: certificateFor('idp.test').cert })).toBe('unreachable'))
})

test('E7: every address that is refused or fails gets the same words, told at the same moment', async () => {
  const cases: [string, Partial<FetchParts>][] = [
    ['https://127.0.0.1/', { allowed: nothing }],
    ['http://idp.test/', {}],
    ['https://db.internal/', { allowed: nothing, resolve: async () => ['10.0.0.5'] }],
    ['https://nowhere.internal/', { resolve: async () => [] }],
    ['https://nowhere.internal/', { resolve: () => Promise.reject(new Error('ENOTFOUND nowhere.internal')) }],
    ['https://127.0.0.1:1/', {}],
    [`https://idp.test:${portOf(plain)}/`, {}],
  ]
  for (const [url, parts] of cases) expect([url, await codeOf(url, parts)]).toEqual([url, 'unreachable'])
  expect(waited.length).toBe(cases.length)
  for (const ms of waited) expect(ms).toBeGreaterThan(0)
  expect(new Set(Object.values(fetchFaults)).size).toBe(Object.keys(fetchFaults).length)
})

describe('discovery', () => {
  const metadata =
    (issuer: string, more: object = {}) =>
    (res: ServerResponse) =>
      res.writeHead(200, json).end(JSON.stringify({ issuer, jwks_uri: `${http}/jwks`, ...more }))

  test('finds the JWKS by OpenID Connect’s place', async () => {
    behave = metadata(`${http}/tenant`)
    expect(await discover(`${http}/tenant`, build())).toEqual({ ok: true, jwksUrl: `${http}/jwks` })
    expect(asked).toEqual(['/tenant/.well-known/openid-configuration'])
  })

  test('or by the place of RFC 8414', async () => {
    behave = (res, path) => (path.includes('openid') ? res.writeHead(404).end() : metadata(`${http}/tenant/`)(res))
    expect(await discover(`${http}/tenant/`, build())).toEqual({ ok: true, jwksUrl: `${http}/jwks` })
    expect(asked).toEqual([
      '/tenant/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server/tenant',
    ])
  })

  test.each(['/', '/tenant', ' ', '/x'])('refuses metadata whose issuer differs by %j', async (end) => {
    behave = metadata(`${http}${end}`)
    expect(await discover(http, build())).toMatchObject({
      ok: false,
      detail: expect.stringContaining('another issuer'),
    })
  })

  test('refuses metadata without a JWKS address, an issuer that is no URL, and an address that is not ours to ask', async () => {
    behave = metadata(http, { jwks_uri: 7 })
    expect(await discover(http, build())).toMatchObject({ ok: false, detail: expect.stringContaining('no JWKS') })
    for (const it of ['idp', `${http}?x`, `${http}#x`]) expect((await discover(it, build())).ok).toBe(false)
    expect(await discover('https://127.0.0.1', build({ allowed: nothing }))).toEqual({
      ok: false,
      detail: fetchFaults.unreachable,
    })
  })
})
