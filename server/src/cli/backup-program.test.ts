import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { freePort, portcullis, startInstance } from '../../test/command-line.ts'
import { newDataFolder, newPostgresDatabase } from '../../test/databases.ts'

// Each step is a process or several, and other test files have the processors too.
vi.setConfig({ testTimeout: 240_000 })

const password = 'correct horse battery staple'
const secret = 'mXb4tq8ZsW2nQe7RkV9cLp3Hd6Ty1Jf0'

test('0: each command tells in its help what it does', async () => {
  const [all, recovery, start] = await Promise.all(
    [['--help'], ['recovery', '--help'], ['start', '--help']].map((args) => portcullis({}, args)),
  )
  expect(all?.out).toMatch(/^ {2}export <file> .*^ {2}import <file> .*^ {2}recovery /ms)
  expect(recovery?.out).toMatch(/^ {2}begin .*^ {2}list .*^ {2}apply <file> .*^ {2}confirm /ms)
  expect(start?.out).toContain('--recovery')
})

describe('an instance is taken away and brought back', () => {
  const outside = mkdtempSync(join(tmpdir(), 'portcullis-backup-'))
  const file = join(outside, 'backup.ndjson')
  const keys = { PORTCULLIS_SECRET: secret, PORTCULLIS_RESOURCE_KEY: secret.toLowerCase() }
  const instances: ChildProcess[] = []
  let env: Record<string, string>
  let postgres: Awaited<ReturnType<typeof newPostgresDatabase>>
  let token: string
  beforeAll(async () => {
    env = { ...keys, PORTCULLIS_DATA: newDataFolder(), PORT: String(await freePort()) }
    postgres = await newPostgresDatabase()
  })
  afterAll(async () => {
    for (const it of instances) it.kill('SIGKILL')
    await postgres.drop()
    rmSync(outside, { recursive: true, force: true })
  })

  async function start(from: Record<string, string>, ...options: string[]) {
    const instance = await startInstance(from, ...options)
    instances.push(instance)
    return instance
  }

  async function stop(instance: ChildProcess) {
    const exit = once(instance, 'exit')
    instance.kill('SIGTERM')
    expect(await exit).toEqual([0, null])
  }

  const ask = async ({ PORT }: Record<string, string>, path: string, init: RequestInit) => {
    const answer = await fetch(`http://localhost:${PORT}${path}`, init)
    const text = await answer.text()
    return { body: text === '' ? {} : JSON.parse(text), cookies: answer.headers.getSetCookie() }
  }
  const introspect = async (from: Record<string, string>) => {
    const headers = { authorization: `Bearer ${keys.PORTCULLIS_RESOURCE_KEY}` }
    const { body } = await ask(from, '/oauth2/introspect', {
      method: 'POST',
      headers,
      body: new URLSearchParams({ token }),
    })
    return body.active ? 'good' : body.reason
  }

  test('0: exported through the socket of the running instance, which goes on serving', async () => {
    const admin = { PORTCULLIS_ADMIN_EMAIL: 'ada@example.com', PORTCULLIS_ADMIN_PASSWORD: password }
    const instance = await start({ ...env, ...admin, PORTCULLIS_ORGANIZATION: 'Acme' })
    const send = async (path: string, body: unknown, cookie = '') => {
      const origin = `http://localhost:${env.PORT}`
      const headers = { 'content-type': 'application/json', origin, cookie }
      return ask(env, path, { method: 'POST', headers, body: JSON.stringify(body) })
    }
    const { cookies } = await send('/api/auth/sign-in/email', { email: 'ada@example.com', password })
    const cookie = cookies.map((it) => it.split(';')[0]).join('; ')
    const me = await ask(env, '/api/v1/me', { headers: { cookie } })
    const made = await send(`/api/v1/organizations/${me.body.organizations[0].id}/tokens`, { name: 'ci' }, cookie)
    token = made.body.secret

    const exported = await portcullis(env, ['export', file])
    expect(exported).toMatchObject({ exitCode: 0, err: '', out: expect.stringMatching(/^Exported \d+ rows to /) })
    const [header = ''] = readFileSync(file, 'utf8').split('\n')
    expect(JSON.parse(header)).toMatchObject({ portcullis: 'export', format: 1 })
    expect(await introspect(env)).toBe('good')
    expect(await portcullis(env, ['export', file])).toMatchObject({ exitCode: 1, out: expect.stringContaining(file) })

    const refused = await portcullis(env, ['import', file])
    expect(refused).toMatchObject({
      exitCode: 1,
      out: expect.stringContaining(`in use by the process ${instance.pid}`),
    })
    await stop(instance)
  })

  test('0: on PostgreSQL: imported; with --recovery nothing is good until it is confirmed, and then it is', async () => {
    const there = {
      ...keys,
      DATABASE_URL: postgres.appUrl,
      PORTCULLIS_MIGRATION_URL: postgres.url,
      PORT: `${env.PORT}`,
    }
    const imported = await portcullis(there, ['import', file])
    expect(imported).toMatchObject({ exitCode: 0, err: '', out: expect.stringContaining('Every audit log is whole') })
    const instance = await start(there, '--recovery')
    expect(instance.told).toMatch(/^held +org_\w+ {2}Acme$/m)
    expect(await introspect(there)).toBe('suspended')
    const listed = await portcullis(there, ['recovery', 'list'])
    expect(listed.out).toContain('1 token would open again.')
    const confirmed = await portcullis(there, ['recovery', 'confirm', '--all'])
    expect(confirmed).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^back +org_\w+ {2}Acme: all$/m) })
    await vi.waitFor(async () => expect(await introspect(there)).toBe('good'), { timeout: 30_000, interval: 50 })
    const back = join(outside, 'back.ndjson')
    expect(await portcullis(there, ['export', back])).toMatchObject({ exitCode: 0, err: '' })
    expect(existsSync(back)).toBe(true)
    await stop(instance)
  })
})
