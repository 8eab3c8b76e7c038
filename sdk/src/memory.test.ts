import { describe, expect, test } from 'vitest'
import { activeAnswer, externalAnswer, inactiveAnswer } from '../test/tokens.ts'
import { readAnswer } from './answer.ts'
import { Bounded } from './bounded.ts'
import { Memory } from './memory.ts'
import { type Active, refusalFor, type Verification } from './verification.ts'

const managed = (over: Record<string, unknown> = {}) =>
  readAnswer(JSON.stringify(activeAnswer(over)), 'managed') as Verification
const external = (over: Record<string, unknown> = {}) =>
  readAnswer(JSON.stringify(externalAnswer(over)), 'external') as Active
const suspended = () => readAnswer(JSON.stringify(inactiveAnswer('suspended')), 'managed') as Verification
const as = { from: 1, untilMs: 1 }
const answerOf = (memory: Memory, name: string) => memory.get(name, 1)?.answer

describe('answers that rest on the same', () => {
  test('share one account object, as long as they tell the same of it', () => {
    const memory = new Memory(10)
    memory.keepManaged('a', managed(), 1)
    memory.keepManaged('b', managed({ token_id: 'tok_b' }), 1)
    const [a, b] = ['a', 'b'].map((name) => answerOf(memory, name) as Active)
    expect(a?.account).toBe(b?.account)
    expect(b?.token.id).toBe('tok_b')
  })

  test('that tell something else of the account put the others out of use: a change is on its way', () => {
    const memory = new Memory(10)
    memory.keepManaged('a', managed(), 1)
    memory.keepManaged('b', managed({ role: 'member' }), 1)
    expect(answerOf(memory, 'a')).toBeUndefined()
    expect(answerOf(memory, 'b')).toMatchObject({ account: { role: 'member' } })
  })

  test('E5: an external token may act with less, and disturbs nobody', () => {
    const memory = new Memory(10)
    memory.keepManaged('a', managed(), 1)
    memory.keepExternal('x', external({ role: 'member' }), as)
    expect(answerOf(memory, 'a')).toMatchObject({ account: { role: 'admin' } })
    expect(answerOf(memory, 'x')).toMatchObject({ account: { role: 'member' } })
  })
})

describe('P11: forgotten', () => {
  const filled = () => {
    const memory = new Memory(10)
    memory.keepManaged('good', managed(), 1)
    memory.keepManaged('suspended', suspended(), 1)
    memory.keepExternal('external', external(), as)
    memory.keepManaged('other', managed({ organization_id: 'org_other', account_id: 'mem_other' }), 1)
    memory.keepRefusal('bad', refusalFor('unknown'), 1)
    return memory
  }
  const known = (memory: Memory) => [
    ...['good', 'suspended', 'external', 'other'].filter((name) => memory.get(name, 1)),
    ...['bad'].filter((name) => memory.refusal(name, 1)),
  ]

  test.each([
    ['organization', 'org_01jd7z0000e1a8m3r5t7v9x1z3', ['other', 'bad']],
    ['account', 'mem_01jd7z0000e1a8m3r5t7v9x1z3', ['other', 'bad']],
    ['token', 'good', ['suspended', 'external', 'other', 'bad']],
    ['token', 'bad', ['good', 'suspended', 'external', 'other']],
    ['provider', 'idp_01jd7z0000e1a8m3r5t7v9x1z3', ['good', 'suspended', 'other', 'bad']],
    ['issuer', 'https://idp.example', ['good', 'suspended', 'other', 'bad']],
    ['account', 'mem_nobody', ['good', 'suspended', 'external', 'other', 'bad']],
  ] as const)('%s %s: what is left is %j', (kind, id, left) => {
    const memory = filled()
    memory.forget({ kind, id })
    expect(known(memory)).toEqual(left)
  })

  test('everything', () => {
    const memory = filled()
    memory.forgetEverything()
    expect(known(memory)).toEqual([])
    expect(memory.size).toBe(0)
  })

  test('an organization, then known again: the old answers stay forgotten', () => {
    const memory = filled()
    memory.forget({ kind: 'organization', id: 'org_01jd7z0000e1a8m3r5t7v9x1z3' })
    memory.keepManaged('new', managed(), 1)
    expect(known(memory)).toEqual(['other', 'bad'])
    expect(memory.get('new', 1)).toBeDefined()
    memory.forget({ kind: 'account', id: 'mem_01jd7z0000e1a8m3r5t7v9x1z3' })
    expect(memory.get('new', 1)).toBeUndefined()
  })

  test('an account whose first answers made room for others is still found', () => {
    const memory = new Memory(3)
    for (let i = 0; i < 20; i += 1) memory.keepManaged(`t${i}`, managed({ token_id: `tok_${i}` }), 1)
    memory.forget({ kind: 'account', id: 'mem_01jd7z0000e1a8m3r5t7v9x1z3' })
    expect(Array.from({ length: 20 }, (_, i) => memory.get(`t${i}`, 1)).filter(Boolean)).toEqual([])
  })
})

test('N3: what was true from a later number on is not given before that is vouched for', () => {
  const memory = new Memory(10)
  memory.keepManaged('a', managed(), 8)
  memory.keepRefusal('b', refusalFor('unknown'), 8)
  expect([memory.get('a', 7), memory.refusal('b', 7)]).toEqual([undefined, undefined])
  expect(memory.get('a', 8)).toBeDefined()
  expect(memory.refusal('b', 8)).toBeDefined()
})

test('an external token with kilobytes of scope is not kept', () => {
  const memory = new Memory(10)
  memory.keepExternal('x', external({ scope: 'x'.repeat(5_000) }), as)
  expect(memory.size).toBe(0)
})

test('bounded, whatever is thrown at it', () => {
  const memory = new Memory(100)
  for (let i = 0; i < 1_000; i += 1) {
    memory.keepManaged(`t${i}`, managed({ token_id: `tok_${i}`, account_id: `mem_${i}` }), 1)
    memory.keepRefusal(`r${i}`, refusalFor('unknown'), 1)
  }
  expect(memory.size).toBe(200)
})

test('what no answer rests on any more takes no room', () => {
  const memory = new Memory(10)
  for (let i = 0; i < 100; i += 1) {
    const owner = { organization_id: `org_${i}`, account_id: `mem_${i}` }
    memory.keepManaged(`t${i}`, managed(owner), 1)
    memory.keepExternal(`x${i}`, external({ ...owner, provider_id: `idp_${i}`, iss: `https://idp${i}.example` }), as)
  }
  // Five tokens of each kind, of five owners: with an organization, a provider and an issuer each.
  expect(memory.records).toBe(20)
  for (let i = 0; i < 100; i += 1) for (const id of [`t${i}`, `x${i}`]) memory.forget({ kind: 'token', id })
  expect([memory.size, memory.records]).toEqual([0, 0])
})

describe('a bounded map', () => {
  const filled = (most: number, dropped: (it: { name: string }) => void = () => undefined) => {
    const map = new Bounded<{ name: string; used: boolean }>(most, dropped)
    for (let i = 0; i < most; i += 1) map.set(`${i}`, { name: `${i}`, used: false })
    return map
  }

  test('makes room with what was not used', () => {
    const gone: string[] = []
    const map = filled(4, ({ name }) => gone.push(name))
    map.get('0')
    map.get('2')
    for (const name of ['a', 'b']) map.set(name, { name, used: false })
    expect(gone).toEqual(['1', '3'])
    expect(map.get('0')).toBeDefined()
  })

  test('makes room when all were used, and after it was emptied', () => {
    const map = filled(4)
    for (const name of ['0', '1', '2', '3']) map.get(name)
    map.set('a', { name: 'a', used: false })
    expect(map.size).toBe(4)
    map.clear()
    for (let i = 0; i < 9; i += 1) map.set(`${i}`, { name: `${i}`, used: false })
    expect(map.size).toBe(4)
  })

  test('tells each that goes, replaced ones too', () => {
    const gone: string[] = []
    const map = filled(2, ({ name }) => gone.push(name))
    map.set('0', { name: 'new', used: false })
    map.delete('1')
    map.delete('1')
    expect(gone).toEqual(['0', '1'])
  })
})
