import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const textOf = (path: string) => readFileSync(join(root, path), 'utf8')
const below = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((it) => it.endsWith('.md'))
    .map((it) => join(folder, it))
const papers = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'examples/README.md'],
  ...below('docs'),
]

/** As GitHub names a heading. */
const anchorsOf = (path: string) =>
  [...textOf(path).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )

test.each(papers)('every link within this repository leads somewhere: %s', (paper) => {
  const broken = [...textOf(paper).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((it) => !/^[a-z]+:/.test(it))
    .filter((target) => {
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? paper : join(dirname(paper), path)
      if (!existsSync(join(root, file))) return true
      return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).includes(anchor)
    })
  expect(broken).toEqual([])
})

describe.each(['docs/security/asvs.md', 'docs/security/threat-model.md'])('%s', (paper) => {
  const text = textOf(paper)

  test('every file that it names is there', () => {
    const named = [...text.matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:tsx?|json|mjs|md)|[\w-]+\.(?:ts|json))`/g)].map(
      (it) => it[1] ?? '',
    )
    expect(named.length).toBeGreaterThan(15)
    const missing = named.filter((it) => !existsSync(join(root, it)) && !existsSync(join(root, 'server/src', it)))
    expect(missing).toEqual([])
  })
})

test('every package that a package.json of ours names is among the dependencies that are explained', () => {
  const explained = textOf('docs/dependencies.md')
  const named = ['.', 'server', 'console', 'sdk', 'bench'].flatMap((folder) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(textOf(join(folder, 'package.json')))
    return Object.keys({ ...dependencies, ...devDependencies }) as string[]
  })
  // A group of one scope is listed as `@scope/first`, `second`, and types stand together.
  const isExplained = (name: string) =>
    explained.includes(`\`${name}\``) ||
    (name.startsWith('@') && explained.includes(`\`${name.split('/')[1]}\``)) ||
    name.startsWith('@types/') ||
    name.startsWith('@portcullis/')
  expect(named.filter((it) => !isExplained(it))).toEqual([])
})

test('ASVS: what is met names a test, and no requirement stands twice', () => {
  const rows = textOf('docs/security/asvs.md')
    .split('\n')
    .filter((it) => /^\| \d/.test(it))
    .map((it) => it.split('|').map((cell) => cell.trim()))
  expect(rows.length).toBeGreaterThan(90)
  expect(rows.filter((it) => it.length !== 6).map((it) => it[1])).toEqual([])
  const states = ['met', 'partly', '**not**', 'operator', 'none']
  expect(rows.filter((it) => !states.includes(it[2] ?? '')).map((it) => it[1])).toEqual([])
  expect(rows.filter((it) => it[2] === 'met' && !/\.test\.ts`/.test(it[4] ?? '')).map((it) => it[1])).toEqual([])
  const numbers = rows.flatMap((it) => (it[1] ?? '').split(', ')).flatMap((it) => spread(it))
  expect(numbers.filter((it, at) => numbers.indexOf(it) !== at)).toEqual([])
})

/** `6.2.1–6.2.3` as its three. */
function spread(range: string): string[] {
  const [from = '', to] = range.split('–')
  if (to === undefined) return [from]
  const [chapter, first, last] = [from.replace(/\d+$/, ''), from, to].map((it) => it) as [string, string, string]
  const [a, b] = [first, last].map((it) => Number(it.split('.').at(-1))) as [number, number]
  return Array.from({ length: b - a + 1 }, (_, n) => `${chapter}${a + n}`)
}
