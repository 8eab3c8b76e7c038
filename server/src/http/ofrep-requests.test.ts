import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { organizationA, organizationB, resourceKey } from '../../test/gate-server.ts'
import {
  asking,
  bulk,
  cookie,
  forA,
  type Header,
  json,
  key,
  keysOf,
  keysOfA,
  keysOfB,
  token,
} from '../../test/ofrep-asking.ts'
import { bulkFailure, evaluationFailure } from '../../test/ofrep-schema.ts'
import { type OfrepServer, ofrepServer } from '../../test/ofrep-server.ts'
import { ask } from '../../test/raw-http.ts'

let it: OfrepServer
beforeAll(async () => {
  it = await ofrepServer()
})
afterAll(async () => {
  await it.close()
  expect(it.logged).toEqual([])
})
const { post, all, one } = asking(() => it.port)

describe('whose organization', () => {
  test.each([
    ['missing', '{"context":{"targetingKey":"x"}}'],
    ['no context at all', '{}'],
    ['an empty body', ''],
    ['null', '{"context":null}'],
    ['unknown id', JSON.stringify({ context: { organization: organizationA.replace(/.$/, '9') } })],
    ['unknown slug', '{"context":{"organization":"nobody"}}'],
    ['empty', '{"context":{"organization":""}}'],
    ['a number', '{"context":{"organization":7}}'],
    ['a list', JSON.stringify({ context: { organization: [organizationA] } })],
    ['too long', JSON.stringify({ context: { organization: 'x'.repeat(10_000) } })],
    ['on the wrong level', JSON.stringify({ organization: organizationA })],
  ])('400: with the resource key, %s', async (_what, body) => {
    for (const answer of [await all(body), await one('dark-mode', body)]) {
      expect(answer.status).toBe(400)
      expect(answer.json().errorCode).toBe('INVALID_CONTEXT')
    }
    bulkFailure.parse((await all(body)).json())
    expect(evaluationFailure.parse((await one('dark-mode', body)).json()).key).toBe('dark-mode')
  })

  test('200: a token’s own, whatever the context says, and without any', async () => {
    const secret = it.issue({ organization_id: organizationB })
    for (const body of [forA, '{}', '', '{"context":{}}', '{"context":{"organization":7}}'])
      expect(keysOf(await all(body, [token(secret)]))).toEqual(keysOfB)
    expect(keysOf(await all('', [['X-API-Key', secret]]))).toEqual(keysOfB)
    expect((await one('only-b', forA, [token(it.issue())])).status).toBe(404)
  })

  test('200: a session’s own, or that which IB-Context names', async () => {
    expect(keysOf(await all(forA, [cookie(it.signIn(organizationB))]))).toEqual(keysOfB)
    const both = cookie(it.signIn(organizationA, organizationB))
    expect(keysOf(await all('{}', [both, ['IB-Context', organizationB]]))).toEqual(keysOfB)
    expect(keysOf(await all('{}', [both, ['IB-Context', organizationA]]))).toEqual(keysOfA)
  })

  test('400: a session of several organizations that names none, and one that names a stranger’s', async () => {
    const refused = async (headers: Header[]) => {
      const answer = await all('{}', headers)
      expect(answer.status).toBe(400)
      return bulkFailure.parse(answer.json())
    }
    expect((await refused([cookie(it.signIn(organizationA, organizationB))])).errorCode).toBe('INVALID_CONTEXT')
    const stranger = await refused([cookie(it.signIn(organizationA)), ['IB-Context', organizationB]])
    expect(stranger.errorCode).toBe('INVALID_CONTEXT')
    const absent = organizationB.replace(/.$/, '9')
    expect(await refused([cookie(it.signIn(organizationA)), ['IB-Context', absent]])).toEqual(stranger)
    expect((await refused([cookie(it.signIn())])).errorCode).toBe('INVALID_CONTEXT')
  })

  test('200: the resource key by X-API-Key', async () => {
    expect(keysOf(await all(forA, [['X-API-Key', resourceKey]]))).toEqual(keysOfA)
  })
})

describe('who may ask', () => {
  test.each<[string, Header[], string]>([
    ['nobody', [], 'Bearer'],
    ['a wrong key', [['X-API-Key', 'nonsense']], 'Bearer error="invalid_token"'],
    ['an empty key', [['X-API-Key', '']], 'Bearer error="invalid_token"'],
    ['another scheme', [['Authorization', `Digest ${resourceKey}`]], 'Bearer error="invalid_token"'],
    ['a session that has ended', [['Cookie', 'session=gone']], 'Bearer error="invalid_token"'],
  ])('401: %s, challenged, in the protocol’s form', async (_who, headers, challenge) => {
    const answer = await all(forA, headers)
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toEqual([challenge])
    expect(bulkFailure.parse(answer.json()).errorCode).toBe('GENERAL')
  })

  test('401: a token that is suspended, expired or another organization’s by IB-Context (N5, P2)', async () => {
    const suspended = it.issue({ creation: 'none' })
    const answer = await all('{}', [token(suspended)])
    expect(answer.status).toBe(401)
    expect(answer.json().errorDetails).toContain('settings suspend this API token')
    expect((await all('{}', [token(it.issue({ expires_at: new Date(0) }))])).status).toBe(401)
    expect((await all('{}', [token(it.issue()), ['IB-Context', organizationB]])).status).toBe(401)
  })

  test.each<[string, () => Header[]]>([
    ['two Authorization headers', () => [key, key]],
    ['Authorization and X-API-Key', () => [key, ['X-API-Key', resourceKey]]],
    [
      'two X-API-Keys',
      () => [
        ['X-API-Key', resourceKey],
        ['X-API-Key', resourceKey],
      ],
    ],
    ['a key and a session', () => [key, cookie(it.signIn(organizationA))]],
    [
      'a resource key by Basic and a session',
      () => [['Authorization', `Basic ${btoa(`:${resourceKey}`)}`], cookie(it.signIn(organizationA))],
    ],
    ['X-API-Key and a session', () => [['X-API-Key', resourceKey], cookie(it.signIn(organizationA))]],
  ])('400: %s', async (_what, headers) => {
    const answer = await all(forA, headers())
    expect(answer.status).toBe(400)
    expect(bulkFailure.parse(answer.json()).errorDetails).toMatch(/^Send one/)
  })

  test.each(['Basic dXNlcjpwYXNz', 'Negotiate YII=', 'Digest username="a", realm="b"'])(
    '200: credentials of a proxy beside a session: %s',
    async (authorization) => {
      const answer = await all('{}', [['Authorization', authorization], cookie(it.signIn(organizationA))])
      expect(keysOf(answer)).toEqual(keysOfA)
    },
  )

  test('200: an empty IB-Context counts as absent', async () => {
    expect((await all('{}', [token(it.issue()), ['IB-Context', '']])).status).toBe(200)
    expect((await all('{}', [cookie(it.signIn(organizationA)), ['IB-Context', ' ']])).status).toBe(200)
  })

  test.each(['application/json; charset=ISO-8859-1', 'application/json;charset=utf8', 'application/json;'])(
    '200: parameters of the media type have no effect: %s',
    async (type) => {
      const headers = [['Content-Type', type], key] as const
      expect((await ask(it.port, { method: 'POST', path: bulk, headers, body: forA })).status).toBe(200)
    },
  )

  test('400: a token in the address, and an IB-Context that is no id', async () => {
    expect((await post(`${bulk}?x=${it.issue()}`, forA)).status).toBe(400)
    expect((await post(`${bulk}?access_token=x`, forA)).status).toBe(400)
    expect((await all('{}', [token(it.issue()), ['IB-Context', 'acme']])).json().errorCode).toBe('INVALID_CONTEXT')
  })
})

describe('bad input', () => {
  const nested = (depth: number) => `{"context":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`
  test.each<[string, string | Buffer]>([
    ['no JSON', 'nonsense'],
    ['a list', '[]'],
    ['a byte-order mark', `\uFEFF${forA}`],
    ['broken UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['too deep', nested(16)],
    ['far too deep', nested(8000)],
    ['a repeated member', '{"context":{},"context":{}}'],
    ['a lone surrogate', '{"context":{"a":"\\ud800"}}'],
    ['too large', `{"context":{"a":"${'x'.repeat(64 * 1024)}"}}`],
  ])('400: %s', async (_what, body) => {
    const answer = await all(body)
    expect(answer.status).toBe(400)
    expect(bulkFailure.parse(answer.json()).errorCode).toBe('PARSE_ERROR')
    const single = await post(`${bulk}/dark-mode`, body)
    expect(evaluationFailure.parse(single.json())).toMatchObject({ key: 'dark-mode', errorCode: 'PARSE_ERROR' })
  })

  test('400: megabytes in chunks', async () => {
    const answer = await all('x'.repeat(1_000_000), [key], { chunkBytes: 10_000 })
    expect(answer.status).toBe(400)
  })

  test('200: as deep and as large as is allowed', async () => {
    const deep = `{"context":{"organization":"a-slug","x":${'['.repeat(14)}${']'.repeat(14)}}}`
    expect((await all(deep)).status).toBe(200)
    const large = `{"context":{"organization":"a-slug","x":"${'x'.repeat(65_000)}"}}`
    expect((await all(large)).status).toBe(200)
  })

  test('400: a context that is no object, another content type, an encoding', async () => {
    for (const context of ['[]', '"x"', '7', 'false'])
      expect((await all(`{"context":${context}}`)).json().errorCode).toBe('INVALID_CONTEXT')
    const typed = (...headers: Header[]) =>
      ask(it.port, { method: 'POST', path: bulk, headers: [key, ...headers], body: forA })
    expect((await typed(['Content-Type', 'text/plain'])).json().errorCode).toBe('PARSE_ERROR')
    expect((await typed(json, ['Content-Encoding', 'gzip'])).json().errorCode).toBe('PARSE_ERROR')
    expect((await typed()).status).toBe(200)
  })
})
