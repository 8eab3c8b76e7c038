import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { type ScriptedServer, sendJson } from './scripted-server.ts'
import { activeAnswer, inactiveAnswer, managedSecret, organizationA } from './tokens.ts'
import { atOnce, isAsking, type Trial, trial } from './world.ts'

const unavailable = { active: false, reason: 'unavailable' }

const allGood = (server: ScriptedServer) => {
  server.answers.introspect = (res) => sendJson(res, activeAnswer(), server.headOf(server.point))
}
/** Whoever asks is left without an answer, as by a network that swallows everything. */
const silence = () => undefined
const away = (res: ServerResponse) => void res.writeHead(503).end()

/** A token that memory knows as good. */
async function known(it: Trial): Promise<string> {
  const token = managedSecret()
  allGood(it.server)
  await it.verifier.verify(token)
  expect(atOnce(it.verifier.verify(token))).toMatchObject({ active: true })
  return token
}

/** Lets time pass, a head answer at a time, until something has happened. */
async function passTime({ clock, server }: Trial, happens: Promise<unknown>) {
  let hasHappened = false
  void happens.then(() => {
    hasHappened = true
  })
  while (!hasHappened) {
    clock.monotonicMs += 200
    await server.next('head')
  }
}

const isLost = (it: { type: string }) => it.type === 'lease_lost'
const isGained = (it: { type: string }) => it.type === 'lease_gained'

describe('N3: the lease', () => {
  test('ends one second after the question was sent, whatever comes meanwhile', async () => {
    const it = await trial()
    const token = await known(it)
    it.server.answers.head = silence
    it.clock.monotonicMs += 999
    expect(isAsking(it.verifier.verify(token))).toBe(false)
    it.clock.monotonicMs += 1
    expect(isAsking(it.verifier.verify(token))).toBe(true)
  })

  test('is shorter by the age that the server states', async () => {
    const it = await trial({
      before: (server) => {
        server.answers.head = (res) => sendJson(res, { head: server.point.number, mark: server.point.mark, ageMs: 600 })
      },
    })
    const token = await known(it)
    it.server.answers.head = silence
    it.clock.monotonicMs += 399
    expect(isAsking(it.verifier.verify(token))).toBe(false)
    it.clock.monotonicMs += 1
    expect(isAsking(it.verifier.verify(token))).toBe(true)
  })

  test('a head that hangs: lost, told, and back by itself', async () => {
    const it = await trial()
    const token = await known(it)
    const lost = it.watched.until(isLost)
    it.server.answers.head = silence
    it.clock.monotonicMs += 1000
    await lost
    const gained = it.watched.until(isGained)
    it.server.answers.head = it.server.usual.head
    await gained
    expect(isAsking(it.verifier.verify(token))).toBe(false)
  })

  test('one answer that hangs does not keep the others from renewing', async () => {
    const it = await trial()
    const token = await known(it)
    let hung = 0
    it.server.answers.head = (res, asked) => {
      hung += 1
      if (hung % 2 === 0) return it.server.usual.head(res, asked)
    }
    for (let i = 0; i < 6; i += 1) {
      await it.server.next('head')
      await it.server.next('head')
      it.clock.monotonicMs += 400
    }
    await it.server.next('head')
    await it.server.next('head')
    expect(it.watched.seen.filter(isLost)).toEqual([])
    expect(isAsking(it.verifier.verify(token))).toBe(false)
  })

  test.each([
    ['an age below nothing', { ageMs: -1 }],
    ['an age that is no number', { ageMs: '0' }],
    ['a mark of another history', { mark: 'ffffffffffff' }],
    ['no mark', { mark: undefined }],
    ['a head that is no number', { head: '7' }],
    ['a head below nothing', { head: -7 }],
  ])('is not granted by %s', async (_what, wrong) => {
    const it = await trial({
      isReady: false,
      before: (server) => {
        server.answers.head = (res) =>
          sendJson(res, { head: server.point.number, mark: server.point.mark, ageMs: 0, ...wrong })
      },
    })
    for (let i = 0; i < 5; i += 1) await it.server.next('head')
    expect(it.verifier.stats().leaseHolds).toBe(false)
  })

  test('is granted by a head that was ahead as soon as the stream is there, and from when it was asked for', async () => {
    const it = await trial()
    it.server.commit()
    await it.server.next('head')
    await it.server.next('head')
    it.server.answers.head = silence
    it.clock.monotonicMs += 1_500
    const lost = it.watched.until(isLost)
    await lost
    // What was asked for before those one and a half seconds grants nothing any more.
    it.server.tell([])
    while (it.verifier.stats().applied !== it.server.point.number) await it.server.next('head')
    expect(it.verifier.stats().leaseHolds).toBe(false)
  })

  test('without one every call asks, and is answered', async () => {
    const it = await trial()
    const token = await known(it)
    it.server.answers.head = silence
    it.clock.monotonicMs += 1000
    const asked = it.server.count('introspect')
    for (let i = 0; i < 3; i += 1) expect(await it.verifier.verify(token)).toMatchObject({ active: true })
    expect(it.server.count('introspect')).toBe(asked + 3)
  })
})

describe('the stream', () => {
  const write = (server: ScriptedServer, text: string) => {
    for (const res of server.streams) res.write(text)
  }

  test('cut: comes back to where it stands, and forgets nothing', async () => {
    const it = await trial()
    const token = await known(it)
    const back = it.server.next('changes')
    it.server.cut()
    const { headers } = await back
    expect(headers['last-event-id']).toBe(`${it.server.point.number}.${it.server.point.mark}`)
    expect(isAsking(it.verifier.verify(token))).toBe(false)
  })

  test.each<[string, (server: ScriptedServer) => void]>([
    ['a gap', (server) => server.tell([], { number: server.point.number + 2, mark: server.newMark() })],
    ['a number twice', (server) => server.tell([])],
    ['nonsense', (server) => write(server, 'event: forget\ndata: {"number":8}\n\n')],
    ['no JSON', (server) => write(server, 'event: forget\ndata: {\n\n')],
    ['an endless line', (server) => write(server, `data: ${'x'.repeat(300_000)}`)],
  ])('%s: everything is forgotten, and it begins anew', async (_what, tell) => {
    const it = await trial()
    const token = await known(it)
    const back = it.server.next('changes')
    tell(it.server)
    expect((await back).headers['last-event-id']).toBeUndefined()
    await it.verifier.ready()
    expect(isAsking(it.verifier.verify(token))).toBe(true)
    expect(it.watched.seen.filter(({ type }) => type === 'forgot_everything')).toHaveLength(3)
  })

  test('something of a kind that is not known yet: everything is forgotten in its place', async () => {
    const it = await trial()
    const token = await known(it)
    it.server.commit()
    it.server.tell([{ kind: 'weather' as 'token', id: 'x' }])
    while (it.verifier.stats().applied !== it.server.point.number) await it.server.next('head')
    await it.verifier.ready()
    expect(isAsking(it.verifier.verify(token))).toBe(true)
  })

  test('behind the head for too long: given up for another', async () => {
    const it = await trial()
    it.server.commit()
    await passTime(it, it.server.next('changes'))
    while (it.verifier.stats().applied !== it.server.point.number) await it.server.next('head')
  })

  test('silent for too long: given up for another', async () => {
    const it = await trial({ world: { silentMs: 50 } })
    const back = it.watched.until((metric) => metric.type === 'reconnected' && metric.after === 'silent')
    await back
    expect(it.server.count('changes')).toBeGreaterThan(1)
  })

  test('never opened: tried again', async () => {
    const it = await trial({
      isReady: false,
      world: { openMs: 50 },
      before: (server) => {
        server.answers.changes = silence
      },
    })
    await it.server.next('changes')
    it.server.answers.changes = it.server.usual.changes
    await it.verifier.ready()
  })

  test('a failover: marks differ, no lease, and a new beginning', async () => {
    const it = await trial({ world: { openMs: 50 } })
    const token = await known(it)
    // The stream hangs, so that the heads alone show it.
    it.server.moveTo({ number: it.server.point.number, mark: it.server.newMark() })
    it.server.answers.changes = silence
    await passTime(it, it.watched.until(isLost))
    expect(isAsking(it.verifier.verify(token))).toBe(true)
    it.server.answers.changes = it.server.usual.changes
    await passTime(it, it.watched.until(isGained))
    expect(isAsking(it.verifier.verify(token))).toBe(true)
  })
})

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
