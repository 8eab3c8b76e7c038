import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FeedEntry } from '../src/db/feed-log.ts'
import { hashOf } from '../src/features/tokens/actions.ts'
import { ChangeReader, type Told } from './change-reader.ts'
import { describeOnBoth, type TestDatabase } from './databases.ts'
import { type Harness, harness, resourceKey } from './harness.ts'
import { listen } from './listen.ts'

const authorization = `Bearer ${resourceKey}`

describeOnBoth('what embedded verifiers are told and tell', (open) => {
  let database: TestDatabase
  let app: Harness
  let server: Awaited<ReturnType<typeof listen>>
  let org: Awaited<ReturnType<Harness['newOrganization']>>
  const readers: ChangeReader[] = []
  /** Of the feed as this process follows it, since the start of the tests: a machine that is too slow may lose its connection. */
  let newBeginnings = 0
  beforeAll(async () => {
    database = await open()
    app = await harness(database)
    server = await listen(app)
    org = await app.newOrganization()
    app.lease.log.onStep(({ forget }) => {
      if (forget === 'everything') newBeginnings += 1
    })
  })
  afterAll(async () => {
    for (const reader of readers) reader.cut()
    await server.close()
    await app.lease.close()
  })

  const read = async (lastId?: string) => {
    const headers = lastId === undefined ? {} : { 'last-event-id': lastId }
    const reader = await ChangeReader.open(`${server.url}/v1/changes`, resourceKey, headers)
    readers.push(reader)
    return reader
  }
  const headNow = async () => (await server.call('GET', '/v1/head', { headers: { authorization } })).body
  /** Commits a change of one token, and resolves with its number. */
  const append = async (id: string) => {
    const forget = JSON.stringify([{ kind: 'token', id }])
    const appended = sql<{ number: number }>`select append_to_feed(${org.id}, ${forget}::jsonb) as number`
    return (await appended.execute(database.db)).rows[0]?.number ?? 0
  }
  const stored = async () =>
    (await sql<FeedEntry>`select number, mark, forget from feed order by number`.execute(database.owner)).rows

  test('P11: a saved setting and a revoked token are told as the records to forget; the lease is of that point', async () => {
    const token = await org.newToken()
    const reader = await read()
    const { number, forget } = await reader.event(0)
    expect(forget).toBe('everything')
    expect((await org.setCreation({ creation: 'none' })).status).toBe(200)
    const saved = await reader.event(1)
    expect(saved).toMatchObject({ number: number + 1, forget: [{ kind: 'organization', id: org.id }] })
    expect((await app.call('DELETE', `${org.path}/tokens/${token.id}`, { as: org.admin })).status).toBe(204)
    const revoked = await reader.event(2)
    expect(revoked.forget).toEqual([{ kind: 'token', id: hashOf(token.secret) }])
    await org.setCreation({ creation: 'all' })
    const { id, mark } = await reader.event(3)
    expect(await headNow()).toEqual({ head: number + 3, mark, ageMs: expect.any(Number) })
    expect(id).toBe(`${number + 3}.${mark}`)
    expect(reader.events.slice(1).map((it) => it.number)).toEqual([number + 1, number + 2, number + 3])
  })

  test('N3: introspection says for which point of which history it is true, and it is the one of the lease', async () => {
    const { secret } = await org.newToken()
    await app.lease.renew()
    const answer = await fetch(`${server.url}/oauth2/introspect`, {
      method: 'POST',
      headers: { authorization },
      body: new URLSearchParams({ token: secret }),
    })
    const { head, mark } = await headNow()
    expect(await answer.json()).toMatchObject({ active: true })
    expect(answer.headers.get('x-portcullis-head')).toBe(String(head))
    expect(answer.headers.get('x-portcullis-mark')).toBe(mark)
    expect((await stored()).at(-1)).toMatchObject({ number: head, mark })
  })

  test('P11: the same number of another history, and numbers that are ahead, are points of nothing', async () => {
    const { head, mark } = await headNow()
    for (const id of [`${head}.000000000000`, `${head + 1}.${mark}`, `${head - 1}.${mark}`])
      expect((await (await read(id)).event(0)).forget).toBe('everything')
    const standing = await read(`${head}.${mark}`)
    const number = await append('t')
    expect(await standing.event(0)).toMatchObject({ number, forget: [{ kind: 'token', id: 't' }] })
  })

  /** Reads, is cut off after so many events, and comes back with the last id that it heard, until it has the last entry. */
  async function follow(cuts: readonly number[], isLast: (it: ChangeReader) => boolean): Promise<Told[]> {
    const told: Told[] = []
    for (const cut of [...cuts, Number.POSITIVE_INFINITY]) {
      const reader = await read(told.at(-1)?.id)
      await reader.until((it) => it.events.length >= cut || isLast(it))
      reader.cut()
      told.push(...reader.events)
      if (isLast(reader)) break
    }
    return told
  }

  /** What was heard after the last new beginning, held against the feed as it is stored. */
  const expectNoGap = (told: readonly Told[], feed: ReadonlyMap<number, FeedEntry>, last: number) => {
    const begun = told.findLastIndex((it) => it.forget === 'everything')
    const first = told[begun]?.number ?? Number.NaN
    const heard = told.slice(begun + 1).map(({ id: _, ...entry }) => entry)
    expect(heard).toEqual(heard.map((_, i) => feed.get(first + 1 + i)))
    expect(heard.at(-1)?.number ?? first).toBeGreaterThanOrEqual(last)
  }

  /** Readers that are cut off amid bursts of changes. */
  async function disturb(readersCuts: readonly number[][], bursts: readonly number[]): Promise<void> {
    let last = Number.POSITIVE_INFINITY
    const isLast = (it: ChangeReader) => (it.events.at(-1)?.number ?? 0) >= last
    const following = readersCuts.map((it) => follow(it, isLast))
    for (const burst of bursts) {
      for (let i = 0; i < burst; i += 1) await append(`t${i}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
    last = await append('last')
    // Whoever had heard of the last one before it was known to be the last hears of one more.
    await append('after it')
    const feed = new Map((await stored()).map((it) => [it.number, it]))
    for (const told of await Promise.all(following)) expectNoGap(told, feed, last)
    const beginnings = (await Promise.all(following)).flat().filter((it) => it.forget === 'everything')
    expect(beginnings.length).toBeLessThanOrEqual(following.length * (1 + newBeginnings))
  }

  test('P11: whoever is cut off again and again, amid changes, and comes back misses nothing and hears nothing twice', async () => {
    const cuts = fc.array(fc.nat(5), { maxLength: 25 })
    const bursts = fc.array(fc.nat(3), { maxLength: 40 })
    await fc.assert(fc.asyncProperty(fc.tuple(cuts, cuts, cuts), bursts, disturb), { numRuns: 8 })
  })

  test('T8: reported uses are those of the token, beside what the process counted itself; unknown tokens are ignored', async () => {
    const token = await org.newToken()
    await org.choosePreviews(['token-insights'])
    const now = app.clock.now
    const day = now.toISOString().slice(0, 10)
    const yesterday = new Date(now.getTime() - 24 * 60 * 60_000).toISOString()
    const use = { tokenId: token.id, day, count: 5, lastUsedAt: now.toISOString() }
    const uses = [
      use,
      { ...use, count: 2 },
      { ...use, day: yesterday.slice(0, 10), count: 7, lastUsedAt: yesterday },
      { ...use, tokenId: 'tok_01h455vb4pex5vsknk084sn02q' },
    ]
    await server.introspect(token.secret)
    await app.flushUses()
    const answer = await server.call('POST', '/v1/usage', { body: uses, headers: { authorization } })
    expect([answer.status, answer.body]).toEqual([200, { recorded: 4 }])
    const shown = await app.call('GET', `${org.path}/tokens/usage?days=7`, { as: org.admin })
    const { tokens, days } = shown.body
    expect(tokens.find((it: { tokenId: string }) => it.tokenId === token.id)).toMatchObject({ count: 15 })
    expect(days.slice(-2)).toEqual([
      { date: yesterday.slice(0, 10), count: 7 },
      { date: day, count: 9 },
    ])
  })
})
