import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { organizationFor, roleIdOf, slugAttempt, slugOf } from './rules.ts'

describe('slugs', () => {
  test.each([
    ['Acme', 'acme'],
    ['  Ächme & Söhne GmbH ', 'achme-sohne-gmbh'],
    ['株式会社', 'organization'],
    ['---', 'organization'],
    ['a'.repeat(100), 'a'.repeat(40)],
    [`${'a'.repeat(39)} b`, 'a'.repeat(39)],
  ])('%s becomes %s', (name, slug) => {
    expect(slugOf(name)).toBe(slug)
  })

  test('whatever the name, the slug is fit for a URL and short', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (name) => {
        expect(slugOf(name)).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
        expect(slugOf(name).length).toBeLessThanOrEqual(40)
      }),
    )
  })

  test('the attempts for one name are all different', () => {
    const attempts = Array.from({ length: 50 }, (_, i) => slugAttempt('acme', i))
    expect(new Set(attempts).size).toBe(50)
    expect(attempts.slice(0, 3)).toEqual(['acme', 'acme-2', 'acme-3'])
  })
})

test('role ids are UUIDs of version 4 that keep all of their chance', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const id = roleIdOf(bytes)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      const kept = Buffer.from(id.replaceAll('-', ''), 'hex')
      for (const [i, byte] of kept.entries()) if (i !== 6 && i !== 8) expect(byte).toBe(bytes[i])
    }),
  )
})

test('role ids are shown to admins alone', () => {
  const at = new Date('2026-01-01T00:00:00Z')
  const it = { id: 'org_1', name: 'Acme', slug: 'acme', createdAt: at, roleIds: { admin: 'a', member: 'm' } }
  expect(organizationFor('member', it)).toEqual({ id: 'org_1', name: 'Acme', slug: 'acme', createdAt: at, roles: [] })
  expect(organizationFor('admin', it).roles).toEqual([
    { id: 'a', name: 'admin' },
    { id: 'm', name: 'member' },
  ])
})
