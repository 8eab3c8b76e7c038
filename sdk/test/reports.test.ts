import { describe, expect, test } from 'vitest'
import { resourceKey, sendJson } from './scripted-server.ts'
import { activeAnswer, managedSecret, tokenA } from './tokens.ts'
import { atOnce, says, trial } from './world.ts'

describe('T8: use is reported', () => {
  test('as far as the server did not see it, in one report, when the verifier is closed', async () => {
    const it = await trial()
    says(it.server, activeAnswer())
    const [one, other] = [managedSecret(), managedSecret()]
    await it.verifier.verify(one)
    for (let i = 0; i < 3; i += 1) it.verifier.verify(one)
    it.clock.nowMs += 5_000
    it.verifier.verify(one)
    says(it.server, activeAnswer({ token_id: 'tok_other' }))
    await it.verifier.verify(other)
    it.verifier.verify(other)
    it.verifier.verify('garbage')
    const report = it.server.next('usage')
    await it.verifier.close()
    const { body, headers } = await report
    const lastUsedAt = '2026-11-24T10:20:05.000Z'
    expect(headers['content-type']).toBe('application/json')
    expect(JSON.parse(body)).toEqual([
      { tokenId: tokenA, day: '2026-11-24', count: 4, lastUsedAt },
      { tokenId: 'tok_other', day: '2026-11-24', count: 1, lastUsedAt },
    ])
  })

  test('now and then by itself, and again when the server was away', async () => {
    const it = await trial({ world: { usageMs: 20 } })
    says(it.server, activeAnswer())
    const token = managedSecret()
    await it.verifier.verify(token)
    it.server.answers.usage = (res) => void res.writeHead(503).end()
    const first = it.server.next('usage')
    it.verifier.verify(token)
    await first
    it.verifier.verify(token)
    it.server.answers.usage = it.server.usual.usage
    let counted = 0
    while (counted !== 2) counted = JSON.parse((await it.server.next('usage')).body)[0].count
  })

  test('a thousand tokens a report', async () => {
    const it = await trial()
    let tokens = 0
    it.server.answers.introspect = (res) => {
      tokens += 1
      sendJson(res, activeAnswer({ token_id: `tok_${tokens}` }), it.server.headOf(it.server.point))
    }
    for (let batch = 0; batch < 7; batch += 1) {
      const secrets = Array.from({ length: 143 }, managedSecret)
      await Promise.all(secrets.map((token) => it.verifier.verify(token)))
      for (const token of secrets) it.verifier.verify(token)
    }
    await it.verifier.close()
    const sizes = it.server.asked.filter(({ door }) => door === 'usage').map(({ body }) => JSON.parse(body).length)
    expect(sizes).toEqual([1_000, 1])
  }, 60_000)

  test('what the server does not take is given up, and told', async () => {
    const it = await trial()
    says(it.server, activeAnswer())
    const token = managedSecret()
    await it.verifier.verify(token)
    it.verifier.verify(token)
    it.server.answers.usage = (res) => void res.writeHead(422).end()
    await it.verifier.close()
    expect(it.watched.seen).toContainEqual({ type: 'usage_lost', uses: 1 })
    expect(it.server.count('usage')).toBe(1)
  })

  test('callers that shared a look-up count one by one', async () => {
    const it = await trial()
    says(it.server, activeAnswer())
    const token = managedSecret()
    await Promise.all([1, 2, 3].map(() => it.verifier.verify(token)))
    const report = it.server.next('usage')
    await it.verifier.close()
    expect(JSON.parse((await report).body)).toMatchObject([{ count: 2 }])
  })
})

describe('presence', () => {
  test('each question for the head says who asks, and what it has applied for how long', async () => {
    const it = await trial({ outageMs: 5_000, world: { renewMs: 5 } })
    const { server, clock } = it
    server.change()
    while (it.verifier.stats().applied !== server.point.number) await server.next('head')
    clock.monotonicMs += 400
    let { query, headers } = await server.next('head')
    // Questions that were on their way know nothing of it.
    while (query.get('agoMs') === '0') ({ query, headers } = await server.next('head'))
    expect(Object.fromEntries(query)).toEqual({
      verifier: 'test',
      outageMs: '5000',
      applied: '8',
      agoMs: '400',
      since: '7',
    })
    expect(headers.authorization).toBe(`Bearer ${resourceKey}`)
  })

  test('closed: it says that it leaves, refuses all, ends its stream, and may be closed twice', async () => {
    const it = await trial()
    says(it.server, activeAnswer())
    const token = managedSecret()
    await it.verifier.verify(token)
    await Promise.all([it.verifier.close(), it.verifier.close()])
    const leaving = it.server.asked.filter(({ query }) => query.get('leaving') === 'true')
    expect(leaving).toHaveLength(1)
    expect(it.server.asked.at(-1)).toBe(leaving[0])
    expect(atOnce(it.verifier.verify(token))).toEqual({ active: false, reason: 'unavailable' })
    await expect(it.verifier.ready()).rejects.toThrow('closed')
    while (it.server.streams.size > 0) await new Promise((resolve) => setImmediate(resolve))
  })
})
