import { describe, expect, test } from 'vitest'
import { type ScriptedServer, sendJson } from './scripted-server.ts'
import { isAsking, known, passTime, silence, trial } from './world.ts'

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
