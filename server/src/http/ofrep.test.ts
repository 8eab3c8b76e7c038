import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { organizationA } from '../../test/gate-server.ts'
import { asking, bulk, cookie, forA, type Header, key, keysOf, keysOfA } from '../../test/ofrep-asking.ts'
import { bulkFailure, bulkSuccess, evaluationSuccess, flagNotFound } from '../../test/ofrep-schema.ts'
import { type OfrepServer, ofrepServer } from '../../test/ofrep-server.ts'
import { ask, type RawAnswer } from '../../test/raw-http.ts'

let it: OfrepServer
beforeAll(async () => {
  it = await ofrepServer()
})
afterAll(() => it.close())
const { post, all, one } = asking(() => it.port)

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
