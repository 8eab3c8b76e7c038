import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { freePort, portcullis, startInstance } from '../../test/command-line.ts'
import { newDataFolder, newPostgresDatabase } from '../../test/databases.ts'

// Each step is one process or several.
vi.setConfig({ testTimeout: 240_000 })

const secrets = {
  PORTCULLIS_SECRET: 'mXb4tq8ZsW2nQe7RkV9cLp3Hd6Ty1Jf0',
  PORTCULLIS_RESOURCE_KEY: 'Qp3sX7vB1nM9kL5jH2gF8dS4aZ6wE0rT',
}
const outside = mkdtempSync(join(tmpdir(), 'portcullis-wrong-'))
afterAll(() => rmSync(outside, { recursive: true, force: true }))

/** Every command that must never make a database, with arguments that it would accept. */
const onExisting: readonly string[][] = [
  ['recovery', 'begin'],
  ['recovery', 'list'],
  ['recovery', 'apply', join(outside, 'audit.ndjson')],
  ['recovery', 'confirm', '--all'],
  ['export', join(outside, 'export.ndjson')],
  ['audit', 'verify'],
  ['audit', 'checkpoint', join(outside, 'checkpoints')],
  ['audit', 'retain', '--before', '2026-01-01'],
  ['admin', 'reset-password', 'ada@example.com'],
  ['feedback', 'list'],
  ['start', '--recovery'],
]

describe('where there is no database', () => {
  test.each(onExisting)('%s %s fails with a sentence, and makes nothing', async (...args) => {
    const data = join(outside, 'nothing-here')
    const env = { PORTCULLIS_DATA: data, PORT: String(await freePort()) }
    const { exitCode, out, err } = await portcullis(env, args)
    expect(exitCode).not.toBe(0)
    expect(`${out}${err}`).toContain(`There is no database in the data folder ${data}`)
    expect(err).not.toContain('    at ')
    expect(existsSync(data)).toBe(false)
  })

  test('doctor warns of it, and makes nothing', async () => {
    const data = join(outside, 'nothing-here')
    const { findings } = JSON.parse((await portcullis({ PORTCULLIS_DATA: data }, ['doctor', '--json'])).out)
    expect(findings).toContainEqual(expect.objectContaining({ topic: 'Database', level: 'warning' }))
    expect(existsSync(data)).toBe(false)
  })
})

describe('beside an instance on PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof newPostgresDatabase>>
  let empty: Awaited<ReturnType<typeof newPostgresDatabase>>
  let env: Record<string, string>
  const data = join(outside, 'data')
  const envFile = join(outside, 'portcullis.env')
  beforeAll(async () => {
    database = await newPostgresDatabase()
    empty = await newPostgresDatabase('template1')
    env = { ...secrets, DATABASE_URL: database.url, PORTCULLIS_DATA: data, PORT: String(await freePort()) }
    writeFileSync(
      envFile,
      Object.entries(env)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    )
    expect((await portcullis(env, ['migrate'])).exitCode).toBe(0)
  })
  afterAll(async () => {
    await database.drop()
    await empty.drop()
  })

  test.each([
    ...onExisting,
    ['start'],
    ['migrate'],
    ['import', join(outside, 'export.ndjson')],
    ['organization', 'create', '--name', 'Acme', '--admin-email', 'ada@example.com'],
  ])('%s %s without DATABASE_URL trips over the mark in the data folder', async (...args) => {
    const { exitCode, out, err } = await portcullis({ PORTCULLIS_DATA: data, PORT: env.PORT as string }, args)
    expect(exitCode).toBe(2)
    expect([out, err.includes(`belongs to an instance on PostgreSQL (the database ${database.name} on `)]).toEqual([
      '',
      true,
    ])
    expect(readdirSync(data)).toEqual(['postgresql'])
  })

  test('doctor calls it a fault; the mark holds no login', async () => {
    const { exitCode, out } = await portcullis({ PORTCULLIS_DATA: data }, ['doctor'])
    expect(exitCode).toBe(1)
    expect(out).toMatch(/fault +Database +The data folder .* belongs to/)
    expect(out).not.toContain('portcullis_test_owner')
  })

  test('recovery begin fails where there is no organization, and names the database', async () => {
    const { exitCode, out } = await portcullis(env, ['recovery', 'begin'])
    expect(exitCode).toBe(1)
    expect(out).toContain(`Recovery in the database ${database.name} on `)
    expect(out).toContain('There is no organization in it')
    expect(out).not.toContain('is good now')
    const started = await portcullis(env, ['start', '--recovery'])
    expect([started.exitCode, started.err.includes('There is no organization in it')]).toEqual([2, true])
  })

  test.each(onExisting)('%s %s does not make tables in an empty database', async (...args) => {
    const { exitCode, out, err } = await portcullis({ ...env, DATABASE_URL: empty.url }, args)
    expect(exitCode).toBe(2)
    expect(`${out}${err}`).toContain(`There is no Portcullis in the database ${empty.name}`)
  })

  test('with --env-file, before or after the command, it works on the database of the service', async () => {
    const args = ['organization', 'create', '--name', 'Acme', '--admin-email', 'ada@example.com']
    const elsewhere = { DATABASE_URL: empty.url, PORTCULLIS_DATA: join(outside, 'elsewhere') }
    expect((await portcullis(elsewhere, ['--env-file', envFile, ...args])).exitCode).toBe(0)
    const begun = await portcullis(elsewhere, ['recovery', 'begin', '--env-file', envFile])
    expect(begun.exitCode).toBe(0)
    expect(begun.out).toMatch(/held +org_\w+ {2}Acme\nNo token that Portcullis issued to the one organization/)
    expect((await portcullis(env, ['recovery', 'confirm', '--all'])).exitCode).toBe(0)
    const missing = await portcullis({}, ['audit', 'verify', '--env-file', '/nonexistent.env'])
    // Node.js looks for the file, too, wherever the option is.
    expect([missing.exitCode === 0, missing.err.includes('/nonexistent.env')]).toEqual([false, true])
  })

  test('links lead to the address of the running service, whatever the command knows of it', async () => {
    const publicUrl = 'https://portcullis.example.com'
    const instance = await startInstance({ ...env, PORTCULLIS_URL: publicUrl })
    instance.kill('SIGKILL')
    const { out } = await portcullis(env, ['admin', 'reset-password', 'ada@example.com'])
    expect(out).toContain(`${publicUrl}/reset-password`)
    expect(out).not.toContain('localhost')
    const created = ['organization', 'create', '--name', 'Globex', '--admin-email', 'bo@example.com']
    expect((await portcullis({ ...env, PORTCULLIS_URL: 'http://localhost:1' }, created)).out).toContain(publicUrl)
  })
})

describe('the login of the service alone', () => {
  let database: Awaited<ReturnType<typeof newPostgresDatabase>>
  let env: Record<string, string>
  beforeAll(async () => {
    database = await newPostgresDatabase()
    env = { ...secrets, DATABASE_URL: database.appUrl, PORT: String(await freePort()) }
  })
  afterAll(() => database.drop())
  const asOwner = () => ({ ...env, PORTCULLIS_MIGRATION_URL: database.url })

  test('before its owner granted it anything: a sentence, and no stack', async () => {
    const { exitCode, err } = await portcullis(env, ['start'])
    expect(exitCode).toBe(1)
    expect(err).toMatch(/lacks rights in the database .*Run `portcullis migrate` with PORTCULLIS_MIGRATION_URL/)
    expect(err).not.toContain('    at ')
  })

  test('after migrate ran as the owner it serves; commands that need the owner say so', async () => {
    expect((await portcullis(asOwner(), ['migrate'])).exitCode).toBe(0)
    const create = ['organization', 'create', '--name', 'Acme', '--admin-email', 'ada@example.com']
    expect(await portcullis(env, create)).toMatchObject({ exitCode: 0, err: '' })
    const instance = await startInstance(env)
    expect((await fetch(`http://localhost:${env.PORT}/readyz`)).status).toBe(200)
    expect(instance.told).not.toContain('second wall')
    instance.kill('SIGKILL')
    const { findings } = JSON.parse((await portcullis(env, ['doctor', '--json'])).out)
    expect(findings).toContainEqual(expect.objectContaining({ topic: 'Second wall', level: 'ok' }))
    expect(findings).toContainEqual(expect.objectContaining({ topic: 'Migrations', level: 'ok' }))
    for (const args of [
      ['recovery', 'begin'],
      ['audit', 'verify'],
      ['export', join(outside, 'partial.ndjson')],
    ]) {
      const { exitCode, out, err } = await portcullis(env, args)
      expect([args, exitCode]).toEqual([args, 2])
      expect(`${out}${err}`).toContain('Set PORTCULLIS_MIGRATION_URL')
    }
    expect(existsSync(join(outside, 'partial.ndjson'))).toBe(false)
  })

  test('a newer version says that the owner must migrate first', async () => {
    const client = new Client({ connectionString: database.url })
    await client.connect()
    await client.query('comment on table instance is \'["001-first"]\'')
    await client.end()
    const { exitCode, err } = await portcullis(env, ['start'])
    expect([exitCode, err]).toEqual([1, expect.stringContaining('pending: 002-')])
  })
})

describe('the files of the embedded database', () => {
  const modesIn = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => (lstatSync(join(folder, name)).mode & 0o077) !== 0)
      .sort()

  test('are for their owner alone, whatever the umask is, after the first start and when they were not before', async () => {
    const data = join(outside, 'embedded')
    const env = { PORTCULLIS_DATA: data, PORT: String(await freePort()) }
    const umask = process.umask(0)
    try {
      expect((await portcullis(env, ['migrate'])).exitCode).toBe(0)
      expect(modesIn(data)).toEqual([])
      for (const name of ['database', 'database/PG_VERSION', 'secret', 'portcullis.lock'])
        chmodSync(join(data, name), 0o777)
      chmodSync(data, 0o777)
      const created = ['organization', 'create', '--name', 'Acme', '--admin-email', 'ada@example.com']
      expect((await portcullis(env, created)).exitCode).toBe(0)
      expect(modesIn(data)).toEqual([])
      expect(statSync(data).mode & 0o777).toBe(0o700)
    } finally {
      process.umask(umask)
    }
  })

  test('a folder that others use, too, is refused and stays as it is', async () => {
    const shared = join(outside, 'shared')
    mkdirSync(shared)
    writeFileSync(join(shared, 'notes.txt'), '')
    for (const mode of [0o777, 0o1777, 0o775]) {
      chmodSync(shared, mode)
      const { exitCode, err } = await portcullis({ PORTCULLIS_DATA: shared, PORT: String(await freePort()) }, ['start'])
      expect([exitCode, err.includes('can be changed by others on this machine')]).toEqual([2, true])
      expect([statSync(shared).mode & 0o7777, readdirSync(shared)]).toEqual([mode, ['notes.txt']])
    }
  })

  test('doctor calls a file that others can write to a fault', async () => {
    const data = newDataFolder()
    chmodSync(join(data, 'database', 'PG_VERSION'), 0o666)
    chmodSync(data, 0o755)
    const { exitCode, out } = await portcullis({ PORTCULLIS_DATA: data }, ['doctor', '--json'])
    expect(exitCode).toBe(1)
    const what = expect.stringMatching(/more files can be read or changed by others/)
    expect(JSON.parse(out).findings).toContainEqual(
      expect.objectContaining({ topic: 'Data folder', level: 'fault', what }),
    )
  })
})
