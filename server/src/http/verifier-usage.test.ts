import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { resourceKey } from '../../test/gate-server.ts'
import { ask, type RawRequest } from '../../test/raw-http.ts'
import { type VerifierServer, verifierServer } from '../../test/verifier-server.ts'

let it: VerifierServer
beforeAll(async () => {
  it = await verifierServer()
})
beforeEach(() => {
  it.recorded.length = 0
  it.logged.length = 0
})
afterAll(() => it.close())

const authorization = ['Authorization', `Bearer ${resourceKey}`] as const
const json = ['Content-Type', 'application/json'] as const
const tokenId = 'tok_01jd7z0000e1a8m3r5t7v9x1z3'
const use = { tokenId, day: '2026-11-24', count: 2, lastUsedAt: '2026-11-24T10:00:00Z' }

const send = (body: string | Buffer, over: Partial<RawRequest> = {}) =>
  ask(it.port, { method: 'POST', path: '/v1/usage', headers: [authorization, json], body, ...over })
const report = (value: unknown) => send(JSON.stringify(value))

describe('what is taken', () => {
  test('200: once it is written, with how many entries were taken', async () => {
    const other = { ...use, day: '2026-11-23', lastUsedAt: '2026-11-24T11:30:00+02:00' }
    const answer = await report([use, other])
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual({ recorded: 2 })
    expect(answer.headers['cache-control']).toEqual(['no-store'])
    expect(it.recorded).toEqual([
      [
        { ...use, lastUsedAt: '2026-11-24T10:00:00.000Z' },
        { ...other, lastUsedAt: '2026-11-24T09:30:00.000Z' },
      ],
    ])
  })

  test('200: from a clock that is an hour ahead, over midnight', async () => {
    it.clock.nowMs = Date.parse('2026-11-24T23:30:00Z')
    await report([{ ...use, day: '2026-11-25', lastUsedAt: '2026-11-25T00:30:00Z' }])
    it.clock.nowMs = Date.parse('2026-11-24T10:20:00Z')
    expect(it.recorded).toEqual([[{ ...use, lastUsedAt: '2026-11-24T23:30:00.000Z' }]])
  })

  test('200: a thousand entries, in chunks, with a charset', async () => {
    const body = JSON.stringify(Array.from({ length: 1000 }, () => use))
    const type = ['Content-Type', 'application/json; charset=UTF-8'] as const
    const answer = await send(body, { headers: [authorization, type], chunkBytes: 1000 })
    expect(answer.json()).toEqual({ recorded: 1000 })
  })

  test('503: nothing is acknowledged that was not written; sent again, it is', async () => {
    it.database.away = true
    const answer = await report([use])
    it.database.away = false
    expect(answer.status).toBe(503)
    expect(answer.json()).toMatchObject({ code: 'unavailable' })
    expect(answer.headers['retry-after']).toEqual(['1'])
    expect(it.logged.map(String)).toEqual(['Error: the database is away'])
    expect((await report([use])).status).toBe(200)
    expect(it.recorded).toHaveLength(1)
  })

  test('503: more reports at once than are written one after another; those are', async () => {
    const gate = Promise.withResolvers<void>()
    it.database.held = gate.promise
    const answers = Array.from({ length: 70 }, () => report([use]))
    const refused = await Promise.any(answers.map(async (it) => ((await it).status === 503 ? it : Promise.reject(it))))
    expect(refused.json()).toMatchObject({ code: 'unavailable' })
    gate.resolve()
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect(statuses.filter((it) => it === 200)).toHaveLength(it.recorded.length)
    expect(it.recorded.length).toBeGreaterThanOrEqual(64)
    expect((await report([use])).status).toBe(200)
  })

  test('a report whose sender went away before it was written is not written: it will come again', async () => {
    const gate = Promise.withResolvers<void>()
    it.database.held = gate.promise
    const first = report([use])
    const gone = new AbortController()
    const headers = Object.fromEntries([authorization, json])
    const lost = fetch(`${it.url}/v1/usage`, {
      method: 'POST',
      headers,
      body: JSON.stringify([{ ...use, count: 99 }]),
      signal: gone.signal,
    }).catch(() => undefined)
    await expect.poll(() => it.server.inFlight).toBe(2)
    gone.abort()
    await lost
    await expect.poll(() => it.server.inFlight).toBe(1)
    gate.resolve()
    await first
    await report([use])
    expect(it.recorded.map(([it]) => it?.count)).toEqual([2, 2])
  })
})

describe('what is refused', () => {
  test.each([
    ['an object', { uses: [use] }, ''],
    ['nothing', [], ''],
    ['a thousand and one', Array.from({ length: 1001 }, () => use), ''],
    ['null', [null], '0'],
    ['an unknown field', [use, { ...use, organizationId: 'org_1' }], '1.organizationId'],
    ['no day', [{ ...use, day: undefined }], '0.day'],
    ['a day that never was', [{ ...use, day: '2026-02-30' }], '0.day'],
    ['a point in time as a day', [{ ...use, day: '2026-11-24T00:00:00Z' }], '0.day'],
    ['a day over a week ago', [{ ...use, day: '2026-11-16' }], '0.day'],
    ['no use', [{ ...use, count: 0 }], '0.count'],
    ['less than none', [{ ...use, count: -1 }], '0.count'],
    ['half a use', [{ ...use, count: 0.5 }], '0.count'],
    ['more than anybody can', [{ ...use, count: 1e12 }], '0.count'],
    ['a number as text', [{ ...use, count: '1' }], '0.count'],
    ['no id of a token', [{ ...use, tokenId: 'svc_01jd7z0000e1a8m3r5t7v9x1z3' }], '0.tokenId'],
    ['an id with NUL', [{ ...use, tokenId: `${tokenId}\0` }], '0.tokenId'],
    ['a time without a zone', [{ ...use, lastUsedAt: '2026-11-24T10:00:00' }], '0.lastUsedAt'],
    ['a time as a number', [{ ...use, lastUsedAt: 1 }], '0.lastUsedAt'],
  ])('422: %s, with its place, and nothing is written', async (_what, value, path) => {
    const answer = await report(value)
    expect(answer.status).toBe(422)
    expect(answer.json()).toMatchObject({ code: 'invalid_request', errors: [{ path }] })
    expect(it.recorded).toEqual([])
  })

  test.each([
    ['nothing', ''],
    ['no JSON', '[{]'],
    ['JSON that goes on', '[] []'],
    ['a form', 'tokenId=tok_1'],
    ['broken UTF-8', Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d])],
    ['UTF-16', Buffer.from('[]', 'utf16le')],
    ['a hundred thousand brackets that are never closed', '['.repeat(100_000)],
  ])('400: %s', async (_what, body) => {
    const answer = await send(body)
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'bad_request' })
  })

  test('422: a hundred thousand brackets', async () => {
    expect((await send('['.repeat(100_000) + ']'.repeat(100_000))).status).toBe(422)
  })

  test.each([
    ['no type', [authorization]],
    ['a form', [authorization, ['Content-Type', 'application/x-www-form-urlencoded']]],
    ['text', [authorization, ['Content-Type', 'text/plain']]],
    ['an encoding', [authorization, json, ['Content-Encoding', 'gzip']]],
  ] as const)('415: %s', async (_what, headers) => {
    expect((await send(JSON.stringify([use]), { headers })).status).toBe(415)
    expect(it.recorded).toEqual([])
  })

  test.each(['application/json; charset=latin1', 'application/json;charset=utf8', 'application/json;'])(
    '200: parameters of the media type have no effect: %s',
    async (type) => {
      const headers = [authorization, ['Content-Type', type]] as const
      expect((await send(JSON.stringify([use]), { headers })).status).toBe(200)
    },
  )

  test('413: over 256 KiB, declared or in chunks, up to megabytes', async () => {
    const spaces = (bytes: number) => JSON.stringify([use]).padEnd(bytes, ' ')
    for (const over of [{}, { chunkBytes: 10_000 }]) {
      const answer = await send(spaces(3_000_000), over)
      expect(answer.status).toBe(413)
      expect(answer.json()).toMatchObject({ code: 'payload_too_large' })
    }
    expect((await send(spaces(256 * 1024 + 1))).status).toBe(413)
    expect((await send(spaces(256 * 1024))).status).toBe(200)
  })
})
