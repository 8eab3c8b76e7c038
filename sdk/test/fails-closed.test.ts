import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { sendJson } from './scripted-server.ts'
import { activeAnswer, inactiveAnswer, managedSecret, organizationA } from './tokens.ts'
import { allGood, atOnce, away, isAsking, known, silence, type Trial, trial } from './world.ts'

const unavailable = { active: false, reason: 'unavailable' }

describe('fails closed', () => {
  const huge = (res: ServerResponse) => sendJson(res, activeAnswer({ username: 'x'.repeat(70_000) }))

  test.each<[string, (res: ServerResponse) => void]>([
    ['503', away],
    ['500', (res) => void res.writeHead(500).end()],
    ['404', (res) => void res.writeHead(404).end('{"active":true}')],
    ['201 with a good answer', (res) => void res.writeHead(201).end(JSON.stringify(activeAnswer()))],
    ['no JSON', (res) => void res.writeHead(200).end('<html>')],
    ['an empty body', (res) => void res.writeHead(200).end()],
    ['a list', (res) => sendJson(res, [activeAnswer()])],
    ['active that is a text', (res) => sendJson(res, activeAnswer({ active: 'true' }))],
    ['a good answer about another kind of token', (res) => sendJson(res, activeAnswer({ token_source: 'external' }))],
    ['a good answer without an account', (res) => sendJson(res, activeAnswer({ account_id: undefined }))],
    ['a role that does not exist', (res) => sendJson(res, activeAnswer({ role: 'root' }))],
    ['an expiration that is no number', (res) => sendJson(res, activeAnswer({ exp: '9999999999' }))],
    ['a body of over 64 KiB', huge],
    [
      'a cut body',
      (res) => void res.writeHead(200, { 'content-length': '9000' }).write('{"active":', () => res.destroy()),
    ],
    ['a closed connection', (res) => void res.destroy()],
  ])('%s: unavailable, and nothing is thrown', async (_what, answer) => {
    const it = await trial()
    it.server.answers.introspect = answer
    expect(await it.verifier.verify(managedSecret())).toEqual(unavailable)
  })

  test('a redirect is not followed, wherever it leads', async () => {
    const it = await trial()
    it.server.answers.introspect = (res) => {
      allGood(it.server)
      res.writeHead(307, { location: '/oauth2/introspect' }).end()
    }
    expect(await it.verifier.verify(managedSecret())).toEqual(unavailable)
    expect(it.server.count('introspect')).toBe(1)
  })

  test('no answer in time: unavailable', async () => {
    const it = await trial({ timeoutMs: 50 })
    it.server.answers.introspect = silence
    expect(await it.verifier.verify(managedSecret())).toEqual(unavailable)
  })

  test('no server at all: unavailable, and ready does not resolve', async () => {
    const it = await trial()
    const token = await known(it)
    await it.server.close()
    it.clock.monotonicMs += 1000
    expect(await it.verifier.verify(token)).toEqual(unavailable)
  })

  test('a refused key: unavailable, told once, and ready rejects', async () => {
    const refuse = (res: ServerResponse) => void res.writeHead(401).end()
    const it = await trial({
      isReady: false,
      before: (server) => {
        server.answers = { head: refuse, changes: refuse, introspect: refuse, usage: refuse }
      },
    })
    await expect(it.verifier.ready()).rejects.toThrow('refuses the resource key')
    expect(await it.verifier.verify(managedSecret())).toEqual(unavailable)
    await it.verifier.verify(managedSecret())
    const told = it.watched.errors.map(({ message }) => message)
    expect(new Set(told)).toEqual(new Set(['Portcullis refuses the resource key.']))
    expect(told.length).toBeLessThanOrEqual(3)
  })

  test('a thousand look-ups that hang: the next is refused at once, and known tokens are served', async () => {
    const it = await trial()
    const token = await known(it)
    it.server.answers.introspect = silence
    for (let i = 0; i < 1_000; i += 1) void it.verifier.verify(managedSecret())
    expect(await it.verifier.verify(managedSecret())).toEqual(unavailable)
    expect(atOnce(it.verifier.verify(token))).toMatchObject({ active: true })
  })

  test('hooks that throw break nothing', async () => {
    const it = await trial({
      onMetric: () => {
        throw new Error('a bug of the host')
      },
    })
    expect(await it.verifier.verify(managedSecret())).toEqual({ active: false, reason: 'unknown' })
  })
})

describe('through an outage, where the host allows it', () => {
  const down = ({ server }: Trial) => {
    server.answers = { head: away, changes: away, introspect: away, usage: away }
  }

  test('by default a known token is refused as soon as the lease has ended', async () => {
    const it = await trial()
    const token = await known(it)
    down(it)
    it.clock.monotonicMs += 1000
    expect(await it.verifier.verify(token)).toEqual(unavailable)
  })

  test('a known good token goes on for outageMs after the lease, and no longer', async () => {
    const it = await trial({ outageMs: 30_000 })
    const token = await known(it)
    down(it)
    it.clock.monotonicMs += 1000 + 29_999
    expect(await it.verifier.verify(token)).toMatchObject({ active: true })
    expect(it.watched.seen.at(-1)).toMatchObject({ type: 'decided', from: 'outage', active: true })
    it.clock.monotonicMs += 1
    expect(await it.verifier.verify(token)).toEqual(unavailable)
  })

  test('for a moment after a question in vain nobody else waits', async () => {
    const it = await trial({ outageMs: 30_000 })
    const token = await known(it)
    down(it)
    it.clock.monotonicMs += 1000
    await it.verifier.verify(token)
    expect(atOnce(it.verifier.verify(token))).toMatchObject({ active: true })
    it.clock.monotonicMs += 250
    expect(isAsking(it.verifier.verify(token))).toBe(true)
  })

  test.each<[string, (res: ServerResponse) => void]>([
    ['a refused key', (res) => void res.writeHead(401).end()],
    ['a server that is no Portcullis', (res) => void res.writeHead(200).end('<html>')],
    ['a redirect', (res) => void res.writeHead(302, { location: '/' }).end()],
  ])('is no outage: %s', async (_what, answer) => {
    const it = await trial({ outageMs: 30_000 })
    const token = await known(it)
    down(it)
    it.server.answers.introspect = answer
    it.clock.monotonicMs += 1000
    expect(await it.verifier.verify(token)).toEqual(unavailable)
  })

  test('not for a token that is not known, is suspended, has expired, or was forgotten', async () => {
    const it = await trial({ outageMs: 30_000 })
    const [expiring, suspended] = [managedSecret(), managedSecret()]
    const { server, verifier, clock } = it
    server.answers.introspect = (res) =>
      sendJson(res, activeAnswer({ exp: clock.nowMs / 1000 + 1 }), server.headOf(server.point))
    await verifier.verify(expiring)
    server.answers.introspect = (res) => sendJson(res, inactiveAnswer('suspended'), server.headOf(server.point))
    await verifier.verify(suspended)
    const forgotten = await known(it)
    server.change({ kind: 'organization', id: organizationA })
    while (verifier.stats().applied !== server.point.number) await server.next('head')
    down(it)
    clock.monotonicMs += 1000
    clock.nowMs += 1000
    for (const token of [managedSecret(), expiring, suspended, forgotten])
      expect(await verifier.verify(token)).toEqual(unavailable)
  })

  test('a token is not served for 503 while the lease holds: the server knows why it cannot say', async () => {
    const it = await trial({ outageMs: 30_000 })
    await known(it)
    it.server.answers.introspect = away
    expect(await it.verifier.verify(managedSecret())).toEqual(unavailable)
  })
})
