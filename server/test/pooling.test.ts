import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { inspectDatabase } from '../src/db/inspect.ts'
import { openDatabase } from '../src/db/open.ts'
import { freePort } from './command-line.ts'
import { newPostgresDatabase } from './databases.ts'
import { runOn } from './databases-server.ts'

const program = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/opt/homebrew/bin/pgbouncer'].find(existsSync)
const isRoot = process.getuid?.() === 0

/** The real PgBouncer, with one database in each mode. */
describe.skipIf(program === undefined)('poolers: PgBouncer, where it is installed', () => {
  let database: Awaited<ReturnType<typeof newPostgresDatabase>>
  let folder: string
  let pgbouncer: ChildProcess
  let port: number
  const through = (mode: string) => {
    const url = new URL(database.url)
    url.port = String(port)
    url.hostname = '127.0.0.1'
    url.pathname = `/${mode}`
    return url.href
  }

  beforeAll(async () => {
    database = await newPostgresDatabase()
    folder = mkdtempSync(join(tmpdir(), 'portcullis-pgbouncer-'))
    port = await freePort()
    const { hostname, port: serverPort, username, password } = new URL(inject('servers').owner)
    const target = `host=${hostname} port=${serverPort} dbname=${database.name} user=${username} password=${password}`
    const modes = ['session', 'transaction', 'statement']
    const settings = [
      '[databases]',
      ...modes.map((mode) => `${mode} = ${target} pool_mode=${mode}`),
      '[pgbouncer]',
      `listen_port = ${port}`,
      'listen_addr = 127.0.0.1',
      'unix_socket_dir =',
      'auth_type = any',
      'ignore_startup_parameters = extra_float_digits,options',
    ]
    writeFileSync(join(folder, 'pgbouncer.ini'), settings.join('\n'))
    chmodSync(folder, 0o755)
    if (isRoot) execFileSync('chown', ['-R', 'postgres', folder])
    const user = isRoot ? ['-u', 'postgres'] : []
    pgbouncer = spawn(program as string, [...user, join(folder, 'pgbouncer.ini')], { stdio: 'ignore' })
    await vi.waitFor(() => runOn(through('session'), 'select 1'), { timeout: 10_000, interval: 50 })
  })
  afterAll(async () => {
    pgbouncer?.kill()
    if (folder) rmSync(folder, { recursive: true, force: true })
    await database?.drop()
  })

  test('transaction mode is refused at the start and by doctor, before anything is set on a shared connection', async () => {
    const options = { databaseUrl: through('transaction'), dataFolder: '' }
    for (const open of [openDatabase, inspectDatabase])
      await expect(open(options)).rejects.toMatchObject({ code: 'TRANSACTION_POOLING' })
    const [settings] = await runOn(
      through('transaction'),
      `select current_user::text as role, current_setting('statement_timeout') as statement_timeout`,
    )
    expect(settings).toEqual({ role: new URL(database.url).username, statement_timeout: '0' })
  })

  test('transaction mode is found behind the address for migrations alone, too, and where several connections idle', async () => {
    await Promise.all([1, 2, 3, 4].map(() => runOn(through('transaction'), 'select pg_sleep(0.2)')))
    const options = { databaseUrl: database.appUrl, migrationUrl: through('transaction'), dataFolder: '' }
    await expect(openDatabase(options)).rejects.toMatchObject({ code: 'TRANSACTION_POOLING' })
  })

  test('statement mode is refused', async () => {
    await expect(openDatabase({ databaseUrl: through('statement'), dataFolder: '' })).rejects.toThrow()
  })

  test('session mode works', async () => {
    const opened = await openDatabase({ databaseUrl: through('session'), dataFolder: '' })
    expect((await opened.feed.after(0, 1)).head).toBe(0)
    await opened.close()
  })
})

test('a direct connection is no pooler', async () => {
  const database = await newPostgresDatabase()
  const opened = await openDatabase({ databaseUrl: database.url, dataFolder: '' })
  await opened.close()
  await database.drop()
})
