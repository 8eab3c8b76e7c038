import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { organizationA, organizationB, resourceKey } from '../../test/gate-server.ts'
import {
  bulkFailure,
  bulkSuccess,
  evaluationFailure,
  evaluationSuccess,
  flagNotFound,
} from '../../test/ofrep-schema.ts'
import { type OfrepServer, ofrepServer } from '../../test/ofrep-server.ts'
import { ask, type RawAnswer, type RawRequest } from '../../test/raw-http.ts'

let it: OfrepServer
beforeAll(async () => {
  it = await ofrepServer()
})
afterAll(() => it.close())

type Header = readonly [name: string, value: string]
const json: Header = ['Content-Type', 'application/json; charset=utf-8']
const key: Header = ['Authorization', `Bearer ${resourceKey}`]
const bulk = '/ofrep/v1/evaluate/flags'
const forA = JSON.stringify({ context: { targetingKey: 'somebody', organization: organizationA } })

const post = (
  path: string,
  body: string | Buffer,
  headers: readonly Header[] = [key],
  over: Partial<RawRequest> = {},
) => ask(it.port, { method: 'POST', path, headers: [json, ...headers], body, ...over })

const all = (body: string | Buffer = forA, headers?: readonly Header[], over?: Partial<RawRequest>) =>
  post(bulk, body, headers, over)
const one = (flag: string, body = forA, headers?: readonly Header[]) => post(`${bulk}/${flag}`, body, headers)

const keysOf = (answer: RawAnswer) => (answer.json().flags as { key: string }[]).map((flag) => flag.key)
const token = (secret: string): Header => ['Authorization', `Bearer ${secret}`]
const cookie = (value: string): Header => ['Cookie', value]

const keysOfA = ['dark-mode', 'left-out', 'for-all', 'gone']
const keysOfB = ['dark-mode', 'left-out', 'only-b', 'for-all', 'gone']

describe('all features', () => {
  test('200: values, metadata, event stream and a quoted strong ETag, valid by the protocol', async () => {
    const answer = await all()
    expect(answer.status).toBe(200)
    const body = bulkSuccess.parse(answer.json())
    expect(body.flags[0]).toEqual({
      key: 'dark-mode',
      value: true,
      variant: 'on',
      reason: 'TARGETING_MATCH',
      metadata: {
        stage: 'public_preview',
        badge: 'Preview',
        title: 'The dark-mode',
        docsUrl: 'https://docs.example/dark',
        since: '2026-01-02',
        flagSetId: organizationA,
        version: 7,
      },
    })
    expect(body.flags[1]).toMatchObject({ metadata: { title: 'Größe “links” 😀' } })
    expect(answer.headers['content-length']).toEqual([String(Buffer.byteLength(answer.body))])
    expect(keysOf(answer)).toEqual(keysOfA)
    expect(body.metadata).toEqual({ flagSetId: organizationA, version: 7 })
    expect(body.eventStreams?.[0]?.url).toMatch(
      /^https:\/\/portcullis\.example\/ofrep\/v1\/streams\/org_[\w.-]+\?since=7$/,
    )
    expect(answer.headers.etag?.[0]).toMatch(/^"[^"]+"$/)
    expect(answer.headers['content-type']).toEqual(['application/json'])
    expect(answer.headers['cache-control']).toEqual(['no-store'])
    expect(answer.headers['x-request-id']).toHaveLength(1)
  })

  test('200: by slug, the same bytes and the same ETag', async () => {
    const byId = await all()
    const bySlug = await all(JSON.stringify({ context: { organization: 'a-slug' } }))
    expect(bySlug.body).toBe(byId.body)
    expect(bySlug.headers.etag).toEqual(byId.headers.etag)
  })

  test('200: from memory, without the database', async () => {
    await all()
    const before = it.database.asked
    expect((await all()).status).toBe(200)
    expect(it.database.asked).toBe(before)
  })

  test('200: a change is in the next answer, with a higher version and another ETag', async () => {
    const before = await all()
    it.choose(organizationA, ['dark-mode', 'left-out'])
    const after = await all()
    it.choose(organizationA, ['dark-mode'])
    expect((after.json().flags as { value: boolean }[])[1]?.value).toBe(true)
    const version = (answer: RawAnswer) => (answer.json().metadata as { version: number }).version
    expect(version(after)).toBeGreaterThan(version(before))
    expect(after.headers.etag).not.toEqual(before.headers.etag)
  })

  test('200: the answer of the next hour has another ticket, so another ETag', async () => {
    const before = await all()
    it.clock.nowMs += 60 * 60_000
    const after = await all()
    it.clock.nowMs -= 60 * 60_000
    expect(after.headers.etag).not.toEqual(before.headers.etag)
    expect((await all()).headers.etag).toEqual(before.headers.etag)
  })
})

describe('304', () => {
  const conditional = async (ifNoneMatch: readonly Header[], path = bulk) => post(path, forA, [key, ...ifNoneMatch])
  const etagNow = async () => (await all()).headers.etag?.[0] ?? ''

  test('304: no body, the ETag repeated; alone, weak, in a list, any, in two headers', async () => {
    const etag = await etagNow()
    const spellings: Header[][] = [
      [['If-None-Match', etag]],
      [['If-None-Match', `W/${etag}`]],
      [['If-None-Match', `"x", ${etag}`]],
      [['If-None-Match', '*']],
      [
        ['If-None-Match', '"x"'],
        ['if-none-match', etag],
      ],
    ]
    for (const headers of spellings) {
      const answer = await conditional(headers)
      expect(answer.status).toBe(304)
      expect(answer.body).toBe('')
      expect(answer.headers.etag).toEqual([etag])
      expect(answer.headers['access-control-allow-origin']).toEqual(['*'])
      expect(answer.headers['cache-control']).toEqual(['no-store'])
    }
  })

  test('200: another tag, one without quotes, none', async () => {
    const etag = await etagNow()
    for (const value of ['"x"', etag.slice(1, -1), '']) {
      expect((await conditional([['If-None-Match', value]])).status).toBe(200)
    }
  })

  test('200: an event named another state, whatever If-None-Match says; 304 when it named this one', async () => {
    const etag = await etagNow()
    const named = (value: string) =>
      conditional(
        [['If-None-Match', etag]],
        `${bulk}?flagConfigEtag=${encodeURIComponent(value)}&flagConfigLastModified=1`,
      )
    expect((await named('"x"')).status).toBe(200)
    expect((await named(etag)).status).toBe(304)
  })

  test('401 comes first: a good ETag opens nothing', async () => {
    const etag = await etagNow()
    expect((await post(bulk, forA, [['If-None-Match', etag]])).status).toBe(401)
  })
})

describe('one feature', () => {
  test('200: on, off, on for all, withdrawn, each with an explicit value', async () => {
    const of = async (flag: string) => {
      const answer = await one(flag)
      expect(answer.status).toBe(200)
      const { key: name, value, variant, reason } = evaluationSuccess.parse(answer.json()) as Record<string, unknown>
      return [name, value, variant, reason]
    }
    expect(await of('dark-mode')).toEqual(['dark-mode', true, 'on', 'TARGETING_MATCH'])
    expect(await of('left-out')).toEqual(['left-out', false, 'off', 'STATIC'])
    expect(await of('for-all')).toEqual(['for-all', true, 'on', 'STATIC'])
    expect(await of('gone')).toEqual(['gone', false, 'off', 'DISABLED'])
    expect(await of('dark%2Dmode')).toEqual(['dark-mode', true, 'on', 'TARGETING_MATCH'])
  })

  test('404: unknown, hidden, and nonsense are one answer but for the key', async () => {
    const told = async (flag: string, name: string) => {
      const answer = await one(flag)
      expect(answer.status).toBe(404)
      const { key: said, ...rest } = flagNotFound.parse(answer.json())
      expect(said).toBe(name)
      const { 'x-request-id': _id, date: _date, 'content-length': _length, ...headers } = answer.headers
      return JSON.stringify([rest, headers])
    }
    const unknown = await told('nothing', 'nothing')
    expect(await told('only-b', 'only-b')).toBe(unknown)
    expect(await told('a%2Fb', 'a/b')).toBe(unknown)
    expect(await told('%ff', '%ff')).toBe(unknown)
    expect(await told('%00', '\u0000')).toBe(unknown)
    expect(await told('__proto__', '__proto__')).toBe(unknown)
  })

  test('200: the organization that a private preview names has it', async () => {
    const answer = await one('only-b', JSON.stringify({ context: { organization: 'b-slug' } }))
    expect(answer.status).toBe(200)
  })
})

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
    expect(answer.json().errorDetails).toContain('turned off API tokens')
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
    ['X-API-Key and a session', () => [['X-API-Key', resourceKey], cookie(it.signIn(organizationA))]],
  ])('400: %s', async (_what, headers) => {
    const answer = await all(forA, headers())
    expect(answer.status).toBe(400)
    expect(bulkFailure.parse(answer.json()).errorDetails).toMatch(/^Send one/)
  })

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

describe('other methods and paths', () => {
  const at = (method: string, path: string) => ask(it.port, { method, path, headers: [key] })

  test('405: with the methods that there are', async () => {
    for (const path of [bulk, `${bulk}/dark-mode`]) {
      const answer = await at('GET', path)
      expect(answer.status).toBe(405)
      expect(answer.headers.allow).toEqual(['POST, OPTIONS'])
      expect(bulkFailure.parse(answer.json()).errorCode).toBe('GENERAL')
    }
    expect((await at('POST', '/ofrep/v1/streams/x')).headers.allow).toEqual(['GET, OPTIONS'])
  })

  test('404: everything else below /ofrep, the removed configuration too', async () => {
    for (const path of [
      '/ofrep',
      '/ofrep/',
      '/ofrep/v1/configuration',
      `${bulk}/`,
      `${bulk}/a/b`,
      '/ofrep/v2/evaluate/flags',
    ])
      expect((await at('POST', path)).status).toBe(404)
    expect((await at('GET', '/ofrepx')).body).toBe('the router')
  })

  test('204: a preflight from any origin, and answers that its page may read', async () => {
    const answer = await ask(it.port, {
      method: 'OPTIONS',
      path: bulk,
      headers: [
        ['Origin', 'https://host.example'],
        ['Access-Control-Request-Method', 'POST'],
      ],
    })
    expect(answer.status).toBe(204)
    expect(answer.headers['access-control-allow-origin']).toEqual(['*'])
    for (const name of ['Content-Type', 'Authorization', 'X-API-Key', 'If-None-Match'])
      expect(answer.headers['access-control-allow-headers']?.[0]?.split(', ')).toContain(name)
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials')
    for (const each of [await all(), await one('nothing'), await all(forA, [])]) {
      expect(each.headers['access-control-allow-origin']).toEqual(['*'])
      expect(each.headers['access-control-expose-headers']).toEqual(['ETag, Retry-After'])
    }
  })
})

describe('N3: memory answers under the lease alone', () => {
  test('503: neither memory nor the database can vouch; with Retry-After, in the protocol’s form', async () => {
    await all()
    it.lease.holds = false
    it.database.away = true
    const answers = [await all(), await one('dark-mode'), await all('{}', [cookie(it.signIn(organizationA))])]
    it.lease.holds = true
    it.database.away = false
    for (const answer of answers) {
      expect(answer.status).toBe(503)
      expect(answer.headers['retry-after']).toEqual(['1'])
      expect(answer.json().errorCode).toBe('GENERAL')
    }
    expect((answers[1] as RawAnswer).json().key).toBe('dark-mode')
  })

  test('200: without a lease the database is asked each time', async () => {
    await all()
    it.lease.holds = false
    const before = it.database.asked
    const answer = await all()
    it.lease.holds = true
    expect(answer.status).toBe(200)
    expect(it.database.asked).toBe(before + 1)
  })
})

test('every answer is counted by route and status, and nothing failed but the database that was away', async () => {
  const text = await it.metrics.registry.metrics()
  for (const labels of ['route="all",status="304"', 'route="one",status="404"', 'route="other",status="405"'])
    expect(text).toMatch(new RegExp(`portcullis_ofrep_answers_total\\{${labels}\\} [1-9]`))
  expect(it.logged.map(String)).toEqual(it.logged.map(() => 'Error: the database is away'))
})
