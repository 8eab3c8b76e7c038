import { describe, expect, test } from 'vitest'
import { hashOf } from '../src/credential.ts'
import type { Forget } from '../src/memory.ts'
import { sendJson } from './scripted-server.ts'
import { accountA, activeAnswer, inactiveAnswer, managedSecret, organizationA } from './tokens.ts'
import { atOnce, isAsking, type Trial, trial } from './world.ts'

const organization: Forget = { kind: 'organization', id: organizationA }
const suspended = { active: false, reason: 'suspended' }

/** The server says that tokens are good, as of its newest point. */
const allGood = ({ server }: Trial) => {
  server.answers.introspect = (res) => sendJson(res, activeAnswer(), server.headOf(server.point))
}
const allSuspended = ({ server }: Trial) => {
  server.answers.introspect = (res) => sendJson(res, inactiveAnswer('suspended'), server.headOf(server.point))
}

/** The next look-up is answered when the test says so, with what is given here. */
function holdLookup({ server }: Trial) {
  const begun = server.next('introspect')
  let answered: (it: { answer: unknown; head: Record<string, string> }) => void = () => undefined
  const promise = new Promise<{ answer: unknown; head: Record<string, string> }>((resolve) => {
    answered = resolve
  })
  const before = server.answers.introspect
  server.answers.introspect = async (res) => {
    server.answers.introspect = before
    const { answer, head } = await promise
    sendJson(res, answer, head)
  }
  return { begun, answer: (answer: unknown, head: Record<string, string>) => answered({ answer, head }) }
}

/** Resolves when the verifier has applied this number. */
async function applied({ server, verifier }: Trial, number: number) {
  while (verifier.stats().applied !== number) await server.next('head')
}

/** Resolves when a head answer of the newest point has been taken in. */
async function vouched(it: Trial) {
  await applied(it, it.server.point.number)
  // Whatever was asked before this one has been answered by the time the next is asked.
  const secret = managedSecret()
  for (;;) {
    await it.verifier.verify(secret)
    if (!isAsking(it.verifier.verify(secret))) return
    await it.server.next('head')
  }
}

describe('what is remembered', () => {
  test('the second time memory answers, in the same tick, with the same frozen object', async () => {
    const it = await trial()
    allGood(it)
    const token = managedSecret()
    const first = await it.verifier.verify(token)
    const asked = it.server.count('introspect')
    const second = atOnce(it.verifier.verify(token))
    expect(second).toEqual(first)
    expect(atOnce(it.verifier.verify(token))).toBe(second)
    expect(it.server.count('introspect')).toBe(asked)
    expect(Object.isFrozen(second) && second.active && Object.isFrozen(second.account.groups[0])).toBe(true)
  })

  test.each<[string, Forget]>([
    ['its organization', organization],
    ['its account', { kind: 'account', id: accountA }],
  ])('P11: forgotten with %s', async (_what, forget) => {
    const it = await trial()
    allGood(it)
    const token = managedSecret()
    await it.verifier.verify(token)
    expect(isAsking(it.verifier.verify(token))).toBe(false)
    allSuspended(it)
    await applied(it, it.server.change(forget).number)
    expect(await it.verifier.verify(token)).toMatchObject(suspended)
  })

  test('P11: forgotten by its hash, and no other token with it', async () => {
    const it = await trial()
    allGood(it)
    const [one, other] = [managedSecret(), managedSecret()]
    await it.verifier.verify(one)
    await it.verifier.verify(other)
    await applied(it, it.server.change({ kind: 'token', id: hashOf(one) }).number)
    expect(isAsking(it.verifier.verify(other))).toBe(false)
    expect(isAsking(it.verifier.verify(one))).toBe(true)
  })

  test('P11: suspended tokens are remembered too, and restored as quickly', async () => {
    const it = await trial()
    allSuspended(it)
    const token = managedSecret()
    await it.verifier.verify(token)
    expect(atOnce(it.verifier.verify(token))).toMatchObject({
      ...suspended,
      whose: { organizationId: organizationA, account: { id: accountA } },
    })
    allGood(it)
    await applied(it, it.server.change(organization).number)
    expect(await it.verifier.verify(token)).toMatchObject({ active: true })
  })

  test('a change of something else forgets nothing of it', async () => {
    const it = await trial()
    allGood(it)
    const token = managedSecret()
    await it.verifier.verify(token)
    await applied(it, it.server.change({ kind: 'organization', id: 'org_other' }).number)
    expect(isAsking(it.verifier.verify(token))).toBe(false)
  })
})

describe('N3: fill after invalidate', () => {
  test('an answer that is older than an applied change answers its request, and is not kept', async () => {
    const it = await trial()
    const held = holdLookup(it)
    const token = managedSecret()
    const first = it.verifier.verify(token)
    await held.begun
    const before = it.server.headOf(it.server.point)
    await applied(it, it.server.change(organization).number)
    held.answer(activeAnswer(), before)
    expect(await first).toMatchObject({ active: true })
    allSuspended(it)
    expect(await it.verifier.verify(token)).toMatchObject(suspended)
  })

  test('an answer from ahead of the stream is kept, and counts when the stream and a lease are there', async () => {
    const it = await trial()
    allGood(it)
    const token = managedSecret()
    it.server.answers.head = () => undefined
    const ahead = it.server.commit()
    await it.verifier.verify(token)
    expect(isAsking(it.verifier.verify(token))).toBe(true)
    it.server.tell([{ kind: 'organization', id: 'org_other' }], ahead)
    it.server.answers.head = it.server.usual.head
    await vouched(it)
    expect(isAsking(it.verifier.verify(token))).toBe(false)
  })

  test('P11: an answer from ahead is forgotten by a change that comes after it', async () => {
    const it = await trial()
    allGood(it)
    const token = managedSecret()
    const ahead = it.server.commit()
    await it.verifier.verify(token)
    it.server.tell([], ahead)
    allSuspended(it)
    await applied(it, it.server.change(organization).number)
    expect(await it.verifier.verify(token)).toMatchObject(suspended)
  })

  test('an answer of another history with the same number is not kept', async () => {
    const it = await trial()
    const { number } = it.server.point
    it.server.answers.introspect = (res) =>
      sendJson(res, activeAnswer(), it.server.headOf({ number, mark: it.server.newMark() }))
    const token = managedSecret()
    await it.verifier.verify(token)
    expect(isAsking(it.verifier.verify(token))).toBe(true)
  })

  test.each([
    ['no head', {}],
    ['no mark', { 'x-portcullis-head': '7' }],
    ['a head that is no number', { 'x-portcullis-head': '7e0', 'x-portcullis-mark': 'a' }],
  ])('an answer with %s is not kept, and that is told once', async (_what, headers: Record<string, string>) => {
    const it = await trial()
    it.server.answers.introspect = (res) => sendJson(res, activeAnswer(), headers)
    const token = managedSecret()
    expect(await it.verifier.verify(token)).toMatchObject({ active: true })
    expect(isAsking(it.verifier.verify(token))).toBe(true)
    expect(it.watched.errors.map(({ message }) => message)).toEqual([expect.stringContaining('X-Portcullis-Head')])
  })

  test('a new beginning while a look-up is under way: its answer is not kept, whatever number it bears', async () => {
    const it = await trial()
    const held = holdLookup(it)
    const token = managedSecret()
    const first = it.verifier.verify(token)
    await held.begun
    it.server.moveTo({ number: 3, mark: it.server.newMark() })
    it.server.tell('everything')
    await applied(it, 3)
    held.answer(activeAnswer(), it.server.headOf(it.server.point))
    expect(await first).toMatchObject({ active: true })
    await vouched(it)
    allSuspended(it)
    expect(await it.verifier.verify(token)).toMatchObject(suspended)
  })

  test('a new beginning forgets good and bad tokens', async () => {
    const it = await trial()
    const [good, bad] = [managedSecret(), managedSecret()]
    await it.verifier.verify(bad)
    allGood(it)
    await it.verifier.verify(good)
    expect([good, bad].map((token) => isAsking(it.verifier.verify(token)))).toEqual([false, false])
    it.server.moveTo({ number: 3, mark: it.server.newMark() })
    it.server.tell('everything')
    await vouched(it)
    expect([good, bad].map((token) => isAsking(it.verifier.verify(token)))).toEqual([true, true])
  })
})

describe('look-ups of one token at once', () => {
  test('are one question', async () => {
    const it = await trial()
    const held = holdLookup(it)
    const token = managedSecret()
    const answers = [1, 2, 3].map(() => it.verifier.verify(token))
    await held.begun
    held.answer(activeAnswer(), it.server.headOf(it.server.point))
    expect(await Promise.all(answers)).toMatchObject([{ active: true }, { active: true }, { active: true }])
    expect(it.server.count('introspect')).toBe(1)
  })

  test('P11: one that began before a change does not serve those who come after it', async () => {
    const it = await trial()
    const held = holdLookup(it)
    const token = managedSecret()
    const before = it.server.headOf(it.server.point)
    const early = it.verifier.verify(token)
    await held.begun
    allSuspended(it)
    await applied(it, it.server.change(organization).number)
    const late = it.verifier.verify(token)
    expect(await late).toMatchObject(suspended)
    held.answer(activeAnswer(), before)
    expect(await early).toMatchObject({ active: true })
    expect(await it.verifier.verify(token)).toMatchObject(suspended)
  })

  test('P11: an answer that is older than their lease serves only the caller who asked for it', async () => {
    const it = await trial()
    await applied(it, it.server.change(organization).number)
    await vouched(it)
    const held = holdLookup(it)
    const token = managedSecret()
    const [early, late] = [it.verifier.verify(token), it.verifier.verify(token)]
    await held.begun
    allSuspended(it)
    held.answer(activeAnswer(), { 'x-portcullis-head': String(it.server.point.number - 1), 'x-portcullis-mark': 'a' })
    expect(await early).toMatchObject({ active: true })
    expect(await late).toMatchObject(suspended)
  })

  test('without a lease every call asks', async () => {
    const it = await trial()
    it.server.answers.head = () => undefined
    it.clock.monotonicMs += 1000
    const held = holdLookup(it)
    const token = managedSecret()
    const early = it.verifier.verify(token)
    await held.begun
    allSuspended(it)
    expect(await it.verifier.verify(token)).toMatchObject(suspended)
    held.answer(activeAnswer(), it.server.headOf(it.server.point))
    await early
  })
})
