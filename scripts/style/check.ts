import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { type FileFigures, measureFile } from './measure.ts'

/*
 * Counts what the style guide forbids, file by file, and compares it with what is still allowed (`allowed.json`). A count
 * may only fall: `--update` lowers the allowed counts, and nothing raises them but an edit by hand with a reason.
 */

const root = resolve(import.meta.dirname, '../..')
const allowedFile = join(import.meta.dirname, 'allowed.json')
const maxFileLines = 300
const exemptFromLength = /\/migrations\/|common-passwords|\.gen\.ts$|\/tables\.ts$/

const folders = [
  'server/src',
  'server/test',
  'sdk/src',
  'sdk/test',
  'console/src',
  'e2e',
  'bench',
  'examples',
  'demo',
  'scripts',
]
const files = folders
  .flatMap((folder) => globSync(`${folder}/**/*.{ts,tsx}`, { cwd: root }))
  .filter((file) => !/(^|\/)(node_modules|dist|client)\//.test(file))
  .sort()

const figures = new Map(files.map((file) => [file, measureFile(file, readFileSync(join(root, file), 'utf8'))]))

/** Folders that import each other, in whatever number of steps, as groups. */
function findFolderCycles(base: string): string[][] {
  const edges = new Map<string, Set<string>>()
  for (const [file, { imports }] of figures) {
    if (!file.startsWith(`${base}/`) || file.endsWith('.test.ts')) continue
    const from = dirname(file)
    for (const target of imports) {
      const to = dirname(relative(root, resolve(root, from, target)))
      if (to !== from && to.startsWith(base)) edges.set(from, (edges.get(from) ?? new Set()).add(to))
    }
  }
  const reachable = (start: string) => {
    const seen = new Set<string>()
    const queue = [start]
    for (let folder = queue.pop(); folder !== undefined; folder = queue.pop())
      for (const next of edges.get(folder) ?? []) {
        if (seen.has(next)) continue
        seen.add(next)
        queue.push(next)
      }
    return seen
  }
  const reach = new Map([...edges.keys()].map((folder) => [folder, reachable(folder)]))
  const groups = new Map<string, string[]>()
  for (const [folder, seen] of reach) {
    if (!seen.has(folder)) continue
    const group = [...seen].filter((other) => reach.get(other)?.has(folder)).sort()
    groups.set(group.join(), group)
  }
  return [...groups.values()]
}

const countOf = (file: string, { lines, ...rest }: FileFigures): Record<string, number> => ({
  names: rest.forbiddenNames.length,
  oneWord: rest.oneWordFunctions.length,
  longFunctions: rest.longFunctions.length,
  relativeComments: rest.relativeComments.length,
  words: rest.forbiddenWords.length,
  longFile: lines > maxFileLines && !exemptFromLength.test(file) ? 1 : 0,
})

type Counts = Record<string, number>
const present = Object.fromEntries(
  [...figures].map(([file, found]): [string, Counts] => [
    file,
    Object.fromEntries(Object.entries(countOf(file, found)).filter(([, count]) => count > 0)),
  ]),
)
for (const base of ['server/src', 'sdk/src', 'console/src'])
  for (const cycle of findFolderCycles(base)) present[`cycle: ${cycle.join(' ')}`] = { cycle: 1 }

function printFigures(): void {
  const percent = (part: number, whole: number) => `${((100 * part) / Math.max(whole, 1)).toFixed(1)} %`
  for (const [title, pattern] of [
    ['server', /^server\/src\/(?!.*\.test\.)/],
    ['SDK', /^sdk\/src\/(?!.*\.test\.)/],
    ['console', /^console\/src\/(?!.*\.test\.)/],
    ['tests', /\.test\.tsx?$|^(server\/test|e2e)\//],
  ] as const) {
    const group = [...figures].filter(([file]) => pattern.test(file)).map(([, found]) => found)
    const sum = (pick: (found: FileFigures) => number) => group.reduce((total, found) => total + pick(found), 0)
    const lines = sum((found) => found.lines)
    const names = sum((found) => found.forbiddenNames.length)
    console.log(
      `${title}: ${lines} lines; ${((1000 * names) / lines).toFixed(1)} forbidden names per 1,000 lines;`,
      `${percent(
        sum((found) => found.oneWordFunctions.length),
        sum((found) => found.functions),
      )} one-word functions;`,
      `${percent(
        sum((found) => found.relativeComments.length),
        sum((found) => found.comments),
      )} comments begin with a relative clause;`,
      `${sum((found) => found.longFunctions.length)} long functions; ${sum((found) => found.forbiddenWords.length)} forbidden words`,
    )
  }
}

const allowed = JSON.parse(readFileSync(allowedFile, 'utf8')) as Record<string, Counts>

if (process.argv.includes('--update')) {
  const lowered = Object.entries(present).flatMap(([file, counts]): [string, Counts][] => {
    const kept = Object.entries(counts).map(([rule, count]) => [rule, Math.min(count, allowed[file]?.[rule] ?? 0)])
    const positive = kept.filter(([, count]) => Number(count) > 0)
    return positive.length > 0 ? [[file, Object.fromEntries(positive) as Counts]] : []
  })
  writeFileSync(allowedFile, `${JSON.stringify(Object.fromEntries(lowered), null, 2)}\n`)
}
if (process.argv.includes('--figures')) printFigures()

/** What a person needs to see to fix a count that rose. */
function describe(file: string, rule: string): string {
  const found = figures.get(file)
  const lists: Record<string, { line: number; text: string }[] | undefined> = {
    names: found?.forbiddenNames,
    oneWord: found?.oneWordFunctions,
    longFunctions: found?.longFunctions,
    relativeComments: found?.relativeComments,
    words: found?.forbiddenWords,
  }
  return (lists[rule] ?? []).map(({ line, text }) => `    ${file}:${line} ${text}`).join('\n')
}

let failed = false
for (const [file, counts] of Object.entries(present)) {
  for (const [rule, count] of Object.entries(counts)) {
    const limit = allowed[file]?.[rule] ?? 0
    if (count <= limit) continue
    failed = true
    console.error(`${file}: ${rule}: ${count}, allowed ${limit}\n${describe(file, rule)}`)
  }
}
const isStale = Object.entries(allowed).some(([file, counts]) =>
  Object.entries(counts).some(([rule, count]) => (present[file]?.[rule] ?? 0) < count),
)
if (isStale && !process.argv.includes('--update'))
  console.error('Counts fell: run `npm run style -- --update` to lower what is allowed.')
process.exit(failed || isStale ? 1 : 0)
