import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type GateServer,
  gateServer,
  organizationA,
  organizationB,
  resourceKey,
  secondKey,
} from '../../test/gate-server.ts'
import { ask, exchange, parseAnswer, type RawRequest } from '../../test/raw-http.ts'
import { newSecret } from '../features/tokens/rules.ts'

let it: GateServer
beforeAll(async () => {
  it = await gateServer()
})
afterAll(() => it.server.stop({ announceMs: 0, deadlineMs: 100 }))

const bearer = ['Authorization', `Bearer ${resourceKey}`] as const
const form = ['Content-Type', 'application/x-www-form-urlencoded'] as const

const introspect = (body: string | Buffer, over: Partial<RawRequest> = {}) =>
  ask(it.port, { method: 'POST', path: '/oauth2/introspect', headers: [bearer, form], body, ...over })

describe('what a resource server learns', () => {
  test('200: a good token, with everything that there is to know', async () => {
    const answer = await introspect(`token=${it.issue({ expires_at: new Date('2027-01-01T00:00:00.999Z') })}`)
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual({
      active: true,
      sub: 'mem_01jd7z0000e1a8m3r5t7v9x1z3',
      exp: Date.parse('2027-01-01T00:00:00Z') / 1000,
      iat: Date.parse('2026-01-02T03:04:05Z') / 1000,
      token_type: 'Bearer',
      username: 'ada@example.com',
      organization_id: organizationA,
      account_id: 'mem_01jd7z0000e1a8m3r5t7v9x1z3',
      account_kind: 'member',
      role: 'admin',
      groups: [
        { id: 'grp_01jd7z0000e1a8m3r5t7v9x1z3', name: 'Größe\u2028"Ω' },
        { id: 'grp_01jd7z0000e1a8m3r5t7v9x1z4', name: 'ops' },
      ],
      token_id: 'tok_01jd7z0000e1a8m3r5t7v9x1z3',
      token_source: 'managed',
    })
    expect(answer.headers['x-portcullis-head']).toEqual(['41'])
    expect(answer.headers['x-portcullis-mark']).toEqual(['0123456789ab'])
    expect(answer.headers['cache-control']).toEqual(['no-store'])
    expect(answer.headers['x-request-id']).toHaveLength(1)
    expect(answer.headers['content-type']).toEqual(['application/json'])
  })

  test('200: a token that never expires has no exp, and the second answer, from memory, is the same', async () => {
    const secret = it.issue({ kind: 'service_account', username: 'Nightly "import"', groups: [] })
    const first = await introspect(`token=${secret}`)
    expect(first.json()).toMatchObject({ account_kind: 'service_account', username: 'Nightly "import"', groups: [] })
    expect(first.json()).not.toHaveProperty('exp')
    expect((await introspect(`token=${secret}`)).body).toBe(first.body)
  })

  test.each([
    ['suspended', { creation: 'none' }, undefined],
    ['suspended', { creation: 'none', expires_at: new Date('2027-05-31T23:59:59Z') }, 1811807999],
    ['expired', { expires_at: new Date('2026-05-31T23:59:59Z') }, 1780271999],
  ] as const)('200: %s, with whose it was (N4), until when, and nothing of its rights', async (reason, over, exp) => {
    const answer = await introspect(`token=${it.issue(over)}`)
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual({
      active: false,
      reason,
      ...(exp !== undefined && { exp }),
      organization_id: organizationA,
      account_id: 'mem_01jd7z0000e1a8m3r5t7v9x1z3',
      account_kind: 'member',
      username: 'ada@example.com',
      token_id: 'tok_01jd7z0000e1a8m3r5t7v9x1z3',
    })
  })

  test.each([
    ['revoked', { revoked: true }],
    ['owner_removed', { owner_removed: true }],
    ['owner_removed', { owner_removed: true, revoked: true, creation: 'none' }],
    ['revoked', { revoked: true, creation: 'none', expires_at: new Date(0) }],
  ] as const)('200: %s, and nobody is named', async (reason, over) => {
    expect((await introspect(`token=${it.issue(over)}`)).json()).toEqual({ active: false, reason })
  })

  test('200: unknown, for a well-formed secret that was never given out', async () => {
    const secret = newSecret('member', (size) => randomBytes(size))
    expect((await introspect(`token=${secret}`)).json()).toEqual({ active: false, reason: 'unknown' })
    expect((await introspect(`token=${secret}`)).json()).toEqual({ active: false, reason: 'unknown' })
  })

  test.each([
    ['a checksum that is wrong', `${newSecret('member', (size) => randomBytes(size)).slice(0, -1)}!`],
    ['NUL', 'a%00b'],
    ['sixty thousand letters', 'x'.repeat(60_000)],
    ['an emoji', '%F0%9F%94%91'],
    ['a trailing space', 'pcu_+'],
  ])('200: malformed, without the database: %s', async (_what, token) => {
    it.database.away = true
    const answer = await introspect(`token=${token}`)
    it.database.away = false
    expect(answer.json()).toEqual({ active: false, reason: 'malformed' })
  })

  test('503: the gate cannot know, and says so in both languages', async () => {
    it.database.away = true
    const answer = await introspect(`token=${it.issue()}`)
    it.database.away = false
    expect(answer.status).toBe(503)
    expect(answer.json()).toMatchObject({ code: 'unavailable', status: 503, error: 'temporarily_unavailable' })
    expect(answer.headers['retry-after']).toEqual(['1'])
    expect(answer.headers['content-type']).toEqual(['application/problem+json'])
  })
})

describe('the organization that is named (E4)', () => {
  const context = (id: string) => ['IB-Context', id] as const

  test('200: by parameter, by IB-Context, by both', async () => {
    const secret = it.issue()
    const named = `token=${secret}&organization=${organizationA}`
    expect((await introspect(named)).json()).toMatchObject({ active: true })
    expect((await introspect(named, { headers: [bearer, form, context(organizationA)] })).json()).toMatchObject({
      active: true,
    })
    const byHeader = await introspect(`token=${secret}`, { headers: [bearer, form, context(organizationA)] })
    expect(byHeader.json()).toMatchObject({ active: true })
  })

  test.each([organizationB, 'org_nonsense', 'acme', '%00'])('200: unknown when named for %s', async (organization) => {
    const answer = await introspect(`token=${it.issue()}&organization=${organization}`)
    expect(answer.json()).toEqual({ active: false, reason: 'unknown' })
  })

  test('200: unknown when IB-Context alone names another organization', async () => {
    const answer = await introspect(`token=${it.issue()}`, { headers: [bearer, form, context(organizationB)] })
    expect(answer.json()).toEqual({ active: false, reason: 'unknown' })
  })

  test('200: a suspended token named for a stranger is unknown, and its owner is not told', async () => {
    const answer = await introspect(`token=${it.issue({ creation: 'none' })}&organization=${organizationB}`)
    expect(answer.json()).toEqual({ active: false, reason: 'unknown' })
  })

  test('400: parameter and header disagree, or the header is no id', async () => {
    const body = `token=${it.issue()}&organization=${organizationA}`
    expect((await introspect(body, { headers: [bearer, form, context(organizationB)] })).status).toBe(400)
    expect((await introspect(body, { headers: [bearer, form, context('acme')] })).status).toBe(400)
  })
})

describe('who asks', () => {
  const as = (value: string) => introspect(`token=${it.issue()}`, { headers: [['Authorization', value], form] })
  const basic = (password: string, user = 'api') => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

  test.each([
    ['Bearer', `Bearer ${resourceKey}`],
    ['bearer in small letters', `bearer ${resourceKey}`],
    ['the second key', `Bearer ${secondKey}`],
    ['Basic', basic(resourceKey)],
    ['Basic with a colon in the name encoded as OAuth wants it', basic(encodeURIComponent(secondKey), 'my%3Aapi')],
    ['Basic, sent raw', basic(secondKey)],
  ])('200: %s', async (_how, value) => {
    expect((await as(value)).json()).toMatchObject({ active: true })
  })

  test.each([
    ['Bearer with a wrong key', 'Bearer nonsense', 'Bearer error="invalid_token"'],
    ['Bearer with a prefix of the key', `Bearer ${resourceKey.slice(0, -1)}`, 'Bearer error="invalid_token"'],
    ['Bearer with nothing', 'Bearer', 'Bearer error="invalid_token"'],
    ['Basic with a wrong password', basic('nonsense'), 'Basic realm="portcullis", charset="UTF-8"'],
    ['Basic with the key as its name', basic('', resourceKey), 'Basic realm="portcullis", charset="UTF-8"'],
    ['Basic that is no base64', 'Basic %%%', 'Basic realm="portcullis", charset="UTF-8"'],
    ['another scheme', `Digest ${resourceKey}`, 'Bearer, Basic realm="portcullis", charset="UTF-8"'],
  ])('401: %s, challenged in its own scheme', async (_how, value, challenge) => {
    const answer = await as(value)
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toEqual([challenge])
    expect(answer.json()).toMatchObject({ code: 'unauthenticated', error: 'invalid_client', status: 401 })
  })

  test('401: nobody, and a managed token is nobody here', async () => {
    const none = await introspect(`token=${it.issue()}`, { headers: [form] })
    expect(none.status).toBe(401)
    expect(none.headers['www-authenticate']).toEqual(['Bearer, Basic realm="portcullis", charset="UTF-8"'])
    expect((await as(`Bearer ${it.issue()}`)).status).toBe(401)
  })

  test('400: two Authorization headers, though both are good', async () => {
    const answer = await introspect(`token=${it.issue()}`, { headers: [bearer, bearer, form] })
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'bad_request', error: 'invalid_request' })
  })

  test('401 comes before everything that is wrong with the body', async () => {
    expect((await introspect('token=%ZZ', { headers: [['Content-Type', 'text/plain']] })).status).toBe(401)
  })
})

describe('bad input', () => {
  test.each([
    ['no token', 'organization=x'],
    ['an empty body', ''],
    ['an empty token', 'token='],
    ['a repeated token', 'token=a&token=b'],
    ['a token repeated by an encoded name', 'token=a&%74oken=b'],
    ['a repeated organization', 'token=a&organization=x&organization=x'],
    ['broken percent-encoding', 'token=%zz'],
    ['a cut percent-encoding', 'token=a%2'],
    ['broken UTF-8 in percent-encoding', 'token=%ff'],
    ['a lone surrogate in percent-encoding', 'token=%ED%A0%80'],
    ['broken percent-encoding in a field that is ignored', 'token=a&x=%'],
    ['broken UTF-8', Buffer.from([0x74, 0x6f, 0x6b, 0x65, 0x6e, 0x3d, 0xff])],
  ])('400: %s', async (_what, body) => {
    const answer = await introspect(body)
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'bad_request', status: 400, error: 'invalid_request' })
    expect(answer.json().requestId).toBe(answer.headers['x-request-id']?.[0])
  })

  test('200: other fields are ignored, in any number', async () => {
    const body = `token_type_hint=access_token&${'&&a=1&a=2'.repeat(500)}&token=${it.issue()}&client_secret=x`
    expect((await introspect(body)).json()).toMatchObject({ active: true })
  })

  test.each(['token', 'access_token', '%74oken'])('400: %s in the address', async (name) => {
    const answer = await introspect(`token=${it.issue()}`, { path: `/oauth2/introspect?${name}=x` })
    expect(answer.status).toBe(400)
  })

  test('200: another query is nobody’s business, and so is an address in absolute form', async () => {
    expect((await introspect(`token=${it.issue()}`, { path: '/oauth2/introspect?a=1' })).status).toBe(200)
    expect((await introspect(`token=${it.issue()}`, { path: 'http://gate.test/oauth2/introspect' })).status).toBe(200)
  })

  test.each([
    ['JSON', 'application/json'],
    ['multipart', 'multipart/form-data; boundary=x'],
    ['only parameters', '; charset=utf-8'],
    ['nearly the right one', 'application/x-www-form-urlencodedx'],
    ['a list', 'application/x-www-form-urlencoded, text/plain'],
  ])('415: %s', async (_what, type) => {
    const answer = await introspect(`token=${it.issue()}`, { headers: [bearer, ['Content-Type', type]] })
    expect(answer.status).toBe(415)
    expect(answer.json()).toMatchObject({ code: 'unsupported_media_type', error: 'invalid_request' })
  })

  test('415: no content type, or an encoding', async () => {
    expect((await introspect('token=a', { headers: [bearer] })).status).toBe(415)
    expect((await introspect('token=a', { headers: [bearer, form, ['Content-Encoding', 'gzip']] })).status).toBe(415)
  })

  test.each([
    'Application/X-WWW-Form-Urlencoded; charset="UTF-8"',
    'application/x-www-form-urlencoded; charset=ISO-8859-1',
    'application/x-www-form-urlencoded; charset=utf8',
    'application/x-www-form-urlencoded;charset=utf-16;version=1',
    'application/x-www-form-urlencoded;',
    'application/x-www-form-urlencoded ; ',
  ])('200: parameters of the media type have no effect: %s', async (type) => {
    const answer = await introspect(`token=${it.issue()}`, { headers: [bearer, ['Content-Type', type]] })
    expect(answer.json()).toMatchObject({ active: true })
    const latin1 = Buffer.from('token=a\xe9', 'latin1')
    expect((await introspect(latin1, { headers: [bearer, ['Content-Type', type]] })).status).toBe(400)
  })

  test.each(['', ' ', ','])('200: an empty IB-Context counts as absent: %j', async (value) => {
    const answer = await introspect(`token=${it.issue()}`, { headers: [bearer, form, ['IB-Context', value]] })
    expect(answer.json()).toMatchObject({ active: true })
  })

  test('200: a body in small chunks', async () => {
    expect((await introspect(`token=${it.issue()}`, { chunkBytes: 7 })).json()).toMatchObject({ active: true })
  })

  test('413: over 64 KiB, declared or in chunks, up to megabytes', async () => {
    const million = `token=${'x'.repeat(1_000_000)}`
    for (const over of [{}, { chunkBytes: 10_000 }]) {
      const answer = await introspect(million, over)
      expect(answer.status).toBe(413)
      expect(answer.json()).toMatchObject({ code: 'payload_too_large', error: 'invalid_request' })
    }
    expect((await introspect(`token=${'x'.repeat(64 * 1024 - 6)}`)).status).toBe(200)
    expect((await introspect(`token=${'x'.repeat(64 * 1024 - 5)}`)).status).toBe(413)
  })

  test('404: other methods are the router’s', async () => {
    for (const method of ['GET', 'PUT', 'OPTIONS']) {
      expect((await ask(it.port, { method, path: '/oauth2/introspect', headers: [bearer, form] })).status).toBe(404)
    }
  })

  test('400: what is no HTTP gets a problem, not silence', async () => {
    for (const junk of [
      'nonsense\r\n\r\n',
      'POST /oauth2/introspect HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    ]) {
      const answer = parseAnswer(await exchange(it.port, Buffer.from(junk)))
      expect(answer.status).toBe(400)
      expect(answer.json()).toMatchObject({ code: 'bad_request' })
      expect(answer.headers['x-request-id']?.[0]).toBe(answer.json().requestId)
    }
  })
})

test('nothing that was sent is logged, and nothing failed but the database that was away', () => {
  const text = JSON.stringify(it.logged, (_key, value) => (value instanceof Error ? value.message : value))
  expect(text).not.toContain('pcu_')
  expect(it.logged.filter((entry) => entry instanceof Error).map(String)).toEqual(['Error: the database is away'])
})
