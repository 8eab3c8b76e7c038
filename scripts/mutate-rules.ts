import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/*
 * Mutation testing of the rules: every rule is broken in every small way, and its tests must notice. Stryker lives in a
 * folder of its own, since this is done now and then, by hand, and its two hundred packages have no place in the lock.
 * It runs feature by feature: what is worked out when a module loads can only be judged by loading the tests anew, so
 * the fewer tests there are to load, the better.
 *
 *   npx node scripts/mutate-rules.ts [feature …]
 */

const root = join(import.meta.dirname, '..')
const folder = join(tmpdir(), 'portcullis-mutation')
const packages = ['@stryker-mutator/core@10.1.1', '@stryker-mutator/vitest-runner@10.1.1', 'typescript@7']
/** What rules' tests import, in our own versions. */
const ours = ['vitest', 'fast-check', 'jose']

interface Mutant {
  status: 'Killed' | 'Timeout' | 'Survived' | 'NoCoverage' | 'CompileError' | 'RuntimeError' | 'Ignored'
  mutatorName: string
  replacement?: string
  location: { start: { line: number; column: number }; end: { line: number; column: number } }
}

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`)
}

const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }).version

function prepare(): void {
  mkdirSync(folder, { recursive: true })
  if (!existsSync(join(folder, 'node_modules', '@stryker-mutator'))) {
    writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}')
    const wanted = [...packages, ...ours.map((it) => `${it}@${versionOf(it)}`)]
    run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...wanted])
  }
  rmSync(join(folder, 'server'), { recursive: true, force: true })
  const isSource = (path: string) => !path.includes('node_modules')
  cpSync(join(root, 'server'), join(folder, 'server'), { recursive: true, filter: isSource })
}

function configure(feature: string): void {
  const tests = `server/src/features/${feature}/rules.test.ts`
  const vitest = { test: { include: [tests], pool: 'threads', testTimeout: 60_000 } }
  writeFileSync(join(folder, 'vitest.config.js'), `export default ${JSON.stringify(vitest)}`)
  const stryker = {
    testRunner: 'vitest',
    mutate: [`server/src/features/${feature}/rules.ts`],
    reporters: ['json'],
    coverageAnalysis: 'perTest',
    concurrency: 1,
    tsconfigFile: 'none.json',
    jsonReporter: { fileName: 'report.json' },
  }
  writeFileSync(join(folder, 'stryker.config.json'), JSON.stringify(stryker))
}

function mutantsOf(feature: string): Mutant[] {
  configure(feature)
  run(process.execPath, [join('node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js'), 'run'])
  const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as {
    files: Record<string, { mutants: Mutant[] }>
  }
  return Object.values(report.files).flatMap((it) => it.mutants)
}

const sourceOf = (feature: string, { location: { start, end } }: Mutant): string => {
  const lines = readFileSync(join(folder, 'server/src/features', feature, 'rules.ts'), 'utf8').split('\n')
  const first = lines[start.line - 1] ?? ''
  return first.slice(start.column - 1, start.line === end.line ? end.column - 1 : undefined)
}

/** A sentence that is told to somebody: no rule depends on its words. */
const isSentence = (feature: string, it: Mutant): boolean =>
  /^(StringLiteral|ObjectLiteral)$/.test(it.mutatorName) && /^({ detail: )?['`"]\S+( \S+)+/.test(sourceOf(feature, it))

/** One line for a mutant that nobody noticed: where it is, what stood there and what stood in its place. */
const told = (feature: string, it: Mutant): string =>
  `  ${feature}/rules.ts:${it.location.start.line} ${it.mutatorName}: ${sourceOf(feature, it)}  →  ${(it.replacement ?? '').replace(/\s+/g, ' ')}`

function report(feature: string): void {
  const mutants = mutantsOf(feature).filter((it) => !['CompileError', 'Ignored'].includes(it.status))
  const left = mutants.filter((it) => it.status === 'Survived' || it.status === 'NoCoverage')
  const rules = left.filter((it) => !isSentence(feature, it))
  const killed = mutants.length - left.length
  console.log(`| \`${feature}\` | ${mutants.length} | ${killed} | ${left.length - rules.length} | ${rules.length} |`)
  for (const it of rules) console.log(told(feature, it))
}

const hasTests = (feature: string) => existsSync(join(root, 'server/src/features', feature, 'rules.test.ts'))
const all = globSync('server/src/features/*/rules.ts', { cwd: root }).map((it) => it.split('/').at(-2) ?? '')
const wanted = process.argv.length > 2 ? process.argv.slice(2) : all.filter(hasTests).sort()

prepare()
console.log('| feature | mutants | killed | only words | survived |\n| --- | --- | --- | --- | --- |')
for (const feature of wanted) {
  try {
    report(feature)
  } catch (error) {
    console.error(`${feature}: ${error}`)
    process.exitCode = 1
  }
}
