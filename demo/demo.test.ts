import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('the demo shows what it promises, tells the story, and its audit log verifies', { timeout: 240_000 }, async () => {
  const args = [join(import.meta.dirname, 'demo.ts'), '--exit', '--no-build']
  const { stdout } = await promisify(execFile)(process.execPath, args)
  expect(stdout).toMatch(/ 40 members, 4 of them invited\n/)
  expect(stdout).toMatch(/ 8 groups, 12 service accounts\n/)
  expect(stdout).toMatch(/ 200 tokens, 40 of them expired; \d{3} audit events\n/)
  const answers = [...stdout.matchAll(/GET \/orders {3}([\w ]+),.*\n {4}(\d+)/g)].map(([, who, status]) => [
    who,
    status,
  ])
  expect(answers).toEqual([
    ['Deploy pipeline', '200'],
    ['Deploy pipeline', '401'],
    // A token of the company's own login.
    ['Deploy pipeline', '200'],
    ['Deploy pipeline', '200'],
    ['Deploy pipeline', '200'],
    ['Invoice export', '401'],
    ['Invoice export', '200'],
  ])
  expect(stdout).toContain("The organization's settings suspend this API token.")
  expect(stdout).toMatch(/ok +Tidewater Robotics: \d+ events\.\nok +Tidewater Labs: /)
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
})
