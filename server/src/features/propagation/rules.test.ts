import fc from 'fast-check'
import { expect, test } from 'vitest'
import { confirmationOf, leaseMs, obeyedBetween, type Peer } from './rules.ts'

const at = new Date('2026-01-01T00:00:10.000Z')
const saved = { number: 40, version: 7 }
const peer = (it: Partial<Peer> = {}): Peer => ({
  name: 'a',
  kind: 'server',
  applied: 40,
  allowanceMs: 0,
  seenAgoMs: 200,
  ...it,
})

test('P11: who was seen to obey the last save says how long after it', () => {
  expect(confirmationOf(peer({ confirmed: { number: 40, version: 7, afterMs: 12 } }), saved, at)).toEqual({
    name: 'a',
    kind: 'server',
    version: 7,
    afterMs: 12,
    lastSeenAt: new Date('2026-01-01T00:00:09.800Z'),
  })
})

test('P11: who began after the save obeys it from its beginning', () => {
  for (const applied of [40, 44])
    expect(confirmationOf(peer({ applied }), saved, at)).toMatchObject({ version: 7, afterMs: 0 })
  const earlier = { number: 30, version: 6, afterMs: 900 }
  expect(confirmationOf(peer({ applied: 44, confirmed: earlier }), saved, at)).toMatchObject({ version: 7, afterMs: 0 })
})

test('P11: who is behind obeys an earlier version', () => {
  expect(confirmationOf(peer({ applied: 39 }), saved, at)).toMatchObject({ version: 6 })
  const earlier = { number: 20, version: 4, afterMs: 3 }
  expect(confirmationOf(peer({ applied: 39, confirmed: earlier }), saved, at)).toMatchObject({ version: 4, afterMs: 3 })
})

test('P11: who is behind the first save obeys the first version, which every organization begins with', () => {
  expect(confirmationOf(peer({ applied: 39 }), { number: 40, version: 1 }, at)).toMatchObject({
    version: 1,
    afterMs: 0,
  })
  expect(confirmationOf(peer({ applied: 39 }), { number: 40, version: 2 }, at)).toMatchObject({
    version: 1,
    afterMs: 0,
  })
})

test('P11: times are whole milliseconds', () => {
  expect(confirmationOf(peer({ seenAgoMs: 199.6 }), saved, at).lastSeenAt).toEqual(new Date(at.getTime() - 200))
})

test('N3: a lease holds for a second', () => {
  expect(leaseMs).toBe(1000)
})

test('P11: one that is silent for three seconds says since when, and never that it refuses', () => {
  const silent = confirmationOf(peer({ kind: 'verifier', seenAgoMs: 3001, allowanceMs: 60_000 }), saved, at)
  expect(silent.silentSince).toEqual(new Date(at.getTime() - 3001))
  expect(silent).not.toHaveProperty('refusesFrom')
  expect(confirmationOf(peer({ seenAgoMs: 3000 }), saved, at)).not.toHaveProperty('silentSince')
})

test('P11: what was obeyed on the way is told once, whatever the steps', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.uniqueArray(fc.nat(50)), (steps, numbers) => {
      const saves = numbers.map((number) => ({ number, organizationId: 'o', version: 1 }))
      const path = [0, ...steps.toSorted((a, b) => a - b)]
      const told = path.slice(1).flatMap((to, i) => obeyedBetween(saves, path[i] ?? 0, to))
      const end = path.at(-1) ?? 0
      expect(told.map((it) => it.number).toSorted()).toEqual(numbers.filter((n) => n > 0 && n <= end).toSorted())
    }),
  )
})
