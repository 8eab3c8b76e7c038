import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const root = resolve(import.meta.dirname, '..')
const resourceKey = 'resource-key-of-the-browser-tests-0123456789'

export interface Server {
  url: string
  dataFolder: string
  resourceKey: string
  /** The one-time link of a first start, as the terminal shows it. */
  setupLink: () => Promise<string>
  stop: () => Promise<void>
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done))
  const { port } = probe.address() as { port: number }
  await new Promise((done) => probe.close(done))
  return port
}

/** The console is served as it was built; only when it never was, it is built here. */
function builtConsole(): void {
  if (existsSync(join(root, 'console/dist/index.html'))) return
  execFileSync('npm', ['run', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`).catch(() => undefined)
  await answer?.arrayBuffer()
  return answer?.ok ?? false
}

/** Waits for what only another process can tell; a dead process or two minutes are the end of patience. */
async function until<T>(look: () => T | Promise<T>, child: ChildProcess, said: () => string): Promise<NonNullable<T>> {
  for (let tries = 0; tries < 2400; tries++) {
    const seen = await look()
    if (seen) return seen
    if (child.exitCode !== null) break
    await pause(50)
  }
  throw new Error(`The server did not get there. It said:\n${said()}`)
}

export interface StartOptions {
  /** A migrated data folder to begin with, which saves the seconds that making one takes. */
  template?: string
  /** What an operator would configure beyond the usual. */
  configured?: Record<string, string>
}

/** `portcullis start`, as a person would run it, on an embedded database of its own. */
export async function startServer({ template, configured }: StartOptions = {}): Promise<Server> {
  builtConsole()
  const port = await freePort()
  const url = `http://localhost:${port}`
  const dataFolder = mkdtempSync(join(tmpdir(), 'pcu-'))
  if (template) cpSync(template, dataFolder, { recursive: true })
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PORT: String(port),
    PORTCULLIS_URL: url,
    PORTCULLIS_DATA: dataFolder,
    PORTCULLIS_RESOURCE_KEY: resourceKey,
    PORTCULLIS_CHANGES_PER_MINUTE: '1000000',
    ...configured,
  }
  const child = spawn(process.execPath, [join(root, 'server/src/main.ts'), 'start'], { env })
  // A test run that ends early leaves no server behind.
  const endWithUs = () => void child.kill('SIGKILL')
  process.once('exit', endWithUs)
  let out = ''
  let told = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    told += chunk
  })
  const exited = new Promise((done) => child.once('exit', done))
  const said = () => told + out
  await until(() => isReady(url), child, said)
  return {
    url,
    dataFolder,
    resourceKey,
    setupLink: () => until(() => /http:\S+\/setup\/\S+/.exec(told)?.[0], child, said),
    stop: async () => {
      child.kill('SIGTERM')
      await exited
      process.off('exit', endWithUs)
      rmSync(dataFolder, { recursive: true, force: true })
    },
  }
}
