import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')

/** Loads a script as the Node.js of that version would see itself. */
function runAs(version: string, script: string, args: readonly string[] = []) {
  const code = `Object.defineProperty(process.versions, 'node', { value: ${JSON.stringify(version)} })
    process.argv = [process.execPath, ${JSON.stringify(script)}, ...${JSON.stringify(args)}]
    require(${JSON.stringify(join(root, script))})`
  return spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', cwd: root, env: { PATH: process.env.PATH } })
}

test.each([
  ['18.20.4', 'server/bin/portcullis.cjs'],
  ['22.22.0', 'server/bin/portcullis.cjs'],
  ['18.20.4', 'scripts/start.cjs'],
])('2: Node.js %s runs %s: one sentence before anything else', (version, script) => {
  const { status, stdout, stderr } = runAs(version, script, ['start'])
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toContain(`Portcullis needs Node.js 24 or later, and this is ${version} (`)
  expect(stderr.trim().split('\n')).toHaveLength(1)
})

test('0: the Node.js that comes with it runs the command', () => {
  const { status, stdout } = runAs(process.versions.node, 'server/bin/portcullis.cjs', ['--version'])
  expect([status, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)])
})

test.each([
  ['npm/9.2.0 node/v18.20.4 linux x64 workspaces/false', 1],
  ['npm/10.8.2 node/v18.20.4 linux x64 workspaces/false', 1],
  ['npm/9.9.0 node/v20.20.2 linux x64 workspaces/false', 1],
  ['npm/10.9.0 node/v22.11.0 linux x64 workspaces/false', 1],
  ['npm/10.8.2 node/v20.19.0 linux x64 workspaces/false', 0],
  ['npm/10.9.2 node/v22.12.0 linux x64 workspaces/false', 0],
  ['npm/11.6.0 node/v24.21.0 linux x64 workspaces/false', 0],
  ['pnpm/10.0.0 npm/? node/v24.0.0 linux x64', 0],
  ['', 0],
])('installing with "%s": exit code %i', (agent, expected) => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/check-install.cjs')], {
    encoding: 'utf8',
    env: { npm_config_user_agent: agent },
  })
  expect([status, stderr.trim().split('\n').length]).toEqual([expected, 1])
  expect(stderr.includes('Portcullis is installed with Node.js 20.19')).toBe(expected === 1)
})
