import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type GateServer, gateServer, resourceKey } from '../../test/gate-server.ts'
import { ask, exchange } from '../../test/raw-http.ts'

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
  test('429, at the gate 503: one address does not take all the places, at whatever door; another is served', async () => {
    const it = await start({ limits: { maxInFlightPerClient: 2 } })
    const slow = [ask(it.port, { path: '/slow' }), ask(it.port, { path: '/slow' })]
    await inFlight(it, 2)
    for (const [path, status, code] of [
      ['/forward-auth', 503, 'unavailable'],
      ['/forward-auth/x?y', 503, 'unavailable'],
      ['/oauth2/introspect', 503, 'unavailable'],
      ['/anything', 429, 'too_many_requests'],
    ] as const) {
      const refused = await ask(it.port, { path })
      expect(refused.status).toBe(status)
      expect(refused.headers['retry-after']).toEqual(['1'])
      expect(refused.json()).toMatchObject({ code })
    }
    expect(await statusFrom('127.0.0.2', it.port, '/forward-auth')).toBe('401')
    expect(await metric(it, 'portcullis_limited_total{limit="in_flight_from"}')).toBe(4)
    it.release()
    await Promise.all(slow)
    expect((await ask(it.port, { path: '/forward-auth' })).status).toBe(401)
  })

  test('clients behind a trusted proxy are counted each by itself, what the proxy asks for itself is not', async () => {
    const it = await start({ limits: { maxInFlightPerClient: 1 }, trustedProxies: ['127.0.0.1'] })
    const of = (path: string, client: string) => ask(it.port, { path, headers: [['X-Forwarded-For', client]] })
    const slow = [of('/slow', '192.0.2.1'), ask(it.port, { path: '/slow' }), ask(it.port, { path: '/slow' })]
    await inFlight(it, 3)
    expect((await of('/forward-auth', '192.0.2.1')).status).toBe(503)
    expect((await of('/forward-auth', '192.0.2.2')).status).toBe(401)
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
    expect((await ask(it.port, { path: '/forward-auth' })).status).toBe(503)
    socket.destroy()
    await inFlight(it, 0)
    expect((await ask(it.port, { path: '/forward-auth' })).status).toBe(401)
  })

  test('200: a process with no place left is alive and ready, and tells its metrics', async () => {
    const it = await start({ limits: { maxInFlight: 1 } })
    const slow = ask(it.port, { path: '/slow' })
    await inFlight(it, 1)
    expect((await ask(it.port, { path: '/forward-auth' })).status).toBe(503)
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
