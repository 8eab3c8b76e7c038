import { readdirSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

/** A file may import from its own floor or one below, never above. Order is the whole architecture. */
const floors: readonly (readonly [name: string, files: RegExp])[] = [
  ['kernel', /^kernel\//],
  ['rules', /^features\/[\w-]+\/(rules|common-passwords)\.ts$/],
  ['db', /^(db|auth|mail|outbound)\//],
  ['shapes', /^(features\/[\w-]+|http)\/shapes\.ts$/],
  ['store', /^features\/[\w-]+\/store\.ts$/],
  ['actions', /^features\/[\w-]+\/actions\.ts$/],
  ['http kit', /^http\/(sign-in-)?route\.ts$/],
  ['routes', /^features\/[\w-]+\/routes\.ts$/],
  ['http', /^http\//],
  ['wire', /^[\w-]+\.ts$|^cli\//],
]
const src = resolve(import.meta.dirname, '../src')
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  (it) => it.endsWith('.ts') && !it.endsWith('.test.ts'),
)
const textOf = (file: string) => readFileSync(resolve(src, file), 'utf8')
const imports = files.flatMap((from) =>
  [...textOf(from).matchAll(/from '(\.[^']+)'/g)].map((it) => ({
    from,
    to: relative(src, resolve(src, dirname(from), it[1] ?? '')),
  })),
)
const floorOf = (file: string) => floors.findIndex(([, pattern]) => pattern.test(file))
const featureOf = (file: string) => /^features\/([\w-]+)\//.exec(file)?.[1]
const crossings = imports.filter(
  ({ from, to }) => featureOf(from) && featureOf(to) && featureOf(from) !== featureOf(to),
)

test('every file has a floor', () => {
  expect(files.filter((it) => floorOf(it) < 0)).toEqual([])
  expect(files.length).toBeGreaterThan(50)
})

test('no import goes up', () => {
  expect(imports.filter(({ from, to }) => floorOf(to) > floorOf(from))).toEqual([])
})

test('no import goes in a circle', () => {
  const next = new Map(files.map((file) => [file, imports.filter((it) => it.from === file).map((it) => it.to)]))
  const done = new Set<string>()
  const walk = (file: string, path: string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return []
    for (const to of next.get(file) ?? []) {
      const circle = walk(to, [...path, file])
      if (circle.length > 0) return circle
    }
    done.add(file)
    return []
  }
  expect(files.map((file) => walk(file, [])).filter((it) => it.length > 0)).toEqual([])
})

test('another feature is used through its rules or its actions, never its store, shapes or routes', () => {
  // The impact of a setting is asked for with what would be saved.
  const sharesInput = ({ from, to }: (typeof crossings)[number]) =>
    featureOf(from) === 'impact' && to === 'features/settings/shapes.ts'
  const reaching = crossings.filter(({ to }) => !/(rules|actions)\.ts$/.test(to))
  expect(reaching.filter((crossing) => !sharesInput(crossing))).toEqual([])
})

/** The order among features; it binds rules. */
const order = [
  'jws',
  'sign-in',
  'people',
  'organizations',
  'accounts',
  'members',
  'invitations',
  'invitation-acceptance',
  'service-accounts',
  'groups',
  'group-members',
  'settings',
  'propagation',
  'tokens',
  'usage',
  'expiry-notices',
  'oauth-providers',
  'account-mappings',
  'impact',
  'signing-keys',
  'scopes',
  'external-tokens',
  'access',
  'authorization',
  'catalogue',
  'previews',
  'evaluation',
  'audit',
  'recovery',
  'setup',
]

test('every feature has its place in the order, and rules import rules of earlier features alone', () => {
  expect([...new Set(files.flatMap((it) => featureOf(it) ?? []))].filter((it) => !order.includes(it))).toEqual([])
  const rank = (file: string) => order.indexOf(featureOf(file) ?? '')
  expect(crossings.filter(({ from, to }) => from.endsWith('/rules.ts') && rank(to) > rank(from))).toEqual([])
})

test('rules and kernel are pure: nothing from outside but hashes and checksums', () => {
  const pure = files.filter((it) => it.endsWith('/rules.ts') || it.startsWith('kernel/'))
  const outside = /from '(?!\.|node:crypto'|node:zlib')[^']+'/
  const impure = /\b(Date\.now|new Date\(\)|Math\.random|process\.env)\b/
  expect(pure.filter((it) => outside.test(textOf(it)) || impure.test(textOf(it)))).toEqual([])
})

test('the environment is read in one place', () => {
  expect(files.filter((it) => it !== 'config.ts' && /process\.env/.test(textOf(it)))).toEqual([])
})

test('only wire, cli and db hold the whole database', () => {
  const holders = files.filter((it) => /\bDatabase\b.*from '.*db\/change\.ts'/.test(textOf(it)) && floorOf(it) > 2)
  expect(holders.filter((it) => !/^([\w-]+\.ts|cli\/.*|features\/sign-in\/.*)$/.test(it))).toEqual([])
})

test('no file is longer than its bound: 300 lines, rules 150', () => {
  const long = files
    .filter((it) => !it.startsWith('db/migrations/') && !it.endsWith('/common-passwords.ts'))
    .filter((it) => textOf(it).split('\n').length > (it.endsWith('/rules.ts') ? 160 : 301))
  expect(long).toEqual([])
})

test('names say what is inside', () => {
  expect(files.filter((it) => /(^|\/)(index|utils?|helpers?|common|misc|types)\.ts$/.test(it))).toEqual([])
})
