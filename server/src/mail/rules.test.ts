import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isMailTooOld, mailKinds, maxMailAttempts, nextAttemptAt, toMailFailure } from './rules.ts'

const createdAt = new Date('2026-11-24T12:00:00Z')
const dayMs = 24 * 60 * 60 * 1000

describe('attempts of a mail', () => {
  test('are bounded in number and in time, whatever the delays between them', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...mailKinds),
        fc.array(fc.nat(3 * 60 * 60 * 1000), { minLength: 20 }),
        (kind, delays) => {
          let at = createdAt
          for (let attempts = 1; ; attempts += 1) {
            expect(attempts).toBeLessThanOrEqual(maxMailAttempts)
            expect(at.getTime() - createdAt.getTime()).toBeLessThan(dayMs)
            const next = nextAttemptAt({ kind, attempts, createdAt }, at)
            if (!next) return
            expect(next.getTime()).toBeGreaterThan(at.getTime())
            expect(isMailTooOld({ kind, attempts, createdAt }, next)).toBe(false)
            at = new Date(next.getTime() + (delays[attempts] ?? 0))
            if (isMailTooOld({ kind, attempts, createdAt }, at)) return
          }
        },
      ),
    )
  })

  test('an invitation is tried for most of a day, a link to a new password for an hour', () => {
    const lastOf = (kind: (typeof mailKinds)[number]) => {
      let at = createdAt
      for (let attempts = 1; ; attempts += 1) {
        const next = nextAttemptAt({ kind, attempts, createdAt }, at)
        if (!next) return (at.getTime() - createdAt.getTime()) / 60_000
        at = next
      }
    }
    expect(lastOf('invitation')).toBe(942.5)
    expect(lastOf('password_reset')).toBe(42.5)
  })
})

describe('what is stored of a failure', () => {
  test.each([
    [
      { responseCode: 550, code: 'EENVELOPE', command: 'RCPT TO' },
      { code: '550', permanent: true },
    ],
    [
      { responseCode: 554, code: 'EMESSAGE', command: 'DATA' },
      { code: '554', permanent: true },
    ],
    [
      { responseCode: 451, code: 'EENVELOPE', command: 'RCPT TO' },
      { code: '451', permanent: false },
    ],
    [
      { responseCode: 535, code: 'EAUTH', command: 'AUTH PLAIN' },
      { code: '535', permanent: false },
    ],
    [
      { responseCode: 553, code: 'EENVELOPE', command: 'MAIL FROM' },
      { code: '553', permanent: false },
    ],
    [
      { code: 'ETIMEDOUT', command: 'CONN' },
      { code: 'ETIMEDOUT', permanent: false },
    ],
    [{ code: 'ada@example.com' }, { code: 'unknown', permanent: false }],
    [undefined, { code: 'unknown', permanent: false }],
  ])('%j is %j', (error, failure) => {
    expect(toMailFailure(error)).toEqual(failure)
  })

  test('is a code and nothing that a mail server or a person wrote', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.string(), (responseCode, code, message) => {
        expect(toMailFailure({ responseCode, code, message }).code).toMatch(/^([2-5]\d\d|E[A-Z]{2,15}|unknown)$/)
      }),
    )
  })
})
