import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { freePort, portcullis, startInstance } from '../../test/command-line.ts'
import { newDataFolder, newPostgresDatabase } from '../../test/databases.ts'

// Each step is a process or several, and other test files have the processors too.
vi.setConfig({ testTimeout: 240_000 })

const secret = 'mXb4tq8ZsW2nQe7RkV9cLp3Hd6Ty1Jf0'
const password = 'correct horse battery staple'

describe('before anything runs', () => {
  test('2: a wrong configuration, every fault in a sentence, no value of a secret', async () => {
    const env = { PORT: '99999', PORTCULLIS_SECRET: 'hunter2', PORTCULLIS_DATA: '/nonexistent/data' }
    const { exitCode, out, err } = await portcullis(env, ['start'])
    expect([exitCode, out]).toEqual([2, ''])
    expect(err).toContain('PORT must be a whole number from 1 to 65535')
    expect(err).toContain('PORTCULLIS_SECRET is too short')
    expect(err).not.toContain('hunter2')
  })

  test('2: a command line that says too little', async () => {
    const { exitCode, err } = await portcullis({}, ['organization', 'create', '--name', 'Acme'])
    expect(exitCode).toBe(2)
    expect(err).toContain('--admin-email')
  })
})

describe('a catalogue of preview features', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-catalogue-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const write = (text: string) => {
    const file = join(folder, 'features.yaml')
    writeFileSync(file, text)
    return file
  }
  const entry = (stage: string) => `features:\n  - { key: a, name: A, description: x, stage: ${stage} }\n`

  test('0: a good one; 1: every fault by line and column; nothing is needed for it', async () => {
    const good = await portcullis({}, ['features', 'check', write(entry('withdrawn'))])
    expect(good).toEqual({
      exitCode: 0,
      out: `${join(folder, 'features.yaml')} is good: 1 feature, 1 withdrawn.\n`,
      err: '',
    })
    const file = write(entry('beta').replace('name: A', 'name: 7'))
    const bad = await portcullis({}, ['features', 'check', file])
    expect(bad.exitCode).toBe(1)
    expect(bad.out.split('\n').slice(0, 3)).toEqual([
      expect.stringContaining(`${file}:2:21: features.0.name: `),
      expect.stringContaining(`${file}:2:47: features.0.stage: `),
      expect.stringContaining('2 faults.'),
    ])
  })

  test('2: a broken one stops the start before anything listens or is written, with file, line and column', async () => {
    const file = write(entry('beta'))
    const data = join(folder, 'data')
    const env = { PORT: String(await freePort()), PORTCULLIS_DATA: data, PORTCULLIS_FEATURES: file }
    const { exitCode, err } = await portcullis(env, ['start'])
    expect(exitCode).toBe(2)
    expect(err).toContain(`${file}:2:47: features.0.stage: A stage is one of`)
    expect(err).not.toContain('Portcullis is ready')
  })
})

describe('with the embedded database', () => {
  let folder: string
  let outside: string
  let env: Record<string, string>
  let instance: Awaited<ReturnType<typeof startInstance>> | undefined
  beforeAll(async () => {
    folder = newDataFolder()
    outside = mkdtempSync(join(tmpdir(), 'portcullis-outside-'))
    const port = await freePort()
    env = { PORTCULLIS_DATA: folder, PORT: String(port) }
  })
  afterAll(() => {
    instance?.kill('SIGKILL')
    for (const it of [folder, outside]) rmSync(it, { recursive: true, force: true })
  })
  const at = (path: string) => `http://localhost:${env.PORT}${path}`
  const post = (path: string, body: unknown) =>
    fetch(at(path), {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: at('') },
      body: JSON.stringify(body),
    })

  test('without an instance: a command opens the database itself, and takes the password from standard input', async () => {
    const args = ['organization', 'create', '--name', 'Acme', '--admin-email', 'Ada@example.com', '--password-stdin']
    const { exitCode, out, err } = await portcullis(env, args, `${password}\n`)
    expect([exitCode, err]).toEqual([0, ''])
    expect(out).toMatch(/^Created the organization Acme \(org_\w{26}\)\.\nada@example\.com can sign in/)
    expect(out).not.toContain(password)
  })

  test('with an instance: commands go through its socket, and all that they did is in force at once', async () => {
    instance = await startInstance(env)
    expect(instance.told).toContain(at('/'))

    const created = await portcullis(env, [
      'organization',
      'create',
      '--name',
      'Globex',
      '--admin-email',
      'bo@example.com',
    ])
    expect(created.exitCode).toBe(0)
    const token = new URL(/http:\S+/.exec(created.out)?.[0] ?? '').searchParams.get('token')
    expect((await post('/api/auth/reset-password', { token, newPassword: password })).status).toBe(200)
    const signedIn = await post('/api/auth/sign-in/email', { email: 'bo@example.com', password })
    expect(signedIn.status).toBe(200)

    const cookie = signedIn.headers
      .getSetCookie()
      .map((it) => it.split(';')[0])
      .join('; ')
    const get = async (path: string) => JSON.parse(await (await fetch(at(path), { headers: { cookie } })).text())
    const { organizations } = await get('/api/v1/me')
    expect(organizations).toMatchObject([{ name: 'Globex', role: 'admin' }])
    const { items } = await get(`/api/v1/organizations/${organizations[0].id}/audit-events`)
    const byOperator = items.filter((it: { actor: { kind: string } }) => it.actor.kind === 'operator')
    expect(byOperator.map((it: { action: string }) => it.action)).toEqual([
      'password.link_issued',
      'member.joined',
      'organization.created',
    ])
    expect(JSON.stringify(items)).not.toContain(token)

    const path = `/api/v1/organizations/${organizations[0].id}/preview-features`
    const send = (method: string, below: string, body: unknown, more: Record<string, string> = {}) =>
      fetch(at(path + below), {
        method,
        headers: { cookie, origin: new URL(at('/')).origin, 'content-type': 'application/json', ...more },
        body: JSON.stringify(body),
      })
    const { version } = await get(path)
    const chosen = await send('PUT', '', { enabled: ['command-palette'] }, { 'if-match': `"${version}"` })
    expect(chosen.status).toBe(200)
    expect((await send('POST', '/command-palette/feedback', { text: 'Quick.\nMore!' })).status).toBe(201)
    const listed = await portcullis(env, ['feedback', 'list', '--limit', '5', '--feature', 'command-palette'])
    expect(listed.exitCode).toBe(0)
    expect(listed.out).toMatch(/command-palette {2}\S+ of Globex \(org_\w+\)\n {4}Quick\.\n {4}More!\n/)
  })

  test('A2: 0: a checkpoint is added outside, old events are removed up to it, and the rest agrees with it', async () => {
    const file = join(outside, 'checkpoints')
    const added = await portcullis(env, ['audit', 'checkpoint', file])
    expect([added.exitCode, added.err]).toEqual([0, ''])
    expect(added.out).toContain(`Checkpoint 1 added to ${file}, signed with SHA256:`)
    const retain = ['audit', 'retain', '--before', new Date().toISOString(), '--checkpoint', file]
    const cut = await portcullis(env, retain)
    expect(cut).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^cut .*recorded as event \d+\.$/m) })
    const { exitCode, out } = await portcullis(env, ['audit', 'verify', '--checkpoint', file])
    expect(exitCode).toBe(0)
    expect(out).toMatch(/agrees\.\n {8}Those up to \d+ were cut on \S+, as event \d+ records\./)
    rmSync(`${file}.key.pub`)
    const refused = await portcullis(env, ['audit', 'verify', '--checkpoint', file])
    expect(refused).toMatchObject({ exitCode: 2, out: '', err: expect.stringContaining('.key.pub cannot be read') })
  })

  test('0: doctor finds the running instance well, and asks it about its database', async () => {
    const { exitCode, out } = await portcullis(env, ['doctor', '--json'])
    const { findings } = JSON.parse(out)
    const found = Object.fromEntries(findings.map((it: { topic: string; level: string }) => [it.topic, it.level]))
    expect(found).toMatchObject({ Lock: 'ok', Database: 'ok', Migrations: 'ok', Organizations: 'ok', Server: 'ok' })
    const faults = findings.filter((it: { level: string }) => it.level === 'fault')
    // The console may not be built where only the server is tested.
    expect(faults.every((it: { topic: string }) => it.topic === 'Console')).toBe(true)
    expect(exitCode).toBe(faults.length > 0 ? 1 : 0)
  })

  test('1: a second instance on the same folder ends by itself, and says who holds it', async () => {
    const { exitCode, err } = await portcullis({ ...env, PORT: String(await freePort()) }, ['start'])
    expect(exitCode).toBe(1)
    expect(err).toContain(`in use by the process ${instance?.pid}`)
  })

  test('1: a port that is taken, told in a sentence', async () => {
    const { exitCode, err } = await portcullis({ ...env, PORTCULLIS_DATA: join(outside, 'data') }, ['start'])
    expect(exitCode).toBe(1)
    expect(err).toContain(`Cannot listen on 127.0.0.1:${env.PORT}`)
    expect(err).not.toContain('    at ')
  })

  test('the instance stops on SIGTERM and lets the folder go', async () => {
    const exit = once(instance as ChildProcess, 'exit')
    instance?.kill('SIGTERM')
    expect(await exit).toEqual([0, null])
    instance = undefined
    const { exitCode, out } = await portcullis(env, ['admin', 'reset-password', 'ADA@example.com'])
    expect(exitCode).toBe(0)
    expect(out).toMatch(/http:\S+\/reset-password\?token=\S+/)
    const nobody = await portcullis(env, ['admin', 'reset-password', 'nobody@example.com'])
    expect([nobody.exitCode, nobody.out]).toEqual([1, 'Nobody signs in as nobody@example.com.\n'])
  })
})

describe('with PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof newPostgresDatabase>>
  let env: Record<string, string>
  beforeAll(async () => {
    database = await newPostgresDatabase()
    env = {
      DATABASE_URL: database.appUrl,
      PORTCULLIS_MIGRATION_URL: database.url,
      PORTCULLIS_SECRET: secret,
      PORTCULLIS_RESOURCE_KEY: secret.toLowerCase(),
      PORT: String(await freePort()),
    }
  })
  afterAll(() => database.drop())

  test('commands open it themselves; doctor sees that the wall binds the service', async () => {
    expect(await portcullis(env, ['migrate'])).toMatchObject({ exitCode: 0, out: 'The database is up to date.\n' })
    const created = await portcullis(env, [
      'organization',
      'create',
      '--name',
      'Acme',
      '--admin-email',
      'ada@example.com',
    ])
    expect(created.exitCode).toBe(0)
    expect(await portcullis(env, ['audit', 'verify'])).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining('Acme: 3 events'),
    })
    const cut = await portcullis(env, ['audit', 'retain', '--before', new Date().toISOString()])
    expect(cut).toMatchObject({ exitCode: 0, out: expect.stringContaining('3 events removed') })
    // A command publishes nothing, so whatever catalogue its environment names is of no matter to it.
    const listed = await portcullis({ ...env, PORTCULLIS_FEATURES: '/nonexistent' }, ['feedback', 'list'])
    expect(listed).toMatchObject({ exitCode: 0, out: 'There is no feedback yet.\n' })
    const { findings } = JSON.parse((await portcullis(env, ['doctor', '--json'])).out)
    const found = Object.fromEntries(findings.map((it: { topic: string; level: string }) => [it.topic, it.level]))
    expect(found).toMatchObject({
      Database: 'ok',
      Clock: 'ok',
      Migrations: 'ok',
      'Second wall': 'ok',
      Organizations: 'ok',
    })
  })

  test('1: a database that is away is a fault with a way to mend it', async () => {
    const away = {
      ...env,
      DATABASE_URL: `postgres://app@127.0.0.1:${await freePort()}/x`,
      PORTCULLIS_MIGRATION_URL: '',
    }
    const { exitCode, out } = await portcullis(away, ['doctor'])
    expect(exitCode).toBe(1)
    expect(out).toMatch(/fault +Database +cannot be asked: .*ECONNREFUSED/)
    expect(out).toContain('→ See whether PostgreSQL runs there')
  })
})
