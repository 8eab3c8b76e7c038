import { connect } from 'node:net'
import { EventSource } from 'eventsource'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { organizationA, organizationB, resourceKey } from '../../test/gate-server.ts'
import { bulkFailure, refetchEvent } from '../../test/ofrep-schema.ts'
import { type OfrepServer, ofrepServer, preview } from '../../test/ofrep-server.ts'
import { ask } from '../../test/raw-http.ts'

let it: OfrepServer
const cleanup: (() => unknown)[] = []
beforeEach(async () => {
  it = await ofrepServer({ streams: 3, perOrganization: 2, keepAliveMs: 20 })
})
afterEach(async () => {
  for (const undo of cleanup.splice(0)) undo()
  await it.close()
})

async function evaluate(organization: string, token = resourceKey) {
  const body = JSON.stringify({ context: { organization } })
  const headers = [
    ['Authorization', `Bearer ${token}`],
    ['Content-Type', 'application/json'],
  ] as const
  const answer = await ask(it.port, { method: 'POST', path: '/ofrep/v1/evaluate/flags', headers, body })
  const { eventStreams, metadata } = answer.json() as { eventStreams: { url: string }[]; metadata: { version: number } }
  const { pathname, search } = new URL(eventStreams[0]?.url ?? '')
  return { path: pathname + search, pathname, version: metadata.version, etag: answer.headers.etag?.[0] ?? '' }
}

/** A real EventSource on a stream; `next` resolves with the event that comes. */
async function listen(path: string) {
  const source = new EventSource(`http://127.0.0.1:${it.port}${path}`)
  cleanup.push(() => source.close())
  const events: { id: string; data: ReturnType<typeof refetchEvent.parse> }[] = []
  let wake = () => {}
  source.addEventListener('message', (event) => {
    events.push({ id: event.lastEventId, data: refetchEvent.parse(JSON.parse(event.data)) })
    wake()
  })
  await new Promise<void>((resolve, reject) => {
    source.addEventListener('open', () => resolve(), { once: true })
    source.addEventListener('error', (error) => reject(error), { once: true })
  })
  const next = async () => {
    if (events.length === 0)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    const event = events.shift()
    if (!event) throw new Error('No event')
    return event
  }
  return { source, events, next }
}

/** What a stream says as text, until it ends; `has` resolves once it holds a text. */
function raw(path: string, headers = '') {
  const socket = connect(it.port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`))
  cleanup.push(() => socket.destroy())
  let text = ''
  let look = () => {}
  socket.setEncoding('utf8')
  socket.on('data', (chunk) => {
    text += chunk
    look()
  })
  socket.on('error', () => undefined)
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const has = (part: string) =>
    new Promise<string>((resolve) => {
      look = () => text.includes(part) && resolve(text)
      look()
    })
  return { socket, has, ended, text: () => text }
}

describe('what is told', () => {
  test('a change of the choice, with the version as its id and the ETag of the answer that is now true', async () => {
    const stream = await listen((await evaluate(organizationA)).path)
    it.choose(organizationA, ['left-out'])
    const { id, data } = await stream.next()
    const now = await evaluate(organizationA)
    expect(id).toBe(String(now.version))
    expect(data).toEqual({ type: 'refetchEvaluation', etag: now.etag, lastModified: Math.floor(it.clock.nowMs / 1000) })
  })

  test('not another organization’s change, nor one that leaves the features as they are', async () => {
    const stream = await listen((await evaluate(organizationA)).path)
    it.choose(organizationB, ['left-out'])
    it.forget([{ kind: 'organization', id: organizationA }])
    it.forget([{ kind: 'account', id: 'mem_1' }])
    it.choose(organizationA, [])
    const { id } = await stream.next()
    expect(id).toBe(String((await evaluate(organizationA)).version))
    expect(stream.events).toEqual([])
  })

  test('a new catalogue, to everybody', async () => {
    const streams = [
      await listen((await evaluate(organizationA)).path),
      await listen((await evaluate(organizationB)).path),
    ]
    it.publish([preview('new')])
    for (const stream of streams) expect((await stream.next()).data.type).toBe('refetchEvaluation')
  })

  test('all that may have changed while nothing was heard of the database', async () => {
    const stream = await listen((await evaluate(organizationA)).path)
    it.choose(organizationA, [])
    await stream.next()
    it.forget('everything')
    it.choose(organizationA, ['dark-mode'])
    expect((await stream.next()).id).toBe(String((await evaluate(organizationA)).version))
    expect(stream.events).toEqual([])
  })

  test('at once, what changed between the answer and the stream', async () => {
    const { path, version } = await evaluate(organizationA)
    it.choose(organizationA, [])
    expect((await (await listen(path)).next()).id).toBe(String(version + 1))
  })

  test('at once, what changed while a client was away: its last event counts, not its address', async () => {
    const { path, pathname, version } = await evaluate(organizationA)
    it.choose(organizationA, [])
    expect(await raw(path, `Last-Event-ID: ${version}\r\n`).has('refetchEvaluation')).toContain(`id: ${version + 1}\n`)
    const upToDate = raw(pathname, `Last-Event-ID: ${version + 1}\r\n`)
    await upToDate.has('\n:\n')
    expect(upToDate.text()).not.toContain('refetchEvaluation')
  })

  test('a change is not lost while the database is away', async () => {
    const stream = await listen((await evaluate(organizationA)).path)
    it.database.away = true
    it.choose(organizationA, [])
    await expect.poll(() => it.logged.length).toBeGreaterThan(0)
    it.database.away = false
    expect((await stream.next()).data.type).toBe('refetchEvaluation')
  })
})

describe('the stream of an account', () => {
  const account = { account_id: 'mem_01jd7z0000e1a8m3r5t7v9x1z7' }

  test('it is told what changes, with the ETag of the answer to that account', async () => {
    const token = it.issue(account)
    const stream = await listen((await evaluate(organizationA, token)).path)
    it.choose(organizationA, ['left-out'])
    const { data } = await stream.next()
    const now = await evaluate(organizationA, token)
    expect(data.etag).toBe(now.etag)
    expect(now.etag).not.toBe((await evaluate(organizationA)).etag)
  })

  test('it ends when the account is removed, and others go on', async () => {
    const { path } = await evaluate(organizationA, it.issue(account))
    const [stream, host] = [raw(path), raw((await evaluate(organizationA)).path)]
    await Promise.all([stream.has('\n:\n'), host.has('\n:\n')])
    it.removeAccount(account.account_id)
    expect(await stream.has('\r\n0\r\n\r\n')).not.toContain('refetchEvaluation')
    it.choose(organizationA, [])
    await host.has('refetchEvaluation')
    expect(stream.text()).not.toContain('refetchEvaluation')
  })

  test('it ends when the removal was not heard of, but that something was missed', async () => {
    const stream = raw((await evaluate(organizationA, it.issue(account))).path)
    await stream.has('\n:\n')
    it.removeAccount('mem_of_somebody_else')
    it.removeAccountSilently(account.account_id)
    it.streams.invalidate('everything')
    await stream.has('\r\n0\r\n\r\n')
  })

  test('404: its account was removed; nothing was told before', async () => {
    const { path } = await evaluate(organizationA, it.issue(account))
    it.removeAccount(account.account_id)
    const answer = await ask(it.port, { path })
    expect(answer.status).toBe(404)
    expect(bulkFailure.parse(answer.json()).errorCode).toBe('GENERAL')
  })

  test('503: it cannot be known whether the account is there; open streams end, for their clients to come back', async () => {
    const { path } = await evaluate(organizationA, it.issue(account))
    const stream = raw(path)
    await stream.has('\n:\n')
    it.database.away = true
    it.streams.invalidate('everything')
    await stream.has('\r\n0\r\n\r\n')
    expect((await ask(it.port, { path })).status).toBe(503)
  })
})

describe('how a stream is served', () => {
  test('200: as events, kept alive, open to any origin, and never cached', async () => {
    const { path, version } = await evaluate(organizationA)
    const stream = raw(path)
    await stream.has('\n:\n')
    const text = stream.text()
    for (const line of [
      'HTTP/1.1 200',
      'text/event-stream',
      'no-store',
      'Access-Control-Allow-Origin: *',
      'X-Request-Id',
    ])
      expect(text).toContain(line)
    expect(text).toContain(`id: ${version}\n\n`)
  })

  test('404: no ticket, a forged one, and one whose time has passed', async () => {
    const { path } = await evaluate(organizationA)
    const refused = async (at: string) => {
      const answer = await ask(it.port, { path: at })
      expect(answer.status).toBe(404)
      return bulkFailure.parse(answer.json())
    }
    const none = await refused('/ofrep/v1/streams/')
    expect(await refused(path.replace(organizationA, organizationB))).toEqual(none)
    it.clock.nowMs += 2 * 60 * 60_000
    expect(await refused(path)).toEqual(none)
  })

  test('it ends with its ticket', async () => {
    const stream = raw((await evaluate(organizationA)).path)
    await stream.has('\n:\n')
    it.clock.nowMs = Date.parse('2026-11-24T12:00:00Z')
    await stream.has('\r\n0\r\n\r\n')
    await expect.poll(() => it.streams.size).toBe(0)
  })

  test('it ends when its organization is gone', async () => {
    const { path } = await evaluate(organizationA)
    const stream = raw(path)
    await stream.has('\n:\n')
    it.remove(organizationA)
    expect(await stream.has('\r\n0\r\n\r\n')).not.toContain('refetchEvaluation')
  })

  test('503: more than an organization may have, or the process; and there is room again when one ends', async () => {
    const [a, b] = [await evaluate(organizationA), await evaluate(organizationB)]
    const open = async (path: string) => {
      const stream = raw(path)
      await stream.has('\n:\n')
      return stream
    }
    const first = await open(a.path)
    await open(a.path)
    const refused = await ask(it.port, { path: a.path })
    expect(refused.status).toBe(503)
    expect(refused.headers['retry-after']).toEqual(['30'])
    expect(bulkFailure.parse(refused.json()).errorCode).toBe('GENERAL')
    await open(b.path)
    expect((await ask(it.port, { path: b.path })).status).toBe(503)
    first.socket.destroy()
    await expect.poll(() => it.streams.size).toBe(2)
    await open(b.path)
  })

  test('a reader that does not read is cut off, and the others are served', async () => {
    const { path } = await evaluate(organizationA)
    const idle = raw(path)
    await idle.has('\n:\n')
    const other = await listen(path)
    idle.socket.pause()
    for (let i = 0; it.streams.size === 2; i += 1) {
      it.choose(organizationA, [i % 2 === 0 ? 'left-out' : 'dark-mode'])
      await new Promise((resolve) => setImmediate(resolve))
    }
    it.choose(organizationA, [])
    expect((await other.next()).data.type).toBe('refetchEvaluation')
  })

  test('streams are no requests in flight, and a stop does not wait for them: they are told to come back', async () => {
    const { path } = await evaluate(organizationA)
    const stream = raw(path)
    await stream.has('\n:\n')
    expect(it.server.inFlight).toBe(0)
    await it.server.stop({ announceMs: 0, deadlineMs: 60_000 })
    // What was sent may reach this client a moment after the server is done.
    await stream.ended
    expect(stream.text()).toMatch(/retry: \d+\n\n\r\n0\r\n\r\n$/)
  })
})
