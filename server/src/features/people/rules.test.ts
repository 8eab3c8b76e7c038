import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  channelOfReset,
  decideAcceptance,
  disclosedExistence,
  type FreshStart,
  freshStartState,
  freshStartWaitMs,
  hasAttemptsLeft,
  mayRequestFreshStart,
  provesAddress,
  resetProvesAddress,
  type SecretChannel,
  shownResetPrefix,
} from './rules.ts'

const channel = fc.constantFrom<SecretChannel>('mail', 'shown')
const time = fc.integer({ min: 0, max: 1e9 }).map((ms) => new Date(ms))
const person = fc.option(fc.record({ emailProvenAt: fc.option(time) }), { nil: undefined })
const request: fc.Arbitrary<FreshStart | undefined> = fc.option(
  fc.record({ readyAt: time, stoppedAt: fc.option(time) }),
  { nil: undefined },
)

describe('O11: what proves an address', () => {
  test('a mailed secret does, a shown one never', () => {
    expect([provesAddress('mail'), provesAddress('shown')]).toEqual([true, false])
  })

  test('a password link proves only if it was mailed and no second factor is on', () => {
    fc.assert(
      fc.property(channel, fc.boolean(), (sentBy, hasSecondFactor) => {
        expect(resetProvesAddress({ channel: sentBy, hasSecondFactor })).toBe(sentBy === 'mail' && !hasSecondFactor)
      }),
    )
  })

  test('a link that an operator prints is recognized by its token', () => {
    expect(channelOfReset(`${shownResetPrefix}abc`)).toBe('shown')
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9]{24}$/), (token) => {
        expect(channelOfReset(token)).toBe('mail')
      }),
    )
  })
})

describe('O12: a fresh start', () => {
  test('is ready only for a mailed secret, an unproven person, after the wait, and unless it was stopped', () => {
    fc.assert(
      fc.property(channel, person, request, time, (sentBy, invited, pending, now) => {
        const state = freshStartState({ channel: sentBy, person: invited, request: pending }, now)
        const isPossible = sentBy === 'mail' && invited !== undefined && invited.emailProvenAt === null
        expect(state === 'unavailable').toBe(!isPossible)
        const isOver = pending !== undefined && pending.stoppedAt === null && now >= pending.readyAt
        expect(state === 'ready').toBe(isPossible && isOver)
        expect(state === 'available').toBe(isPossible && pending === undefined)
        expect(state === 'stopped').toBe(isPossible && pending?.stoppedAt instanceof Date)
      }),
    )
  })

  test('waits for a day, to the millisecond', () => {
    const at = new Date(1_000_000)
    const pending = { readyAt: new Date(at.getTime() + freshStartWaitMs), stoppedAt: null }
    const stateAfter = (ms: number) =>
      freshStartState(
        { channel: 'mail', person: { emailProvenAt: null }, request: pending },
        new Date(at.getTime() + ms),
      )
    expect(freshStartWaitMs).toBe(24 * 60 * 60 * 1000)
    expect([stateAfter(freshStartWaitMs - 1), stateAfter(freshStartWaitMs)]).toEqual(['waiting', 'ready'])
  })

  test('can be requested once; a second request postpones nothing, and a stopped one is not requested again', () => {
    expect(mayRequestFreshStart('available')).toEqual({ ok: true, value: 'request' })
    for (const state of ['waiting', 'ready'] as const)
      expect(mayRequestFreshStart(state)).toEqual({ ok: true, value: 'requested' })
    for (const state of ['unavailable', 'stopped'] as const) expect(mayRequestFreshStart(state).ok).toBe(false)
  })
})

describe('O3: who accepts an invitation', () => {
  test('an existing person is never accepted for without their sign-in or a completed wait', () => {
    fc.assert(
      fc.property(channel, person, request, time, fc.boolean(), (sentBy, invited, pending, now, isSignedIn) => {
        const freshStart = freshStartState({ channel: sentBy, person: invited, request: pending }, now)
        const method = decideAcceptance({ isSignedIn, freshStart, personExists: invited !== undefined })
        if (isSignedIn) expect(method).toEqual({ ok: true, value: 'join' })
        else if (!invited) expect(method).toEqual({ ok: true, value: 'create' })
        else expect(method.ok).toBe(freshStart === 'ready')
        if (method.ok && method.value === 'start_afresh') {
          expect(sentBy).toBe('mail')
          expect(invited?.emailProvenAt).toBeNull()
        }
      }),
    )
  })
})

describe('O13: what an invitation discloses', () => {
  test('a shown secret answers the same whoever has the address', () => {
    fc.assert(
      fc.property(person, request, time, (invited, pending, now) => {
        expect(disclosedExistence({ channel: 'shown', person: invited })).toBeNull()
        expect(freshStartState({ channel: 'shown', person: invited, request: pending }, now)).toBe('unavailable')
        expect(disclosedExistence({ channel: 'mail', person: invited })).toBe(invited !== undefined)
      }),
    )
  })

  test('five refused attempts are all', () => {
    expect([0, 4, 5, 6].map(hasAttemptsLeft)).toEqual([true, true, false, false])
  })
})
