import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { resourceKey } from '../../test/gate-server.ts'
import { ask } from '../../test/raw-http.ts'
import { type VerifierServer, verifierServer } from '../../test/verifier-server.ts'

let it: VerifierServer
const opened: VerifierServer[] = []
beforeEach(async () => {
  it = await verifierServer()
  opened.push(it)
  await it.lease.renew()
})
afterAll(() => Promise.all(opened.map(({ close }) => close())))

const authorized = [['Authorization', `Bearer ${resourceKey}`]] as const
const head = (query = '') => ask(it.port, { path: `/v1/head${query}`, headers: authorized })

describe('what a verifier gets', () => {
  test('200: the point that this process has applied, never cached', async () => {
    await it.commit({ kind: 'token', id: 'a' })
    const { number, mark } = await it.commit({ kind: 'token', id: 'b' })
    const answer = await head()
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual({ head: number, mark, ageMs: 0 })
    expect(answer.headers['cache-control']).toEqual(['no-store'])
    expect(answer.headers['content-type']).toEqual(['application/json'])
    expect(answer.headers['x-request-id']).toHaveLength(1)
  })

  test('200: before the first change, number 0 and no mark', async () => {
    expect((await head()).json()).toEqual({ head: 0, mark: '', ageMs: 0 })
  })

  test('N3: the age is that of the question, rounded up, so that nobody takes a lease for longer than it is', async () => {
    it.clock.monotonicMs += 36.2
    expect((await head()).json().ageMs).toBe(37)
    it.clock.monotonicMs += 963
    expect((await head()).json().ageMs).toBe(1000)
  })

  test('503: a process without a lease has none to give, and gives one as soon as it has', async () => {
    it.clock.monotonicMs += 1000
    const answer = await head()
    expect(answer.status).toBe(503)
    expect(answer.json()).toMatchObject({ code: 'unavailable' })
    expect(answer.headers['retry-after']).toEqual(['1'])
    await it.lease.renew()
    expect((await head()).status).toBe(200)
  })

  test('N3: what was committed and is not applied yet is not vouched for', async () => {
    const { number, mark } = await it.commit({ kind: 'token', id: 'a' })
    it.commitSilently({ kind: 'token', id: 'b' })
    expect((await head()).json()).toMatchObject({ head: number, mark })
  })
})

describe('what a verifier tells of itself', () => {
  test('all of it, encoded as a client does', async () => {
    const query = new URLSearchParams({
      verifier: 'api@host-1:3000/a.b_c',
      applied: '41',
      agoMs: '250',
      since: '7',
      outageMs: '300000',
      leaving: 'true',
    })
    expect((await head(`?${query}`)).status).toBe(200)
    const facts = { applied: 41, agoMs: 250, since: 7, outageMs: 300_000, leaving: true }
    expect(it.seen).toEqual([{ name: 'api@host-1:3000/a.b_c', ...facts }])
  })

  test('a name alone, and then it has applied nothing and stays', async () => {
    await head('?verifier=a')
    expect(it.seen).toEqual([{ name: 'a', applied: 0, agoMs: 0, since: 0, outageMs: 0, leaving: false }])
  })

  test('also to a process that has no lease: it was seen all the same', async () => {
    it.clock.monotonicMs += 1000
    expect((await head('?verifier=a&leaving=false')).status).toBe(503)
    expect(it.seen).toHaveLength(1)
  })

  test('nothing without a name, whatever else is sent', async () => {
    expect((await head('?applied=nonsense&leaving=perhaps&x=1')).status).toBe(200)
    expect(it.seen).toEqual([])
  })

  test.each([
    ['an empty name', 'verifier='],
    ['a name of 101 letters', `verifier=${'a'.repeat(101)}`],
    ['a name with a space', 'verifier=a%20b'],
    ['a name with a line break, as in a forged header', 'verifier=a%0d%0aX-Evil:1'],
    ['a name with NUL', 'verifier=a%00'],
    ['a name in another alphabet', 'verifier=%D1%84'],
    ['a name with markup', 'verifier=%3Cb%3E'],
    ['broken percent-encoding', 'verifier=%zz'],
    ['two names', 'verifier=a&verifier=b'],
    ['a negative number', 'verifier=a&applied=-1'],
    ['a fraction', 'verifier=a&agoMs=1.5'],
    ['an exponent', 'verifier=a&agoMs=1e3'],
    ['a hexadecimal number', 'verifier=a&applied=0x1f'],
    ['a number that no double holds', 'verifier=a&applied=9007199254740993'],
    ['an empty number', 'verifier=a&since='],
    ['two numbers', 'verifier=a&applied=1&applied=1'],
    ['an allowance of over five minutes', 'verifier=a&outageMs=300001'],
    ['half a truth', 'verifier=a&leaving=1'],
  ])('400: %s', async (_what, query) => {
    const answer = await head(`?${query}`)
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'bad_request' })
    expect(it.seen).toEqual([])
  })

  test('400 or 431: a huge query costs no more than its refusal', async () => {
    expect((await head(`?verifier=${'a'.repeat(20_000)}`)).status).toBe(400)
    expect((await head(`?${'applied=1&'.repeat(2_000)}verifier=a`)).status).toBe(400)
    expect((await head(`?verifier=${'a'.repeat(40_000)}`)).status).toBe(431)
  })
})
