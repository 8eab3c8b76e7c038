import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ChangeReader } from '../../test/change-reader.ts'
import { resourceKey } from '../../test/gate-server.ts'
import { ask } from '../../test/raw-http.ts'
import { type VerifierServer, verifierServer } from '../../test/verifier-server.ts'
import type { Forget } from '../db/change.ts'
import type { FeedPoint } from '../db/feed-log.ts'

let it: VerifierServer
const readers: ChangeReader[] = []
beforeEach(async () => {
  it = await verifierServer({ streams: 2, unreadBytes: 64 * 1024, missedBytes: 4096, keepAliveMs: 20 })
  await it.lease.renew()
})
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.cut()
  await it.close()
})

const token = (id: string): Forget => ({ kind: 'token', id })
/** Where this process stands. */
const here = (): FeedPoint => ({ number: it.lease.applied, mark: it.lease.mark })
const idOf = ({ number, mark }: FeedPoint) => `${number}.${mark}`

async function read(headers: Record<string, string> = {}, query = ''): Promise<ChangeReader> {
  const reader = await ChangeReader.open(`${it.url}/v1/changes${query}`, resourceKey, headers)
  readers.push(reader)
  return reader
}
const readFrom = (point: FeedPoint) => read({ 'last-event-id': idOf(point) })

/** Refused, as plain HTTP. */
const refused = (path = '/v1/changes') => ask(it.port, { path, headers: [['Authorization', `Bearer ${resourceKey}`]] })

describe('how a stream begins', () => {
  test('200: with a comment and when to come back, then: forget everything, at the point where this process stands', async () => {
    await it.commit(token('a'))
    const { number, mark } = await it.commit(token('b'))
    const reader = await read()
    await reader.event(0)
    expect(reader.status).toBe(200)
    expect(reader.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    expect(reader.headers['x-accel-buffering']).toBe('no')
    expect(reader.headers['x-request-id']).toBeDefined()
    const event = `id: 2.${mark}\nevent: forget\ndata: {"number":${number},"mark":"${mark}","forget":"everything"}\n\n`
    expect(reader.text).toMatch(/^:\n\nretry: 1000\n\n/)
    expect(reader.text.replace(/^:\n\nretry: 1000\n\n/, '').startsWith(event)).toBe(true)
  })

  test('200: before the first change, everything at 0 and no mark; that is a point to come back to', async () => {
    const reader = await read()
    expect(await reader.event(0)).toEqual({ id: '0.', number: 0, mark: '', forget: 'everything' })
    const entry = await it.commit(token('a'))
    const returning = await read({ 'last-event-id': '0.' })
    expect(await returning.event(0)).toEqual({ id: idOf(entry), ...entry })
  })

  test('with what came after the point at which a reader stands, and nothing of it twice', async () => {
    const first = await it.commit(token('a'))
    const rest = [
      await it.commit(token('b'), token('c')),
      await it.commit({ kind: 'issuer', id: 'https://idp.example' }),
    ]
    const reader = await readFrom(first)
    await reader.event(1)
    rest.push(await it.commit({ kind: 'account', id: 'svc_1' }))
    await reader.event(2)
    expect(reader.events).toEqual(rest.map((entry) => ({ id: idOf(entry), ...entry })))
  })

  test('with nothing, for a reader that stands where this process does; what comes next is told', async () => {
    const point = await it.commit(token('a'))
    const reader = await readFrom(point)
    await reader.until(({ text }) => text.split(':\n\n').length > 3)
    expect(reader.events).toEqual([])
    const entry = await it.commit(token('b'))
    expect(await reader.event(0)).toEqual({ id: idOf(entry), ...entry })
  })

  test('its address may say where it stands, and Last-Event-ID is newer than its address', async () => {
    const [a, b, c] = [await it.commit(token('a')), await it.commit(token('b')), await it.commit(token('c'))]
    const byAddress = await read({}, `?since=${idOf(a)}`)
    expect((await byAddress.event(0)).number).toBe(b.number)
    byAddress.cut()
    const byBoth = await read({ 'last-event-id': idOf(b) }, `?since=${idOf(a)}`)
    expect((await byBoth.event(0)).number).toBe(c.number)
  })

  test('N3: what was committed meanwhile is asked for before anything is written', async () => {
    const point = await it.commit(token('a'))
    const unheard = it.commitSilently(token('b'))
    const reader = await readFrom(point)
    expect((await reader.event(0)).id).toBe(idOf(unheard))
  })

  test('N3: what is committed while a stream waits to be opened is told once', async () => {
    const point = await it.commit(token('a'))
    const gate = Promise.withResolvers<void>()
    it.database.held = gate.promise
    const opening = readFrom(point)
    await expect.poll(() => it.doors.streams.taken).toBe(1)
    const entries = [it.commitSilently(token('b')), it.commitSilently(token('c'))]
    gate.resolve()
    const reader = await opening
    entries.push(await it.commit(token('d')))
    await reader.until(({ lastId }) => lastId === idOf(entries[2] as FeedPoint))
    expect(reader.events.map(({ id }) => id)).toEqual(entries.map(idOf))
  })
})

describe('P11: whoever stands at no point of this history forgets everything', () => {
  const marked = '0123456789ab'
  test.each([
    ['no point', ''],
    ['a number without a mark', '3'],
    ['a number with an empty mark', '3.'],
    ['the mark alone', `.${marked}`],
    ['another mark', `3.${marked}`],
    ['a number ahead of this process', `4.${marked}`],
    ['a number far ahead', `999999999999999.${marked}`],
    ['a number that no double holds', `99999999999999999999.${marked}`],
    ['a negative number', `-1.${marked}`],
    ['a fraction', '1.5'],
    ['an exponent', `1e0.${marked}`],
    ['capital letters', '3.0123456789AB'],
    ['a mark of sixty thousand bits', `3.${'a'.repeat(15_000)}`],
    ['SQL', "3' or 1=1--"],
    ['Latin-1', '3.é'],
    ['a zero with a mark', `0.${marked}`],
  ])('%s', async (_what, id) => {
    for (const name of ['a', 'b', 'c']) await it.commit(token(name))
    const { number, mark } = it.lease.log.since({ number: 2, mark: it.database.history[1]?.mark ?? '' })?.[0] ?? {}
    const byHeader = await read({ 'last-event-id': id })
    expect(await byHeader.event(0)).toEqual({ id: `${number}.${mark}`, number, mark, forget: 'everything' })
    const byAddress = await read({}, `?since=${encodeURIComponent(id)}`)
    expect((await byAddress.event(0)).forget).toBe('everything')
  })

  test('two ids at once', async () => {
    const { number, mark } = await it.commit(token('a'))
    const twice = await ChangeReader.open(`${it.url}/v1/changes`, resourceKey, {
      'last-event-id': [`${number}.${mark}`, `${number}.${mark}`] as unknown as string,
    })
    readers.push(twice)
    expect((await twice.event(0)).forget).toBe('everything')
  })

  test('a point that this process has applied before a new beginning', async () => {
    const old = await it.commit(token('a'))
    await it.commit(token('b'))
    await it.failover(0)
    const { number, mark } = here()
    expect(await (await readFrom(old)).event(0)).toEqual({
      id: `${number}.${mark}`,
      number,
      mark,
      forget: 'everything',
    })
    expect((await readFrom({ number, mark })).events).toEqual([])
  })

  test('an open stream, when the history turns out to be another: at the point where that one stands', async () => {
    const common = await it.commit(token('a'))
    const lost = await it.commit(token('lost'))
    const reader = await readFrom(lost)
    await it.failover(1)
    expect(await reader.event(0)).toEqual({ id: idOf(common), number: 1, mark: common.mark, forget: 'everything' })
    const other = await it.commit(token('other'))
    expect(await reader.event(1)).toEqual({ id: idOf(other), ...other })
    expect(other.number).toBe(lost.number)
    // Somebody who was away meanwhile comes back with the lost one's number, and this process is there, too.
    const returning = await readFrom(lost)
    expect(await returning.event(0)).toEqual({ id: idOf(other), number: 2, mark: other.mark, forget: 'everything' })
  })

  test('who missed more than is told at once', async () => {
    const start = await it.commit(token('a'))
    for (let i = 0; i < 40; i += 1) await it.commit(token('x'.repeat(43)))
    const { number, mark } = here()
    expect((await (await readFrom(start)).event(0)).forget).toBe('everything')
    const nearly = it.database.history[30] as FeedPoint
    const reader = await readFrom(nearly)
    await reader.event(9)
    expect(reader.lastId).toBe(`${number}.${mark}`)
    expect(reader.events.map((told) => told.number)).toEqual([32, 33, 34, 35, 36, 37, 38, 39, 40, 41])
  })
})

describe('what an event says', () => {
  test('kind and id of each record, and nothing else that the feed knows', async () => {
    const reader = await readFrom(here())
    await it.commit({ kind: 'organization', id: 'org_1', version: 7 }, { kind: 'provider', id: 'idp_1' })
    expect((await reader.event(0)).forget).toEqual([
      { kind: 'organization', id: 'org_1' },
      { kind: 'provider', id: 'idp_1' },
    ])
  })

  test('no name can end an event or begin another', async () => {
    const reader = await readFrom(here())
    const issuer = 'https://idp.example/\n\nid: 9.\nevent: forget\ndata: {}\n\n\r\r\u2028\u0085ü😀'
    const entry = await it.commit({ kind: 'issuer', id: issuer })
    const next = await it.commit(token('a'))
    await reader.event(1)
    expect(reader.events).toEqual([entry, next].map((it) => ({ id: idOf(it), ...it })))
  })

  test('a change that names too many records is a new beginning', async () => {
    const reader = await readFrom(here())
    const { number, mark } = await it.commit(...Array.from({ length: 200 }, (_, i) => token(`t${i}`.padEnd(43, 'x'))))
    expect(await reader.event(0)).toEqual({ id: `${number}.${mark}`, number, mark, forget: 'everything' })
    expect((await it.commit(token('a'))).number).toBe((await reader.event(1)).number)
  })

  test('nothing, now and then, so that a connection that is dead is known', async () => {
    const reader = await readFrom(here())
    await reader.until(({ text }) => text.endsWith('\n\n:\n\n:\n\n'))
  })
})

describe('bounds', () => {
  test('503: without a lease, when the database does not answer, and nothing of a stream is written', async () => {
    it.database.away = true
    const answer = await refused()
    expect(answer.status).toBe(503)
    expect(answer.headers['content-type']).toEqual(['application/problem+json'])
    expect(answer.headers['retry-after']).toEqual(['1'])
    it.database.away = false
    expect((await read()).status).toBe(200)
  })

  test('503: more than the process may have, also while they wait; and there is room again when one ends', async () => {
    const gate = Promise.withResolvers<void>()
    it.database.held = gate.promise
    const opening = [read(), read()]
    await expect.poll(() => it.doors.streams.taken).toBe(2)
    expect((await refused()).status).toBe(503)
    gate.resolve()
    const [first, second] = await Promise.all(opening)
    expect((await refused()).status).toBe(503)
    expect(it.doors.streams.size).toBe(2)
    first?.cut()
    await expect.poll(() => it.doors.streams.size).toBe(1)
    await (await read()).event(0)
    expect(second?.events).toHaveLength(1)
  })

  test('who goes away while it waits takes no room', async () => {
    const gate = Promise.withResolvers<void>()
    it.database.held = gate.promise
    const gone = new AbortController()
    const headers = { authorization: `Bearer ${resourceKey}` }
    const opening = fetch(`${it.url}/v1/changes`, { headers, signal: gone.signal }).catch(() => undefined)
    await expect.poll(() => it.doors.streams.taken).toBe(1)
    gone.abort()
    await opening
    await expect.poll(() => it.doors.streams.taken).toBe(0)
    gate.resolve()
    await it.lease.renew()
    expect(it.doors.streams.size).toBe(0)
    expect(it.logged).toEqual([])
  })

  test('a reader that does not read is cut off, and the others are served without a gap', async () => {
    const idle = await readFrom(here())
    const other = await readFrom(here())
    idle.pause()
    let last = await it.commit(token('first'))
    while (it.doors.streams.size === 2) {
      last = await it.commit(...Array.from({ length: 30 }, () => token('x'.repeat(43))))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await other.until(({ lastId }) => lastId === idOf(last))
    expect(other.events.map(({ number }) => number)).toEqual(it.database.history.map(({ number }) => number))
  })

  test('a stop tells every stream when to come back, waits for none, and opens no other', async () => {
    const streams = [await read(), await read()]
    for (const stream of streams) await stream.event(0)
    expect(it.server.inFlight).toBe(0)
    it.doors.streams.endAll()
    for (const stream of streams) {
      await stream.ended
      const [, retryMs] = /retry: (\d+)\n\n$/.exec(stream.text) ?? []
      expect(Number(retryMs)).toBeGreaterThan(0)
      expect(Number(retryMs)).toBeLessThanOrEqual(1000)
    }
    expect((await refused()).status).toBe(503)
    await it.server.stop({ announceMs: 0, deadlineMs: 60_000 })
  })

  test('503: a stop finds a stream that waits to be opened', async () => {
    const gate = Promise.withResolvers<void>()
    it.database.held = gate.promise
    const opening = refused()
    await expect.poll(() => it.doors.streams.taken).toBe(1)
    it.doors.streams.endAll()
    gate.resolve()
    expect((await opening).status).toBe(503)
  })
})
