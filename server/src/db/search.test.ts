import fc from 'fast-check'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { describeOnBoth } from '../../test/databases.ts'
import { containing } from './search.ts'

describeOnBoth('searching', (open) => {
  const finds = async (name: string, text: string): Promise<boolean> => {
    const { db } = await open()
    const found = await sql<{ hit: boolean }>`select ${name}::text ~ ${containing(text)} as hit`.execute(db)
    return found.rows[0]?.hit ?? false
  }

  test.each([
    ['Zoë Ångström', 'zoË å', true],
    ['ΟΔΟΣ', 'οδος', true],
    ['Straße', 'STRASSE', false],
    ['STRASSE', 'straße', true],
    ['Иван', 'ИВА', true],
    ['a_b', '_', true],
    ['ab', '_', false],
    ['ab', 'a.', false],
    ['100%', '0%', true],
    ['100', '0%', false],
    ['a\\b', '\\', true],
    ['ab', 'a|b', false],
    ['(a)', '(A)', true],
    ['日本', '本', true],
    ['👩‍🚀 crew', '👩‍🚀', true],
  ])('%s by %s: %s', async (name, text, hit) => {
    expect(await finds(name, text)).toBe(hit)
  })

  test('whatever is typed finds itself, in either case, and is never a broken pattern', async () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((it) => !it.includes('\0'))
    await fc.assert(
      fc.asyncProperty(text, async (it) => {
        expect(await finds(`before ${it} after`, it)).toBe(true)
        expect(await finds(it.toUpperCase(), it)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })
})
