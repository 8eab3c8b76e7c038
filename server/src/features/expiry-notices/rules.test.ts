import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { adminMail, type Claimed, type Days, dueNotice, type Expiring, lastOfInterest, ownerMail } from './rules.ts'

const hour = 60 * 60 * 1000
const day = 24 * hour
const start = Date.parse('2026-03-10T15:00:00Z')
const at = (ms: number) => new Date(start + ms)

/** A member's token that was issued at the start. */
const token = (lifetimeMs: number, more: Partial<Expiring> = {}): Expiring => ({
  tokenId: 'tok_1',
  organizationId: 'org_1',
  kind: 'member',
  issuedAt: at(0),
  expiresAt: at(lifetimeMs),
  told: [],
  ...more,
})
const daysAt = (it: Expiring, ms: number) => dueNotice(it, at(ms))?.days

describe('a notice', () => {
  test.each([
    ['more than seven days ahead: none', 23 * day - 1, [], undefined],
    ['seven days ahead: the first', 23 * day, [], 7],
    ['between the two: the first, if it was missed', 27 * day, [], 7],
    ['told already: none', 27 * day, [7], undefined],
    ['a day ahead: the second', 29 * day, [7], 1],
    ['a day ahead, and the first was missed: the second alone', 29 * day, [], 1],
    ['both told: none', 29 * day, [7, 1], undefined],
    ['expired: none', 30 * day, [], undefined],
  ] as const)('%s', (_, now, told, expected) => {
    expect(daysAt(token(30 * day, { told }), now)).toBe(expected)
  })

  test('none for a threshold that had passed at issuing, or passes within an hour of it', () => {
    expect(daysAt(token(7 * day), 0)).toBeUndefined()
    expect(daysAt(token(7 * day + hour), 2 * hour)).toBeUndefined()
    expect(daysAt(token(7 * day + hour + 1), 2 * hour)).toBe(7)
    expect(daysAt(token(3 * day), 1 * day)).toBeUndefined()
    expect(daysAt(token(3 * day), 2 * day)).toBe(1)
    expect(daysAt(token(12 * hour), 6 * hour)).toBeUndefined()
  })

  test("a service account's is due on the whole UTC day of its threshold", () => {
    const its = token(30 * day, { kind: 'service_account' })
    expect(daysAt(its, 22 * day + 9 * hour - 1)).toBeUndefined()
    expect(daysAt(its, 22 * day + 9 * hour)).toBe(7)
    expect(daysAt({ ...its, told: [7] }, 28 * day + 9 * hour)).toBe(1)
  })

  test('a threshold at midnight belongs to the day that begins then', () => {
    const its = token(30 * day + 9 * hour, { kind: 'service_account' })
    expect(dueNotice(its, at(23 * day + 9 * hour - 1))).toBeUndefined()
    expect(dueNotice(its, at(23 * day + 9 * hour))).toEqual({ tokenId: 'tok_1', issuedAt: at(0), days: 7 })
  })

  test('nothing at all before the first threshold', () => {
    expect(dueNotice(token(30 * day), at(0))).toBeUndefined()
  })

  test('at most one for each threshold, whenever it is asked, and nothing due lies beyond the horizon', () => {
    const times = fc.array(fc.integer({ min: 0, max: 40 * day }), { maxLength: 60 })
    const kinds = fc.constantFrom('member' as const, 'service_account' as const)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 * day }), kinds, times, (lifetime, kind, asked) => {
        const told: Days[] = []
        for (const now of asked.toSorted((a, b) => a - b)) {
          const its = token(lifetime, { kind, told })
          const due = daysAt(its, now)
          if (due === undefined) continue
          expect(told).not.toContain(due)
          expect(its.expiresAt.getTime()).toBeGreaterThan(start + now)
          expect(its.expiresAt.getTime()).toBeLessThan(lastOfInterest(at(now)).getTime())
          told.push(due)
        }
        expect(told).toEqual(told.toSorted((a, b) => b - a))
      }),
    )
  })
})

describe('its mail', () => {
  const instance = { publicUrl: 'https://hub.example.com', productName: 'AI Hub' }
  const claimed: Claimed = {
    organizationId: 'org_1',
    organizationName: 'Acme',
    organizationSlug: 'acme',
    tokenName: 'Night <script>',
    hint: 'pcu_…wxyz',
    expiresAt: new Date('2026-03-10T15:04:59Z'),
    owner: 'Ada',
    email: 'ada@example.com',
  }

  test('tells the owner which token, until when, and where to go', () => {
    const { to, subject, text, html } = ownerMail(instance, { ...claimed, email: 'ada@example.com' })
    expect(to).toBe('ada@example.com')
    expect(subject).toBe('Your API token Night <script> expires on 2026-03-10')
    expect(text).toContain('Night <script> (pcu_…wxyz) of Acme expires on 2026-03-10 15:04 UTC.')
    expect(text).toContain('https://hub.example.com/o/acme/settings/apis\n')
    expect(html).not.toContain('<script>')
  })

  test('lists fifty of many to an admin and counts the rest', () => {
    const admin = { name: 'Ada', email: 'ada@example.com' }
    const one = adminMail(instance, admin, [claimed])
    expect(one.subject).toBe('1 API token of a service account of Acme expires soon')
    expect(one.text).toMatch(/of Ada: expires on 2026-03-10 15:04 UTC\s+What is still needed/)
    const { subject, text } = adminMail(instance, admin, [claimed, ...Array<Claimed>(53).fill(claimed)])
    expect(subject).toBe('54 API tokens of service accounts of Acme expire soon')
    expect(text.match(/pcu_…wxyz/g)).toHaveLength(50)
    expect(text).toContain('and 4 more.')
    const fifty = adminMail(instance, admin, [claimed, ...Array<Claimed>(49).fill(claimed)]).text
    expect(fifty.match(/pcu_…wxyz/g)).toHaveLength(50)
    expect(fifty).not.toContain(' more.')
    expect(text).toContain('https://hub.example.com/o/acme/settings/organization/api-tokens\n')
  })
})
