import { beforeEach, expect, test } from 'vitest'
import type { Forget } from './change.ts'
import { type FeedAnswer, type FeedSource, Lease } from './feed.ts'
import type { FeedStep } from './feed-log.ts'

const token = (id: string): Forget => ({ kind: 'token', id })

/** Of the history that is followed, unless a test says otherwise. */
type Answered = Omit<FeedAnswer, 'seenMark'> & { seenMark?: string }

let now: number
let forgotten: (readonly Forget[] | 'everything')[]
/** Round trips that are under way: each waits for the test to answer. */
let asked: { seen: number; answer: (it: Answered) => void; fail: () => void }[]
let wake: () => void
let lease: Lease

const source: FeedSource = {
  after: (seen) =>
    new Promise((resolve, reject) => {
      const answer = (it: Answered) => resolve({ seenMark: lease.mark, ...it })
      asked.push({ seen, answer, fail: () => reject(new Error('away')) })
    }),
  onWake: (it) => {
    wake = it
  },
  close: async () => undefined,
}

beforeEach(() => {
  now = 1000
  forgotten = []
  asked = []
  lease = new Lease(
    source,
    (what) => forgotten.push(what),
    () => now,
  )
})

/** Runs one renewal to its end with these answers, and gives the numbers that it asked after. */
async function renew(...answers: Answered[]): Promise<number[]> {
  const seen: number[] = []
  const done = lease.renew()
  for (const answer of answers) {
    const trip = await next()
    seen.push(trip.seen)
    trip.answer(answer)
  }
  await done
  return seen
}

async function next() {
  while (asked.length === 0) await Promise.resolve()
  return asked.shift() as (typeof asked)[number]
}

const started = async (head = 0) => {
  await renew({ head, headMark: `m${head}`, entries: [] })
  forgotten = []
}

test('N3: there is no lease before the first answer, and the first look forgets everything', async () => {
  expect(lease.holds).toBe(false)
  await renew({ head: 7, headMark: 'm7', entries: [] })
  expect(lease.holds).toBe(true)
  expect(lease.applied).toBe(7)
  expect(forgotten).toEqual(['everything'])
})

test('N3: the lease is counted from the sending of the request, not from its answer', async () => {
  await started()
  now = 2000
  const done = lease.renew()
  const trip = await next()
  now = 2900
  trip.answer({ head: 0, headMark: 'm0', entries: [] })
  await done
  expect(lease.ageMs).toBe(900)
  expect(lease.holds).toBe(true)
  now = 2999
  expect(lease.holds).toBe(true)
  now = 3000
  expect(lease.holds).toBe(false)
})

test('N3: a failed round trip renews nothing', async () => {
  await started()
  now = 1900
  const done = lease.renew()
  ;(await next()).fail()
  await expect(done).rejects.toThrow('away')
  now = 2000
  expect(lease.holds).toBe(false)
})

test('N3: what the answer names is forgotten before the lease holds', async () => {
  await started()
  const epoch = lease.epoch
  now = 3000
  await renew({
    head: 2,
    headMark: 'm2',
    entries: [
      { number: 1, mark: 'm1', forget: [token('a')] },
      { number: 2, mark: 'm2', forget: [token('b'), token('c')] },
    ],
  })
  expect(forgotten).toEqual([[token('a')], [token('b'), token('c')]])
  expect(lease.applied).toBe(2)
  expect(lease.epoch).toBeGreaterThan(epoch)
  expect(lease.holds).toBe(true)
})

test('N3: while the head is not reached, more is asked for and nothing is confirmed', async () => {
  await started()
  now = 5000
  const done = lease.renew()
  ;(await next()).answer({ head: 2, headMark: 'm2', entries: [{ number: 1, mark: 'm1', forget: [token('a')] }] })
  const second = await next()
  expect(second.seen).toBe(1)
  expect(lease.holds).toBe(false)
  now = 5300
  second.answer({ head: 2, headMark: 'm2', entries: [{ number: 2, mark: 'm2', forget: [token('b')] }] })
  await done
  expect(lease.holds).toBe(true)
  // The second request was sent at 5000 on this clock.
  expect(lease.ageMs).toBe(300)
})

test('N3: a gap forgets everything: entries were pruned before they were read', async () => {
  await started(1)
  await renew({
    head: 5,
    headMark: 'm5',
    entries: [
      { number: 4, mark: 'm4', forget: [token('d')] },
      { number: 5, mark: 'm5', forget: [] },
    ],
  })
  expect(forgotten).toEqual(['everything'])
  expect(lease.applied).toBe(5)
})

test('N3: a gap forgets everything: all entries are gone', async () => {
  await started(1)
  await renew({ head: 5, headMark: 'm5', entries: [] })
  expect(forgotten).toEqual(['everything'])
  expect(lease.applied).toBe(5)
})

test('N3: a head that went back (a restored backup) forgets everything', async () => {
  await started(9)
  await renew({ head: 3, headMark: 'm3', entries: [] })
  expect(forgotten).toEqual(['everything'])
  expect(lease.applied).toBe(3)
})

test('N3: a new connection forgets everything, though its numbers seem to go on', async () => {
  await started(3)
  await renew({ head: 3, headMark: 'm3', entries: [], fresh: true })
  expect(forgotten).toEqual(['everything'])
  await renew({ head: 4, headMark: 'm4', entries: [{ number: 4, mark: 'm4', forget: [token('a')] }], fresh: true })
  expect(forgotten).toEqual(['everything', 'everything'])
})

test('P11: an own change is forgotten at once and raises the epoch; the lease itself is not renewed by it', async () => {
  await started()
  const { epoch, confirmedAt } = lease
  now = 1500
  lease.applyOwn([token('a')])
  expect(forgotten).toEqual([[token('a')]])
  expect(lease.epoch).toBe(epoch + 1)
  expect(lease.confirmedAt).toBe(confirmedAt)
  lease.applyOwn([])
  expect(lease.epoch).toBe(epoch + 1)
})

test('a wake during a round trip is followed by one more, since the answer may be older than the change', async () => {
  const start = lease.start()
  ;(await next()).answer({ head: 0, headMark: 'm0', entries: [] })
  await start
  wake()
  const first = await next()
  wake()
  wake()
  expect(asked).toEqual([])
  first.answer({ head: 0, headMark: 'm0', entries: [] })
  const second = await next()
  const closed = lease.close()
  second.answer({ head: 1, headMark: 'm1', entries: [{ number: 1, mark: 'm1', forget: [token('a')] }] })
  await closed
  expect(forgotten).toEqual(['everything', [token('a')]])
  expect(asked).toEqual([])
})

test('a start with the database away does not fail; a later round trip brings the lease', async () => {
  const start = lease.start()
  ;(await next()).fail()
  await start
  expect(lease.holds).toBe(false)
  wake()
  const trip = await next()
  trip.answer({ head: 0, headMark: 'm0', entries: [] })
  await lease.close()
  expect(lease.holds).toBe(true)
})

test('who follows this process is told of each step after it was applied, and where it stands is named by its mark', async () => {
  const steps: (FeedStep & { applied: number })[] = []
  const stop = lease.log.onStep((step) => steps.push({ ...step, applied: lease.applied }))
  await renew({ head: 3, headMark: 'm3', entries: [] })
  await renew({ head: 4, headMark: 'm4', entries: [{ number: 4, mark: 'm4', forget: [token('a')] }] })
  expect(steps).toEqual([
    { number: 3, mark: 'm3', forget: 'everything', applied: 3 },
    { number: 4, mark: 'm4', forget: [token('a')], applied: 4 },
  ])
  expect(lease.mark).toBe('m4')
  expect(lease.log.since({ number: 3, mark: 'm3' })).toEqual([{ number: 4, mark: 'm4', forget: [token('a')] }])
  stop()
  await renew({ head: 9, headMark: 'm9', entries: [], fresh: true })
  expect(steps).toHaveLength(2)
  expect(lease.mark).toBe('m9')
})

test('N3: another history behind the same connection (a pooler that failed over) forgets everything, though its numbers go on', async () => {
  await started(3)
  await renew({ head: 3, headMark: 'n3', seenMark: 'n3', entries: [] })
  expect(forgotten).toEqual(['everything'])
  expect(lease.mark).toBe('n3')
  await renew({ head: 4, headMark: 'o4', seenMark: 'o3', entries: [{ number: 4, mark: 'o4', forget: [token('a')] }] })
  expect(forgotten).toEqual(['everything', 'everything'])
  await renew({ head: 5, headMark: 'o5', entries: [{ number: 5, mark: 'o5', forget: [token('b')] }] })
  expect(forgotten).toEqual(['everything', 'everything', [token('b')]])
})
