import { readdirSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const src = resolve(import.meta.dirname, '../src')
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  (it) => it.endsWith('.ts') && !it.endsWith('.test.ts'),
)
const textOf = (file: string) => readFileSync(resolve(src, file), 'utf8')
const importsOf = (file: string) => [...textOf(file).matchAll(/from '([^']+)'/g)].map(([, from = '']) => from)
const own = (file: string) =>
  importsOf(file)
    .filter((it) => it.startsWith('.'))
    .map((it) => relative(src, resolve(src, dirname(file), it)))

test('nothing is imported but what every platform has', () => {
  const platform = new Set(['node:crypto', 'node:os', 'node:process', 'node:timers'])
  expect(files.flatMap(importsOf).filter((it) => !it.startsWith('.') && !platform.has(it))).toEqual([])
  expect(files.length).toBeGreaterThan(20)
})

test('no import goes in a circle, and none out of the package', () => {
  const done = new Set<string>()
  const walk = (file: string, path: string[]): string[][] => {
    if (path.includes(file)) return [[...path.slice(path.indexOf(file)), file]]
    if (done.has(file)) return []
    const circles = own(file).flatMap((to) => walk(to, [...path, file]))
    done.add(file)
    return circles
  }
  expect(files.flatMap((file) => walk(file, []))).toEqual([])
  expect(files.flatMap(own).filter((it) => !files.includes(it))).toEqual([])
})

test('the verifier knows no middleware, and a middleware nothing of the verifier but its face', () => {
  const middlewares = files.filter((it) => it.startsWith('middleware/'))
  const outward = files.filter((it) => !middlewares.includes(it)).flatMap(own)
  expect(outward.filter((it) => it.startsWith('middleware/'))).toEqual([])
  const inward = middlewares.flatMap(own).filter((it) => !it.startsWith('middleware/'))
  expect(new Set(inward)).toEqual(new Set(['verification.ts', 'verifier.ts']))
})

test('the rules of the lease are pure', () => {
  expect(importsOf('lease.ts')).toEqual([])
  expect(textOf('lease.ts')).not.toMatch(/Date\.|performance|Math\.random|setTimeout/)
})

test('files stay small', () => {
  expect(files.filter((it) => textOf(it).split('\n').length > 201)).toEqual([])
})
