import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type GateServer, gateServer, resourceKey } from '../../test/gate-server.ts'
import { ask, exchange } from '../../test/raw-http.ts'
import { usualLimits } from './server-limits.ts'

const started: GateServer[] = []
const start = async (...options: Parameters<typeof gateServer>) => {
  const it = await gateServer(...options)
  started.push(it)
  return it
}
afterEach(async () => {
  await Promise.all(started.splice(0).map((it) => it.server.stop({ announceMs: 0, deadlineMs: 50 })))
})

const inFlight = (it: GateServer, count: number) =>
  expect.poll(() => it.server.inFlight, { timeout: 20_000 }).toBe(count)

/** From another address than the tests' own: all of 127.0.0.0/8 is this machine's. */
async function statusFrom(localAddress: string, port: number, path: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  return (await textOf(socket)).slice(9, 12)
}

const textOf = (socket: Socket) =>
  new Promise<string>((resolve) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(text))
  })

async function metric({ port }: GateServer, name: string): Promise<number> {
  const page = await ask(port, { path: '/metrics', headers: [['Authorization', `Bearer ${resourceKey}`]] })
  const line = page.body.split('\n').find((it) => it.startsWith(`${name} `))
  return Number(line?.split(' ').at(-1) ?? 0)
}

const slowAndAhead = (ahead: number) => `GET /slow HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(ahead)

describe('requests in flight', () => {
  test('429: one address does not take all the places; another is served, and so is token verification', async () => {
    const it = await start({ limits: { maxInFlightPerClient: 2 } })
    const slow = [ask(it.port, { path: '/slow' }), ask(it.port, { path: '/slow' })]
    await inFlight(it, 2)
    const refused = await ask(it.port, { path: '/anything' })
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, ['1']])
    expect(refused.json()).toMatchObject({ code: 'too_many_requests' })
    for (const path of ['/forward-auth', '/forward-auth/x?y']) expect((await ask(it.port, { path })).status).toBe(401)
    expect(await statusFrom('127.0.0.2', it.port, '/anything')).toBe('404')
    expect(await metric(it, 'portcullis_limited_total{limit="in_flight_from"}')).toBe(1)
    it.release()
    await Promise.all(slow)
    expect((await ask(it.port, { path: '/anything' })).status).toBe(404)
  })

  const forward = (it: GateServer, token: string) =>
    ask(it.port, { path: '/forward-auth', headers: [['Authorization', `Bearer ${token}`]] })
  const introspect = (it: GateServer, token: string) =>
    ask(it.port, {
      method: 'POST',
      path: '/oauth2/introspect',
      headers: [
        ['Authorization', `Bearer ${resourceKey}`],
        ['Content-Type', 'application/x-www-form-urlencoded'],
      ],
      body: `token=${token}`,
    })

  test.each([
    ['of all', { maxInFlight: 2 }, 'portcullis_http_turned_away_total{why="in_flight"}'],
    ['of one address', { maxInFlightPerClient: 2 }, 'portcullis_limited_total{limit="in_flight_from"}'],
  ])(
    '503: the places %s for token verification are taken; what memory knows is answered all the same',
    async (_whose, limits, name) => {
      const it = await start({ limits })
      const known = it.issue()
      expect((await forward(it, known)).status).toBe(200)
      const held = Promise.withResolvers<void>()
      it.database.held = held.promise
      const slow = [forward(it, it.issue()), introspect(it, it.issue())]
      await inFlight(it, 2)
      expect((await forward(it, known)).status).toBe(200)
      expect((await introspect(it, known)).json()).toMatchObject({ active: true })
      expect((await introspect(it, 'nonsense')).json()).toMatchObject({ active: false, reason: 'malformed' })
      for (const refused of [await forward(it, it.issue()), await introspect(it, it.issue())]) {
        expect([refused.status, refused.headers['retry-after']]).toEqual([503, ['1']])
        expect(refused.json()).toMatchObject({ code: 'unavailable' })
      }
      expect(await metric(it, name)).toBe(2)
      // The router has places of its own.
      expect((await ask(it.port, { path: '/anything' })).status).toBe(404)
      held.resolve()
      for (const answer of await Promise.all(slow)) expect(answer.status).toBe(200)
      expect((await forward(it, it.issue())).status).toBe(200)
    },
  )

  test('clients behind a trusted proxy are counted each by itself, what the proxy asks for itself is not', async () => {
    const it = await start({ limits: { maxInFlightPerClient: 1 }, trustedProxies: ['127.0.0.1'] })
    const of = (path: string, client: string) => ask(it.port, { path, headers: [['X-Forwarded-For', client]] })
    const slow = [of('/slow', '192.0.2.1'), ask(it.port, { path: '/slow' }), ask(it.port, { path: '/slow' })]
    await inFlight(it, 3)
    expect((await of('/x', '192.0.2.1')).status).toBe(429)
    expect((await of('/x', '192.0.2.2')).status).toBe(404)
    it.release()
    await Promise.all(slow)
  })

  test('an answer that nobody takes keeps its place', async () => {
    const it = await start({ limits: { maxInFlightPerClient: 2 } })
    // The second is answered at once, and its answer waits behind the first.
    const socket = connect(it.port, '127.0.0.1', () =>
      socket.write(`${slowAndAhead(1)}GET /x HTTP/1.1\r\nHost: a\r\n\r\n`),
    )
    socket.on('error', () => undefined)
    await inFlight(it, 2)
    expect((await ask(it.port, { path: '/x' })).status).toBe(429)
    socket.destroy()
    await inFlight(it, 0)
    expect((await ask(it.port, { path: '/x' })).status).toBe(404)
  })

  test('200: a process with no place left is alive and ready, and tells its metrics', async () => {
    const it = await start({ limits: { maxInFlight: 1 } })
    const slow = ask(it.port, { path: '/slow' })
    await inFlight(it, 1)
    expect((await ask(it.port, { path: '/x' })).status).toBe(503)
    for (const path of ['/healthz', '/readyz', '/readyz?probe']) expect((await ask(it.port, { path })).status).toBe(200)
    expect(await metric(it, 'portcullis_http_turned_away_total{why="in_flight"}')).toBe(1)
    it.release()
    await slow
  })

  test('a connection that asks on and on without waiting for answers is ended; others are served', async () => {
    const it = await start({ limits: { maxAhead: 3 } })
    const patient = connect(it.port, '127.0.0.1', () => patient.write(slowAndAhead(3)))
    await inFlight(it, 3)
    expect(await exchange(it.port, Buffer.from(slowAndAhead(1000)))).toBe('')
    await inFlight(it, 3)
    expect(await metric(it, 'portcullis_http_turned_away_total{why="in_flight"}')).toBe(1)
    const all = textOf(patient)
    it.release()
    await inFlight(it, 0)
    patient.write('GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect((await all).match(/HTTP\/1\.1 \d+/g)).toEqual([
      'HTTP/1.1 404',
      'HTTP/1.1 404',
      'HTTP/1.1 404',
      'HTTP/1.1 200',
    ])
  })
})

describe('requests that owe a body', () => {
  const half = (path: string, length: number | 'chunked' = 10) =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${resourceKey}\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
    (length === 'chunked' ? 'Transfer-Encoding: chunked\r\n\r\n3\r\ntok' : `Content-Length: ${length}\r\n\r\ntok`)

  /** Sends something and leaves the connection open; resolves with all that comes back. */
  async function send(it: GateServer, text: string, localAddress = '127.0.0.1') {
    const socket = connect({ port: it.port, host: '127.0.0.1', localAddress })
    await once(socket, 'connect')
    const answered = textOf(socket)
    socket.write(text)
    return { socket, answered }
  }

  test('200 of 180: ten addresses that each leave 200 sign-ins half-sent shut nobody out', async () => {
    const it = await start()
    const addresses = Array.from({ length: 10 }, (_, n) => `127.0.0.${n + 10}`)
    const sent = await Promise.all(
      addresses.flatMap((address) => Array.from({ length: 200 }, () => send(it, half('/body'), address))),
    )
    await expect.poll(() => it.server.inFlight, { timeout: 20_000 }).toBeLessThanOrEqual(usualLimits.maxOwingBody)
    for (let n = 0; n < 180; n += 1) expect(await statusFrom('127.0.0.2', it.port, '/forward-auth')).toBe('401')
    expect(await statusFrom('127.0.0.2', it.port, '/anything')).toBe('404')
    expect((await ask(it.port, { method: 'POST', path: '/body', body: 'whole' })).json()).toEqual({ bytes: 5 })
    for (const { socket } of sent) socket.destroy()
  })

  test('408: beyond the bound the oldest is dropped; requests that are complete and wait are none of them', async () => {
    const it = await start({ limits: { maxOwingBody: 2 } })
    const waiting = Array.from({ length: 3 }, () => ask(it.port, { method: 'POST', path: '/slow', body: 'whole' }))
    await inFlight(it, 3)
    const first = await send(it, half('/body'))
    await inFlight(it, 4)
    const second = await send(it, half('/oauth2/introspect'))
    await inFlight(it, 5)
    const third = await send(it, half('/body', 'chunked'))
    expect(await first.answered).toMatch(/^HTTP\/1\.1 408 .*"code":"request_timeout"/s)
    await inFlight(it, 5)
    second.socket.write('en=abcd')
    await expect
      .poll(() => metric(it, 'portcullis_gate_decisions_total{door="introspection",outcome="malformed"}'))
      .toBe(1)
    third.socket.write('\r\n2\r\nen\r\n0\r\n\r\n')
    third.socket.end()
    expect(await third.answered).toContain('{"bytes":5}')
    it.release()
    for (const answer of await Promise.all(waiting)) expect(answer.status).toBe(404)
    second.socket.destroy()
  })

  test('408: a body that does not arrive in its time, at every endpoint and in chunks; one that goes on arriving is taken', async () => {
    const it = await start({ limits: { bodyMs: 300, minBodyBytes: 4 } })
    const slow = [half('/body'), half('/oauth2/introspect'), half('/body', 'chunked'), half('/body', 1024 * 1024)]
    const steady = await send(it, half('/body', 63))
    for (const { answered } of await Promise.all(slow.map((text) => send(it, text)))) {
      // Far more than the bytes that a steady client owes for the time of one round.
      const more = setInterval(() => steady.socket.write('x'.repeat(5)), 50)
      expect(await answered).toMatch(/^HTTP\/1\.1 408 /)
      clearInterval(more)
    }
    expect(await metric(it, 'portcullis_http_turned_away_total{why="slow"}')).toBe(4)
    steady.socket.destroy()
    await inFlight(it, 0)
  })

  test('a half-sent request behind another is ended without an answer, which would be taken for the other’s', async () => {
    const it = await start({ limits: { bodyMs: 200 } })
    const { answered } = await send(it, slowAndAhead(1) + half('/body'))
    expect(await answered).toBe('')
    await inFlight(it, 0)
  })
})

describe('answers that nobody reads', () => {
  const mebibyte = 1024 * 1024
  const large = 'GET /large HTTP/1.1\r\nHost: a\r\n\r\n'

  /** Asks and does not read. */
  function askUnread(it: GateServer, text: string): Socket {
    const socket = connect(it.port, '127.0.0.1', () => socket.write(text))
    socket.pause()
    socket.on('error', () => undefined)
    return socket
  }
  /** Reads until the server ends the connection, or so many bytes have come. */
  const read = (socket: Socket, bytes = Number.POSITIVE_INFINITY) =>
    new Promise<number>((resolve) => {
      let size = 0
      socket.on('close', () => resolve(size))
      socket.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size >= bytes) resolve(size)
      })
      socket.resume()
    })
  const unread = (it: GateServer) => metric(it, 'portcullis_http_turned_away_total{why="unread"}')

  test('a connection is ended when more bytes of its answers wait than it may leave', async () => {
    const it = await start({ limits: { maxUnreadBytes: 512 * 1024, maxAheadAtRouter: 20 } })
    const socket = askUnread(it, large.repeat(8))
    await expect.poll(() => unread(it)).toBe(1)
    await inFlight(it, 0)
    expect(await read(socket)).toBeLessThan(8 * mebibyte)
    // One large answer that is read at once is no such thing.
    expect((await ask(it.port, { path: '/large' })).body.length).toBe(1024 * 1024)
  })

  test('answers from memory are counted, too', async () => {
    const it = await start({ limits: { maxUnreadBytes: 64 * 1024 } })
    askUnread(it, 'GET /forward-auth HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1000))
    await expect.poll(() => unread(it)).toBe(1)
  })

  test('what a client leaves behind when it goes is not counted any more, and neither is what it reads', async () => {
    const it = await start()
    const memory = 'GET /forward-auth HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(500)
    const gone = askUnread(it, memory)
    await once(gone, 'readable')
    const reading = askUnread(it, large.repeat(4))
    await expect.poll(() => it.server.unreadBytes, { timeout: 20_000 }).toBeGreaterThan(mebibyte)
    await read(reading, 4 * mebibyte)
    gone.destroy()
    await expect.poll(() => it.server.unreadBytes, { timeout: 20_000 }).toBe(0)
    await inFlight(it, 0)
    reading.destroy()
  })

  test('of all connections together the one that waits longest is ended first', async () => {
    const limits = { maxUnreadBytesInAll: 20 * mebibyte, maxUnreadBytes: 64 * mebibyte, maxAheadAtRouter: 20 }
    const it = await start({ limits })
    const first = askUnread(it, large.repeat(16))
    await expect.poll(() => it.server.inFlight, { timeout: 20_000 }).toBeGreaterThan(4)
    const second = askUnread(it, large.repeat(16))
    await expect.poll(() => unread(it), { timeout: 20_000 }).toBe(1)
    expect(await read(first)).toBeLessThan(16 * mebibyte)
    expect(await read(second, 16 * mebibyte)).toBeGreaterThanOrEqual(16 * mebibyte)
    second.destroy()
  })

  test('of one connection the router takes four requests at once; a fifth ends it', async () => {
    const it = await start()
    const patient = connect(it.port, '127.0.0.1', () => patient.write(slowAndAhead(4)))
    await inFlight(it, 4)
    expect(await exchange(it.port, Buffer.from(slowAndAhead(5)))).toBe('')
    await inFlight(it, 4)
    patient.destroy()
  })
})
