import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { jwkOf, keys } from '../../../test/forge.ts'
import type { KeptKeys } from '../../db/deps.ts'
import { readAllowedHosts } from '../../outbound/addresses.ts'
import { buildFetchJson, type Fetched } from '../../outbound/fetch-json.ts'
import { buildKeyCache, coolDownMs, type KeyCacheParts, refreshAfterMs, serveForMs } from './actions.ts'
import { readKeySet } from './rules.ts'

type Behaviour = (res: ServerResponse) => unknown
const serve =
  (...list: unknown[]): Behaviour =>
  (res) =>
    res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ keys: list }))
const down: Behaviour = (res) => res.writeHead(503).end()
const rsa = jwkOf(keys.rsa, { kid: 'rsa' })
const p256 = jwkOf(keys.p256, { kid: 'p256' })

/** What each path of the provider answers; the test switches it. */
let behave: Record<string, Behaviour> = {}
let asked: string[] = []
const server = createServer((req, res) => {
  asked.push(req.url ?? '')
  ;(behave[req.url ?? ''] ?? down)(res)
})
let origin = ''
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

let nowMs = 0
beforeEach(() => {
  nowMs = 1_790_000_000_000
  behave = { '/a': serve(rsa), '/b': serve(p256) }
  asked = []
})
const later = (ms: number) => {
  nowMs += ms
}
const listed = readAllowedHosts(['127.0.0.1'])
const allowed = 'wrong' in listed ? expect.unreachable(listed.wrong) : listed
const fetchJson = buildFetchJson({ allowed, resolve: async () => [], wait: async () => undefined, deadlineMs: 300 })
const build = (parts: Partial<KeyCacheParts> = {}) => buildKeyCache({ fetchJson, now: () => nowMs, ...parts })
const at = (path: string, id = `idp_${path.slice(1)}`) => ({ id, organizationId: 'org', jwksUrl: `${origin}${path}` })
type Cache = ReturnType<typeof build>
const kidsOf = async (cache: Cache, path = '/a') => (await cache.of(at(path)))?.keys.map((it) => it.kid)

test('a set is fetched once, and then answers in the same tick for ten minutes', async () => {
  const cache = build()
  expect(await kidsOf(cache)).toEqual(['rsa'])
  later(refreshAfterMs - 1)
  expect(cache.of(at('/a'))).toMatchObject({ keys: [{ kid: 'rsa' }] })
  expect(asked).toEqual(['/a'])
})

test('after ten minutes the next use fetches anew, and is not held up by it', async () => {
  const cache = build()
  await kidsOf(cache)
  behave['/a'] = serve(p256)
  later(refreshAfterMs)
  expect(cache.of(at('/a'))).toMatchObject({ keys: [{ kid: 'rsa' }] })
  await cache.newer(at('/a'))
  expect([await kidsOf(cache), asked.length]).toEqual([['p256'], 2])
})

test('a set that nobody asked for in a long time is fetched before it serves: a withdrawn key is gone', async () => {
  const cache = build()
  await kidsOf(cache)
  behave['/a'] = serve()
  later(50 * 60_000)
  expect(await kidsOf(cache)).toEqual([])
})

test('what is due is fetched by the timer, used or not', async () => {
  const cache = build()
  await Promise.all([kidsOf(cache), kidsOf(cache, '/b')])
  await cache.refreshDue()
  later(refreshAfterMs)
  await cache.refreshDue()
  await cache.refreshDue()
  expect(asked.sort()).toEqual(['/a', '/a', '/b', '/b'])
})

describe('one fetch at a time', () => {
  test('for any number of requests, for unknown keys too', async () => {
    const cache = build()
    await Promise.all(Array.from({ length: 50 }, () => cache.of(at('/a'))))
    await Promise.all(Array.from({ length: 50 }, () => cache.newer(at('/a'))))
    expect(asked).toEqual(['/a', '/a'])
  })

  test('for a URL that several providers share', async () => {
    const cache = build()
    await Promise.all(['1', '2', '3'].map((id) => cache.of(at('/a', id))))
    expect(asked).toEqual(['/a'])
  })
})

describe('at most one in 30 seconds', () => {
  test('for unknown keys; the first finds a key that was added a moment ago', async () => {
    const cache = build()
    await kidsOf(cache)
    behave['/a'] = serve(rsa, p256)
    expect((await cache.newer(at('/a')))?.keys.length).toBe(2)
    for (let i = 0; i < 20; i++) await cache.newer(at('/a'))
    expect(asked.length).toBe(2)
    later(coolDownMs - 1)
    await cache.newer(at('/a'))
    expect(asked.length).toBe(2)
    later(1)
    await cache.newer(at('/a'))
    expect(asked.length).toBe(3)
  })

  test('after a failure, without a set: refused at once and not asked', async () => {
    behave['/a'] = down
    const cache = build()
    expect(await kidsOf(cache)).toBeUndefined()
    expect(cache.of(at('/a'))).toBeUndefined()
    later(coolDownMs - 1)
    expect([cache.of(at('/a')), await cache.newer(at('/a')), asked.length]).toEqual([undefined, undefined, 1])
    behave['/a'] = serve(rsa)
    later(1)
    expect([await kidsOf(cache), asked.length]).toEqual([['rsa'], 2])
  })

  test('but an admin refreshes at once', async () => {
    behave['/a'] = down
    const cache = build()
    await kidsOf(cache)
    behave['/a'] = serve(rsa)
    expect(await cache.refresh(at('/a'))).toEqual({ fetchedAtMs: nowMs, count: 1, lastError: null })
    expect(await kidsOf(cache)).toEqual(['rsa'])
  })
})

test('the last good set serves for an hour while the provider is down, and then no longer', async () => {
  const cache = build()
  await kidsOf(cache)
  behave['/a'] = down
  const after: unknown[] = []
  for (const minutes of [15, 30, 45, 59.99, 60, 61]) {
    nowMs = 1_790_000_000_000 + minutes * 60_000
    await cache.refreshDue()
    after.push((await kidsOf(cache))?.length)
  }
  expect(after).toEqual([1, 1, 1, 1, undefined, undefined])
  expect(cache.status('idp_a')).toMatchObject({ count: 1, lastError: expect.stringContaining('status 200') })
  expect(serveForMs).toBe(3_600_000)
})

describe('a hostile or broken document', () => {
  const failing: [string, Behaviour][] = [
    ['10,000 keys', serve(...Array.from({ length: 10_000 }, () => ({ kty: 'RSA' })))],
    ['101 keys', serve(...Array.from({ length: 101 }, () => p256))],
    ['no keys member', (res) => res.writeHead(200, { 'Content-Type': 'application/json' }).end('{}')],
    ['HTML', (res) => res.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>')],
    ['a redirect', (res) => res.writeHead(302, { Location: '/b' }).end()],
    ['silence', () => undefined],
    ['a broken connection', (res) => res.destroy()],
  ]
  test.each(failing)('%s: the last good set stays', async (_name, how) => {
    const cache = build()
    await kidsOf(cache)
    behave['/a'] = how
    const status = await cache.refresh(at('/a'))
    expect([status.count, status.lastError === null, await kidsOf(cache)]).toEqual([1, false, ['rsa']])
  })

  test('a bad key beside good ones is left out and told of', async () => {
    behave['/a'] = serve({ ...rsa, e: 'AQ' }, p256, { kty: 'oct', k: 'AAAA' })
    const cache = build()
    expect(await kidsOf(cache)).toEqual(['p256'])
    expect(cache.status('idp_a').lastError).toBe('Keys left out: 2, first an RSA key whose e is 1 or even.')
  })

  test('a provider that withdraws all its keys has none', async () => {
    const cache = build()
    await kidsOf(cache)
    behave['/a'] = serve()
    await cache.refresh(at('/a'))
    expect(await kidsOf(cache)).toEqual([])
  })
})

test('a provider that hangs delays nobody else', async () => {
  behave['/a'] = () => undefined
  const cache = build()
  const hanging = cache.of(at('/a'))
  expect(await kidsOf(cache, '/b')).toEqual(['p256'])
  expect(await hanging).toBeUndefined()
})

test('keys belong to their provider: the same kid elsewhere is another key', async () => {
  behave['/b'] = serve(jwkOf(keys.otherRsa, { kid: 'rsa' }))
  const cache = build()
  const [a, b] = [await cache.of(at('/a')), await cache.of(at('/b'))]
  expect(a?.keys[0]?.thumbprint).not.toBe(b?.keys[0]?.thumbprint)
})

test('a new address drops the keys of the one before, also those that are still on their way', async () => {
  const cache = build()
  const before = cache.of(at('/a', 'idp'))
  expect((await cache.of(at('/b', 'idp')))?.keys[0]?.kid).toBe('p256')
  await before
  expect((await cache.of(at('/b', 'idp')))?.keys[0]?.kid).toBe('p256')
})

describe('sets that are stored for all processes', () => {
  const set = readKeySet({ keys: [p256] })
  const stored = typeof set === 'string' ? expect.unreachable(set) : set

  test('a stored set serves without a fetch', async () => {
    const cache = build({ load: async () => ({ set: stored, fetchedAtMs: nowMs - 1000 }) })
    expect([await kidsOf(cache), asked]).toEqual([['p256'], []])
  })

  test('a stored set that is too old, or a store that is away, leads to a fetch', async () => {
    const old = build({ load: async () => ({ set: stored, fetchedAtMs: nowMs - serveForMs }) })
    const away = build({ load: () => Promise.reject(new Error('away')) })
    expect([await kidsOf(old), await kidsOf(away)]).toEqual([['rsa'], ['rsa']])
  })

  test('each fetch is told with its set, or with why it failed, and a refresh waits until that is stored', async () => {
    const told: unknown[] = []
    const fetched: KeyCacheParts['fetched'] = async (_provider, kept, lastError) => {
      await new Promise(setImmediate)
      told.push([kept?.set.keys.map((it) => it.kid), kept?.fetchedAtMs === nowMs, lastError === null])
    }
    const cache = build({ fetched })
    for (const document of [serve(rsa), serve(rsa, p256), serve({ ...rsa, e: 'AQ' }), down]) {
      behave['/a'] = document
      await cache.refresh(at('/a'))
    }
    expect(told).toEqual([
      [['rsa'], true, true],
      [['rsa', 'p256'], true, true],
      [[], true, false],
      [undefined, false, false],
    ])
  })

  test('what two fetches brought is stored in the order in which it came, however long storing takes', async () => {
    const slow = Promise.withResolvers<void>()
    const told: unknown[] = []
    const fetched: KeyCacheParts['fetched'] = async (_provider, kept) => {
      if (kept?.set.keys.length === 1) await slow.promise
      told.push(kept?.set.keys.length)
    }
    const cache = build({ fetched })
    await kidsOf(cache)
    behave['/a'] = serve(rsa, p256)
    const second = cache.refresh(at('/a'))
    // Asked for and answered: only what was there before holds it up.
    await vi.waitFor(async () => expect(await kidsOf(cache)).toEqual(['rsa', 'p256']))
    expect(told).toEqual([])
    slow.resolve()
    await second
    expect(told).toEqual([1, 2])
  })

  test('after something was stored nothing counts before it was read, also what is read meanwhile', async () => {
    let reading: PromiseWithResolvers<void> | undefined
    let present = { set: stored, fetchedAtMs: nowMs }
    const load = async () => {
      const before = present
      await reading?.promise
      return before
    }
    const cache = build({ load })
    expect(await kidsOf(cache)).toEqual(['p256'])
    reading = Promise.withResolvers()
    cache.forget('idp_a')
    const early = kidsOf(cache)
    present = { set: { ...stored, keys: [] }, fetchedAtMs: nowMs + 1 }
    cache.forget('idp_a')
    const late = kidsOf(cache)
    reading.resolve()
    expect([await early, await late, await kidsOf(cache), asked]).toEqual([[], [], [], []])
  })

  test('after something was stored the set of before serves no more, also where the store cannot be read', async () => {
    let away = false
    const load = async () => (away ? Promise.reject(new Error('away')) : { set: stored, fetchedAtMs: nowMs })
    const cache = build({ load })
    await kidsOf(cache)
    behave['/a'] = down
    away = true
    cache.forget('idp_a')
    expect([await kidsOf(cache), asked]).toEqual([undefined, ['/a']])
  })

  test('what was read while something was stored does not serve, also where nothing newer can be read', async () => {
    const reading = Promise.withResolvers<KeptKeys>()
    const answers = [reading.promise, Promise.reject(new Error('away'))]
    const cache = build({ load: () => answers.shift() ?? Promise.reject(new Error('away')) })
    behave['/a'] = down
    const early = kidsOf(cache)
    cache.forget('idp_a')
    reading.resolve({ set: stored, fetchedAtMs: nowMs })
    expect([await early, await kidsOf(cache), asked]).toEqual([undefined, undefined, ['/a']])
  })

  test('whatever is stored and told, unknown keys are looked for once in 30 seconds', async () => {
    let present: KeptKeys = { set: stored, fetchedAtMs: nowMs }
    const fetched: KeyCacheParts['fetched'] = async (provider, kept) => {
      if (kept) present = kept
      cache.forget(provider.id)
    }
    const cache = build({ load: async () => present, fetched })
    for (let i = 0; i < 20; i++) {
      behave['/a'] = serve(jwkOf(keys.p256, { kid: `p${i}` }))
      await cache.newer(at('/a'))
    }
    expect([await kidsOf(cache), asked.length]).toEqual([['p0'], 1])
  })

  test('after a failure of ours the set of a process that fared better serves', async () => {
    let present: KeptKeys | undefined
    behave['/a'] = down
    const cache = build({ load: async () => present })
    expect(await kidsOf(cache)).toBeUndefined()
    present = { set: stored, fetchedAtMs: nowMs }
    expect([await kidsOf(cache), asked.length]).toEqual([['p256'], 1])
  })

  test('of two answers that cross, the one that was asked for later stays', async () => {
    const answer = Promise.withResolvers<Fetched>()
    let present: KeptKeys | undefined
    const cache = build({ fetchJson: () => answer.promise, load: async () => present })
    const old = cache.refresh(at('/a'))
    present = { set: stored, fetchedAtMs: nowMs + 1 }
    cache.forget()
    expect(await kidsOf(cache)).toEqual(['p256'])
    answer.resolve({ ok: true, document: { keys: [rsa] } })
    await old
    expect(await kidsOf(cache)).toEqual(['p256'])
  })

  test('the timer lets go of a provider that is not there any more', async () => {
    let gone = false
    const cache = build({ load: async () => (gone ? 'gone' : undefined) })
    await kidsOf(cache)
    gone = true
    cache.forget()
    await cache.refreshDue()
    await cache.refreshDue()
    expect(asked).toEqual(['/a'])
  })
})

test('a provider that was forgotten while its keys were fetched has them: the feed tells of its creation, too', async () => {
  const cache = build()
  const flight = cache.refresh(at('/a'))
  cache.forget('idp_a')
  await flight
  expect([await kidsOf(cache), asked.length]).toEqual([['rsa'], 1])
})

test('a fetch that throws is a failure like any other', async () => {
  const cache = build({ fetchJson: () => Promise.reject<Fetched>(new Error('bug')) })
  expect(await kidsOf(cache)).toBeUndefined()
  expect(cache.status('idp_a').lastError).not.toBeNull()
})

test('at most 20 fetches run at a time, five of them for one organization', async () => {
  let running = 0
  const most = { all: 0, one: 0 }
  const release: (() => void)[] = []
  const byUrl = new Map<string, number>()
  const cache = build({
    fetchJson: async (url) => {
      const organization = new URL(url).pathname.split('-')[0] ?? ''
      byUrl.set(organization, (byUrl.get(organization) ?? 0) + 1)
      running += 1
      most.all = Math.max(most.all, running)
      most.one = Math.max(most.one, byUrl.get(organization) ?? 0)
      await new Promise<void>((resolve) => release.push(resolve))
      running -= 1
      byUrl.set(organization, (byUrl.get(organization) ?? 1) - 1)
      return { ok: true, document: { keys: [rsa] } }
    },
  })
  const providers = Array.from({ length: 60 }, (_, n) => ({
    // One organization has 40 providers that are due, four others have five each.
    ...at(`/${Math.max(0, Math.floor((n - 35) / 5))}-${n}`, `idp_${n}`),
    organizationId: `org_${Math.max(0, Math.floor((n - 35) / 5))}`,
  }))
  const sets = Promise.all(providers.map((provider) => cache.of(provider)))
  for (let done = 0; done < 60; done += 1) {
    await vi.waitUntil(() => release.length > 0)
    release.shift()?.()
  }
  expect((await sets).filter((set) => set?.keys.length === 1)).toHaveLength(60)
  expect(most).toEqual({ all: 20, one: 5 })
})
