import { expect, test } from 'vitest'
import { asking } from '../db/asking.ts'
import { Overload } from '../db/fair-queue.ts'
import { hashedInTurns } from './passwords.ts'

/** Hashing that ends when it is told to, the earliest first. */
function held(refused: () => void = () => undefined) {
  const begun: { password: string; end: () => void }[] = []
  const slow = (password: string) =>
    new Promise<string>((resolve) => begun.push({ password, end: () => resolve(`hash of ${password}`) }))
  const passwords = hashedInTurns(refused, {
    hash: slow,
    verify: async ({ hash, password }) => (await slow(password)) === hash,
  })
  const from = (source: string, password: string) =>
    asking.run({ flow: 'router', source }, () => passwords.hash(password))
  return { begun, from, passwords }
}

const names = (it: ReturnType<typeof held>) => it.begun.map(({ password }) => password)

test('two at once, and then one address after another', async () => {
  const it = held()
  const flood = ['1', '2', '3', '4', '5'].map((password) => it.from('192.0.2.1', password))
  const other = it.from('192.0.2.2', 'other')
  expect(names(it)).toEqual(['1', '2'])
  for (let n = 0; n < 6; n += 1) {
    it.begun[n]?.end()
    await new Promise(setImmediate)
  }
  expect(names(it)).toEqual(['1', '2', '3', 'other', '4', '5'])
  expect(await other).toBe('hash of other')
  expect(await Promise.all(flood)).toHaveLength(5)
})

test('to verify takes a turn, too', async () => {
  const it = held()
  const first = it.passwords.verify({ hash: 'hash of a', password: 'a' })
  const others = [it.from('', 'b'), it.from('', 'c')]
  expect(names(it)).toEqual(['a', 'b'])
  it.begun[0]?.end()
  expect(await first).toBe(true)
  it.begun[1]?.end()
  await expect.poll(() => it.begun.length).toBe(3)
  it.begun[2]?.end()
  await Promise.all(others)
})

test('where nobody may wait any more, the flood gives up a place and not whoever comes from elsewhere', async () => {
  let refused = 0
  const it = held(() => {
    refused += 1
  })
  const flood = Promise.allSettled(Array.from({ length: 202 }, (_, n) => it.from('192.0.2.1', `${n}`)))
  await expect(it.from('192.0.2.1', 'one too many')).rejects.toMatchObject({ whose: 'everybody' })
  const other = it.from('192.0.2.2', 'other')
  expect(refused).toBe(2)
  for (let n = 0; n < 202; n += 1) {
    await expect.poll(() => it.begun.length).toBeGreaterThan(n)
    it.begun[n]?.end()
  }
  expect(await other).toBe('hash of other')
  const failed = (await flood).filter((settled) => settled.status === 'rejected')
  expect(failed.map(({ reason }) => reason)).toEqual([expect.any(Overload)])
})

test('S5: a browser that is known to the person does not wait behind a flood of strangers', async () => {
  const hashing = held()
  const flood = ['1', '2', '3', '4', '5'].map((password) => hashing.from('192.0.2.1', password))
  const known = asking.run({ flow: 'router', source: '192.0.2.1', known: true }, () => hashing.passwords.hash('known'))
  expect(names(hashing)).toEqual(['1', '2', 'known'])
  hashing.begun[2]?.end()
  expect(await known).toBe('hash of known')
  for (let n = 0; n < 6; n += 1) {
    await expect.poll(() => hashing.begun.length).toBeGreaterThan(n)
    hashing.begun[n]?.end()
  }
  await Promise.all(flood)
})
