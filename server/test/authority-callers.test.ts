import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

/*
 * Nothing is checked about an operator or a job, so whoever could make one could make any change. These are all the
 * places that may; one more needs a reason why no request reaches it.
 */
const places = {
  createOperatorAuthority: ['cli/command.ts', 'start.ts'],
  createJobAuthority: ['features/people/actions.ts', 'features/sign-in/actions.ts', 'features/signing-keys/actions.ts'],
}

const src = resolve(import.meta.dirname, '../src')
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .filter((file) => file !== 'db/authority.ts')
const textOf = (file: string) => readFileSync(resolve(src, file), 'utf8')

test.each(Object.entries(places))('A4: %s is called in these files only', (name, expected) => {
  expect(files.filter((file) => new RegExp(`\\b${name}\\b`).test(textOf(file))).toSorted()).toEqual(expected)
})

test('A4: nobody makes one by a cast', () => {
  const casts = /\bas (unknown as )?(Operator|Job)?Authority\b/
  expect(files.filter((file) => casts.test(textOf(file)))).toEqual([])
})
