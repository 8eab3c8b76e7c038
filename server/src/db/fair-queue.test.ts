import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { FairQueue, Overload, type QueueBounds, queueBounds } from './fair-queue.ts'

const bounds: QueueBounds = { atOnce: 3, atOncePerFlow: 2, waiting: 6, waitingPerFlow: 4, waitMs: 1000 }

/** A queue whose pieces of work end when the test says so. */
function begun(of: Partial<QueueBounds> = {}) {
  const refused: string[] = []
  const queue = new FairQueue({ ...bounds, ...of }, (whose) => refused.push(whose))
  const running: { flow: string; source: string; number: number; end: (fail?: boolean) => Promise<void> }[] = []
  let number = 0
  const ask = (flow: string, source = '') => {
    const mine = number++
    const end = Promise.withResolvers<number>()
    const done = queue.run(flow, source, () => {
      const it = {
        flow,
        source,
        number: mine,
        end: async (fail = false) => {
          running.splice(running.indexOf(it), 1)
          if (fail) end.reject(new Error('the work failed'))
          else end.resolve(mine)
          await done.catch(() => undefined)
        },
      }
      running.push(it)
      return end.promise
    })
    done.catch(() => undefined)
    return done
  }
  return { queue, running, refused, ask, now: () => running.map((it) => `${it.flow}${it.number}`) }
}

describe('a fair queue', () => {
  test('takes turns among flows, whoever came first, and keeps the order within one', async () => {
    const { ask, running, now } = begun({ atOnce: 1, atOncePerFlow: 1 })
    for (const flow of ['a', 'a', 'a', 'b', 'c']) void ask(flow)
    const order: string[] = []
    while (running.length > 0) {
      order.push(...now())
      await running[0]?.end()
    }
    expect(order).toEqual(['a0', 'a1', 'b3', 'c4', 'a2'])
  })

  test('gives the first turn to the flow that waits longest, not to the one that was there before', async () => {
    const { ask, running, now } = begun({ atOnce: 1, atOncePerFlow: 1 })
    for (const flow of ['a', 'b', 'a', 'b']) void ask(flow)
    const order: string[] = []
    while (running.length > 0) {
      order.push(...now())
      await running[0]?.end()
    }
    expect(order).toEqual(['a0', 'b1', 'a2', 'b3'])
  })

  test('makes room for a preferred source where each of many others has one place, and only in its own flow', async () => {
    const { ask, queue, refused } = begun({ atOnce: 1, atOncePerFlow: 1, isPreferred: (source) => source === 'admin' })
    void ask('a', 'first')
    const others = ['b', 'c', 'd', 'e'].map((source) => ask('a', source))
    await expect(ask('a', 'one more')).rejects.toBeInstanceOf(Overload)
    void ask('a', 'admin')
    await expect(Promise.race(others)).rejects.toBeInstanceOf(Overload)
    expect(queue.waiting).toBe(4)
    expect(refused).toEqual(['flow', 'flow'])
    for (const flow of ['b', 'c']) void ask(flow, 'other')
    await expect(ask('d', 'admin')).rejects.toBeInstanceOf(Overload)
  })

  test('takes turns among the sources of one flow', async () => {
    const { ask, running } = begun({ atOnce: 1, atOncePerFlow: 1 })
    for (const source of ['x', 'x', 'x', 'y', 'x', 'z']) void ask('a', source).catch(() => undefined)
    const order: string[] = []
    while (running.length > 0) {
      order.push(...running.map((it) => `${it.source}${it.number}`))
      await running[0]?.end()
    }
    expect(order).toEqual(['x0', 'x1', 'y3', 'z5', 'x2'])
  })

  test('leaves places that one flow may not have to others', () => {
    const { ask, now } = begun()
    for (const flow of ['a', 'a', 'a', 'b']) void ask(flow)
    expect(now()).toEqual(['a0', 'a1', 'b3'])
  })

  test('refuses what is too much for its flow, and takes another’s at the same moment', async () => {
    const { ask, refused, running } = begun()
    const all = Array.from({ length: 7 }, () => ask('a'))
    await expect(all[6]).rejects.toMatchObject({ whose: 'flow' })
    void ask('b')
    expect(running.map((it) => it.flow)).toEqual(['a', 'a', 'b'])
    expect(refused).toEqual(['flow'])
  })

  test('refuses what is too much for all', async () => {
    const { ask, queue } = begun({ atOnce: 1, waiting: 2 })
    for (const flow of ['a', 'b', 'c']) void ask(flow)
    await expect(ask('d')).rejects.toMatchObject({ whose: 'everybody' })
    expect(queue.waiting).toBe(2)
  })

  test('makes room for a source that waits less, at the cost of the last of the longest line', async () => {
    const { ask, refused, running } = begun({ atOnce: 1, atOncePerFlow: 1 })
    const many = Array.from({ length: 5 }, () => ask('a', 'x'))
    const one = ask('a', 'y')
    await expect(many[4]).rejects.toMatchObject({ whose: 'flow' })
    // Three of x and one of y wait; a second of y would have more of a claim than nobody.
    void ask('a', 'y').catch(() => undefined)
    await expect(many[3]).rejects.toMatchObject({ whose: 'flow' })
    await expect(ask('a', 'y')).rejects.toMatchObject({ whose: 'flow' })
    expect(refused).toEqual(['flow', 'flow', 'flow'])
    for (let n = 0; n < 5; n += 1) await running[0]?.end()
    await expect(one).resolves.toBe(5)
  })

  test('does not change one for another of the same right', async () => {
    const { ask } = begun({ atOnce: 1, atOncePerFlow: 1 })
    for (const source of ['x', 'x', 'x', 'y', 'z']) void ask('a', source)
    await expect(ask('a', 'y')).rejects.toMatchObject({ whose: 'flow' })
  })

  test('counts whoever gave up its place once, also when its time would have run out', async () => {
    vi.useFakeTimers()
    try {
      const { ask, queue } = begun({ atOnce: 1, atOncePerFlow: 1 })
      for (let n = 0; n < 5; n += 1) void ask('a', 'x')
      vi.advanceTimersByTime(500)
      void ask('a', 'y')
      vi.advanceTimersByTime(600)
      expect(queue.waiting).toBe(1)
    } finally {
      vi.useRealTimers()
    }
  })

  test('makes room for a flow that waits less, at the cost of the one that waits most', async () => {
    const { ask, queue } = begun({ atOnce: 1, atOncePerFlow: 1, waiting: 3, waitingPerFlow: 3 })
    const many = Array.from({ length: 4 }, () => ask('a'))
    void ask('b').catch(() => undefined)
    await expect(many[3]).rejects.toMatchObject({ whose: 'everybody' })
    await expect(ask('b')).rejects.toMatchObject({ whose: 'everybody' })
    expect(queue.waiting).toBe(3)
  })

  test('lets nobody wait for ever: it is refused, and its turn is another’s', async () => {
    vi.useFakeTimers()
    try {
      const { ask, queue, running, now } = begun({ atOnce: 1, atOncePerFlow: 1 })
      void ask('a')
      const late = ask('a')
      void ask('b')
      vi.advanceTimersByTime(600)
      void ask('a')
      vi.advanceTimersByTime(500)
      await expect(late).rejects.toBeInstanceOf(Overload)
      expect([queue.waiting, queue.flows]).toEqual([1, 1])
      await running[0]?.end()
      expect(now()).toEqual(['a3'])
      // Whoever had its turn is not late any more, nor anybody in its stead.
      void ask('a')
      vi.advanceTimersByTime(900)
      expect(queue.waiting).toBe(1)
      await running[0]?.end()
      await running[0]?.end()
      expect(queue.flows).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('gives the place back when the work fails', async () => {
    const { ask, running, now } = begun({ atOnce: 1 })
    const failing = ask('a')
    void ask('b')
    await running[0]?.end(true)
    await expect(failing).rejects.toThrow('the work failed')
    expect(now()).toEqual(['b1'])
  })

  test('holds its bounds whatever is asked and ended in whatever order, begins nothing twice, and forgets all', async () => {
    const step = fc.oneof(
      fc.record({ ask: fc.constantFrom('a', 'b', 'c', 'd'), source: fc.constantFrom('x', 'y') }),
      fc.record({ end: fc.nat(), fail: fc.boolean() }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { ask, queue, running, refused } = begun()
        const asked: Promise<number>[] = []
        const count = (flow: string) => running.filter((it) => it.flow === flow).length
        for (const it of steps) {
          if ('ask' in it) asked.push(ask(it.ask, it.source))
          else await running[it.end % Math.max(1, running.length)]?.end(it.fail)
          expect(running.length).toBeLessThanOrEqual(bounds.atOnce)
          expect(queue.waiting).toBeLessThanOrEqual(bounds.waiting)
          for (const flow of ['a', 'b', 'c', 'd']) expect(count(flow)).toBeLessThanOrEqual(bounds.atOncePerFlow)
          // Nobody waits beside a place that is free for it.
          if (queue.waiting > 0) {
            const full = running.length === bounds.atOnce
            expect(full || ['a', 'b', 'c', 'd'].some((flow) => count(flow) === bounds.atOncePerFlow)).toBe(true)
          }
        }
        while (running.length > 0) await running[0]?.end()
        const outcomes = await Promise.allSettled(asked)
        const done = outcomes.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []))
        expect(new Set(done).size).toBe(done.length)
        const overloads = outcomes.filter((it) => it.status === 'rejected' && it.reason instanceof Overload)
        expect(overloads.length).toBe(refused.length)
        expect(queue.waiting).toBe(0)
        expect(queue.flows).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  test('of a pool of connections leaves some to the gate, and the single session to one at a time', () => {
    expect(queueBounds(10)).toMatchObject({ atOnce: 8, atOncePerFlow: 4 })
    expect(queueBounds(1)).toMatchObject({ atOnce: 1, atOncePerFlow: 1 })
  })
})
