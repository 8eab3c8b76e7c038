import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type GateServer, gateServer, resourceKey } from '../../test/gate-server.ts'
import { ask, exchange, parseAnswer } from '../../test/raw-http.ts'
import { checksumOf, isWellFormed } from '../features/tokens/rules.ts'

const started: GateServer[] = []
const start = async (...options: Parameters<typeof gateServer>) => {
  const it = await gateServer(...options)
  started.push(it)
  return it
}
afterEach(async () => {
  await Promise.all(started.splice(0).map((it) => it.server.stop({ announceMs: 0, deadlineMs: 50 })))
})

const seenByRouter = async (it: GateServer, headers: [string, string][]) => {
  const answer = await ask(it.port, { path: '/anything', headers })
  return { answer, headers: answer.json().headers as Record<string, string> }
}

describe('what the router is told about a client', () => {
  test('its address and the request id are ours, whatever it claims', async () => {
    const it = await start()
    const { answer, headers } = await seenByRouter(it, [
      ['X-Portcullis-Client', '6.6.6.6'],
      ['x-portcullis-client', '7.7.7.7'],
      ['X-Request-Id', 'mine'],
      ['X-Forwarded-For', '6.6.6.6'],
      ['X-Forwarded-Proto', 'https'],
      ['X-Forwarded-Host', 'evil.example'],
      ['Forwarded', 'for=6.6.6.6'],
      ['X-Real-IP', '6.6.6.6'],
      ['X-Other', 'stays'],
    ])
    expect(headers['x-portcullis-client']).toBe('127.0.0.1')
    expect(headers['x-other']).toBe('stays')
    expect(answer.json().forwardedFor).toBeNull()
    expect(JSON.stringify(headers)).not.toMatch(/6\.6\.6\.6|7\.7\.7\.7|evil|https|mine/)
    expect(answer.headers['x-request-id']).toEqual([headers['x-request-id']])
  })

  test('a trusted proxy is believed, for address, scheme and request id', async () => {
    const it = await start({ trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] })
    const { answer, headers } = await seenByRouter(it, [
      ['X-Forwarded-For', '6.6.6.6, 203.0.113.9, 10.1.2.3'],
      ['X-Forwarded-Proto', 'https'],
      ['X-Request-Id', 'edge-42'],
    ])
    expect(headers['x-portcullis-client']).toBe('203.0.113.9')
    expect(headers['x-forwarded-proto']).toBe('https')
    expect(headers['x-forwarded-for']).toBeUndefined()
    expect(answer.headers['x-request-id']).toEqual(['edge-42'])
  })

  test('a request id that would break a log is replaced even from a proxy, at the gate too', async () => {
    const it = await start({ trustedProxies: ['127.0.0.1'] })
    for (const id of ['a b', 'x'.repeat(200), '"', '']) {
      const answer = await ask(it.port, { path: '/forward-auth', headers: [['X-Request-Id', id]] })
      expect(answer.headers['x-request-id']?.[0]).toMatch(/^[0-9a-f]{12}-\w+$/)
    }
    const edge = { path: '/forward-auth', headers: [['X-Request-Id', 'edge-42']] } as const
    const elsewhere = await start({ trustedProxies: ['10.0.0.0/8'] })
    expect((await ask(elsewhere.port, edge)).headers['x-request-id']).not.toEqual(['edge-42'])
    const kept = await ask(it.port, edge)
    expect(kept.headers['x-request-id']).toEqual(['edge-42'])
    expect(kept.json().requestId).toBe('edge-42')
  })

  test.each([
    ['none', ''],
    ['broken', 'Host: a b\r\n'],
    ['two', 'Host: a\r\nHost: b\r\n'],
    ['a path', 'Host: a/b\r\n'],
  ])('400: a Host that names no host is a problem, and no failure of ours: %s', async (_what, host) => {
    const it = await start()
    const bytes = Buffer.from(`GET /x HTTP/1.1\r\n${host}Connection: close\r\n\r\n`)
    const answer = parseAnswer(await exchange(it.port, bytes))
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'bad_request' })
    expect(answer.headers['x-request-id']).toEqual([answer.json().requestId])
    expect(it.logged.some((entry) => entry instanceof Error)).toBe(false)
  })

  test('404: an expectation that nobody knows is ignored', async () => {
    const it = await start()
    const answer = await ask(it.port, { path: '/x', headers: [['Expect', 'the-unexpected']] })
    expect(answer.status).toBe(404)
    expect(answer.headers['x-request-id']).toHaveLength(1)
  })
})

test('the log line of a request has no query and no one-time secret', async () => {
  const it = await start()
  const secret = 'Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4'
  await ask(it.port, { path: `/api/v1/invitations/${secret}?token=${secret}` })
  await ask(it.port, { path: '/api/v1/organizations/org_01jd7z0000e1a8m3r5t7v9x1z3' })
  expect(it.logged).toMatchObject([
    { method: 'GET', path: '/api/v1/invitations/…', status: 404 },
    { method: 'GET', path: '/api/v1/organizations/org_01jd7z0000e1a8m3r5t7v9x1z3', status: 404 },
  ])
  expect(JSON.stringify(it.logged)).not.toContain(secret)
})

describe('bounds', () => {
  test('503: too many in flight, and one more when there is room again', async () => {
    const it = await start({ limits: { maxInFlight: 2 } })
    const slow = [ask(it.port, { path: '/slow' }), ask(it.port, { path: '/slow' })]
    await expect.poll(() => it.server.inFlight, { timeout: 20_000 }).toBe(2)
    const refused = await ask(it.port, { path: '/x' })
    expect(refused.status).toBe(503)
    expect(refused.headers['retry-after']).toEqual(['1'])
    it.release()
    for (const answer of await Promise.all(slow)) expect(answer.status).toBe(404)
    expect((await ask(it.port, { path: '/x' })).status).toBe(404)
  })

  test('a connection too many is dropped, and does not harm the others', async () => {
    const it = await start({ limits: { maxConnections: 1 } })
    const first = connect(it.port, '127.0.0.1')
    await new Promise((resolve) => first.once('connect', resolve))
    expect(await exchange(it.port, Buffer.from('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n')).catch(() => '')).toBe('')
    first.write('GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect(await textOf(first)).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('a connection too many of one address is dropped; a trusted proxy brings many clients', async () => {
    const it = await start({ limits: { maxConnectionsPerClient: 1 } })
    const first = connect(it.port, '127.0.0.1')
    await new Promise((resolve) => first.once('connect', resolve))
    expect(await exchange(it.port, plain).catch(() => '')).toBe('')
    first.end(plain)
    expect(await textOf(first)).toMatch(/^HTTP\/1\.1 200 /)
    await expect.poll(() => exchange(it.port, plain).catch(() => '')).toMatch(/^HTTP\/1\.1 200 /)
    expect(await metric(it, 'portcullis_http_turned_away_total{why="connections_from"}')).toBeGreaterThan(0)

    const proxied = await start({ limits: { maxConnectionsPerClient: 1 }, trustedProxies: ['127.0.0.1'] })
    const open = connect(proxied.port, '127.0.0.1')
    await new Promise((resolve) => open.once('connect', resolve))
    expect(await exchange(proxied.port, plain)).toMatch(/^HTTP\/1\.1 200 /)
    open.destroy()
  })

  test('408: headers that drip, and a body that never comes', async () => {
    const it = await start({ limits: { headersMs: 100, requestMs: 200, checkMs: 50 } })
    const half = connect(it.port, '127.0.0.1', () => half.write('GET /healthz HTTP/1.1\r\nHost:'))
    expect(parseAnswer(await textOf(half)).status).toBe(408)
    const head = `POST /oauth2/introspect HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${resourceKey}\r\n`
    const form = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\ntok'
    const body = connect(it.port, '127.0.0.1', () => body.write(head + form))
    const answer = parseAnswer(await textOf(body))
    expect(answer.status).toBe(408)
    expect(answer.json()).toMatchObject({ code: 'request_timeout' })
    expect(await metric(it, 'portcullis_http_turned_away_total{why="slow"}')).toBe(2)
    await exchange(it.port, Buffer.from('NO HTTP\r\n\r\n'))
    expect(await metric(it, 'portcullis_http_turned_away_total{why="unreadable"}')).toBe(1)
  })
})

const plain = Buffer.from('GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')

async function metric({ port }: GateServer, name: string): Promise<number> {
  const page = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${resourceKey}` } })
  const line = (await page.text()).split('\n').find((it) => it.startsWith(`${name} `))
  return Number(line?.split(' ').at(-1) ?? 0)
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

describe('stopping', () => {
  test('readiness drops, what is in flight finishes, then nothing is taken', async () => {
    const it = await start()
    const slow = ask(it.port, { path: '/slow' })
    await expect.poll(() => it.server.inFlight, { timeout: 20_000 }).toBe(1)
    const stopped = it.server.stop({ announceMs: 50, deadlineMs: 5_000 })
    const ready = await ask(it.port, { path: '/readyz' })
    expect(ready.status).toBe(503)
    it.release()
    expect((await slow).status).toBe(404)
    await stopped
    await expect(ask(it.port, { path: '/healthz' })).rejects.toThrow(/ECONNREFUSED/)
  })

  const kept = async (port: number) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'))
    await new Promise((resolve) => socket.once('data', resolve))
    return socket
  }

  test('idle connections don’t hold it up', async () => {
    const it = await start()
    const ended = textOf(await kept(it.port))
    // Were it held up, this test would meet its own time limit first.
    await it.server.stop({ announceMs: 0, idleMs: 50, deadlineMs: 60_000 })
    expect(await ended).toBe('')
  })

  test('a connection that was kept takes one more request when new ones are refused, and is told to close', async () => {
    const it = await start()
    const idle = await kept(it.port)
    const ended = textOf(idle)
    const stopped = it.server.stop({ announceMs: 50, idleMs: 60_000, deadlineMs: 120_000 })
    idle.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n')
    await expect
      .poll(() => ask(it.port, { path: '/healthz' }).catch((error) => error.code), { timeout: 20_000 })
      .toBe('ECONNREFUSED')
    idle.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await ended).match(/^Connection: .*\r$/gm)).toEqual(['Connection: keep-alive\r', 'Connection: close\r'])
    await stopped
  })

  test('a request that never ends is cut off at the deadline', async () => {
    const it = await start()
    const head = `POST /oauth2/introspect HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${resourceKey}\r\n`
    const form = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\ntok'
    const socket = connect(it.port, '127.0.0.1', () => socket.write(head + form))
    await expect.poll(() => it.server.inFlight, { timeout: 20_000 }).toBe(1)
    const ended = textOf(socket)
    await it.server.stop({ announceMs: 0, deadlineMs: 100 })
    expect(await ended).toBe('')
  })
})

describe('pages that want nobody', () => {
  test('200: alive, even when not ready', async () => {
    const it = await start()
    it.waitsFor.push('the database')
    expect((await ask(it.port, { path: '/healthz' })).json()).toEqual({ status: 'alive' })
  })

  test('503: what it waits for is said; 200 when it waits for nothing', async () => {
    const it = await start()
    it.waitsFor.push('the database')
    const waiting = await ask(it.port, { path: '/readyz' })
    expect(waiting.status).toBe(503)
    expect(waiting.json()).toMatchObject({
      code: 'unavailable',
      detail: 'Waits for: the database.',
      waitsFor: ['the database'],
    })
    it.waitsFor.pop()
    expect((await ask(it.port, { path: '/readyz' })).json()).toEqual({ status: 'ready' })
  })

  test('401: metrics without the resource key; 200 with it', async () => {
    const it = await start()
    const refused = await ask(it.port, { path: '/metrics' })
    expect(refused.status).toBe(401)
    expect(refused.json()).toMatchObject({ code: 'unauthenticated' })
    const page = await ask(it.port, { path: '/metrics', headers: [['Authorization', `Bearer ${resourceKey}`]] })
    expect(page.status).toBe(200)
    expect(page.headers['content-type']?.[0]).toMatch(/^text\/plain; version=/)
    expect(page.body).toContain('portcullis_http_request_duration_seconds')
  })

  test('200: RFC 9728, without authorization servers', async () => {
    const it = await start()
    const answer = await ask(it.port, { path: '/.well-known/oauth-protected-resource' })
    expect(answer.json()).toEqual({
      resource: 'https://portcullis.example',
      resource_name: 'AI Hub organization settings (Portcullis)',
      resource_documentation: 'https://portcullis.example/docs',
      bearer_methods_supported: ['header'],
    })
  })

  test('200: the token format is enough to find and verify a token', async () => {
    const it = await start()
    const format = (await ask(it.port, { path: '/.well-known/portcullis-token-pattern' })).json()
    const example = String(format.example)
    expect(new RegExp(String(format.pattern), 'g').exec(`key="${example}"`)?.[0]).toBe(example)
    expect(isWellFormed(example)).toBe(true)
    expect(checksumOf(example.slice(0, -6))).toBe(example.slice(-6))
  })

  test('HEAD is answered without a body, other methods and paths are the router’s', async () => {
    const it = await start()
    const head = await ask(it.port, { method: 'HEAD', path: '/healthz' })
    expect([head.status, head.body]).toEqual([200, ''])
    expect((await ask(it.port, { method: 'POST', path: '/healthz' })).status).toBe(404)
    expect((await ask(it.port, { path: '/constructor' })).status).toBe(404)
  })
})
