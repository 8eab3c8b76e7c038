import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { furnish } from './furnish.ts'
import { startLogin } from './login.ts'
import { admins, organization, password } from './people.ts'
import { say, tellStory } from './story.ts'

// `npm run demo`: an example organization, and the story of the gate. `--exit` ends after it, `--no-build` needs no console.
const root = resolve(import.meta.dirname, '..')
const dataFolder = mkdtempSync(join(tmpdir(), 'portcullis-demo-'))
const running = new Set<ChildProcess>()

/** With all that it started itself; one that has just ended by itself is no fault. */
function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ESRCH') throw error
  }
}

process.on('exit', () => {
  for (const child of running) killGroup(child)
  rmSync(dataFolder, { recursive: true, force: true, maxRetries: 5 })
})
/** Until there is something to look at, a signal ends all at once; then it is waited for. */
let leave: () => void = () => process.exit(130)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => leave())

/** `detached`: a Ctrl-C in the terminal reaches this process alone, which then ends the others in order. */
function run(command: string, args: string[], env: Record<string, string> = {}) {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  running.add(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child)
    return code as number | null
  })
  return { child, ended, said: () => said }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}

async function build(): Promise<void> {
  if (process.argv.includes('--no-build')) return
  const { ended, said } = run('npm', ['run', 'build'])
  if ((await ended) !== 0) throw new Error(`The console could not be built.\n${said()}`)
}

async function main(): Promise<void> {
  say('Building the console, and nine months of an example organization …')
  const [furnished] = await Promise.all([furnish(dataFolder), build()])
  const port = Number(process.env.PORT) || (await freePort())
  const url = `http://localhost:${port}`
  const env = {
    PORT: String(port),
    HOST: '127.0.0.1',
    LOG_LEVEL: 'error',
    DATABASE_URL: '',
    PORTCULLIS_MIGRATION_URL: '',
    SMTP_URL: '',
    MAIL_FROM: '',
    PORTCULLIS_URL: url,
    PORTCULLIS_DATA: dataFolder,
    PORTCULLIS_SECRET: '',
    PORTCULLIS_RESOURCE_KEY: randomBytes(32).toString('hex'),
    // Its own login runs on this machine too.
    PORTCULLIS_ALLOWED_JWKS_HOSTS: '127.0.0.1',
    PORTCULLIS_ADMIN_EMAIL: admins[0]!.email,
    PORTCULLIS_ADMIN_PASSWORD: password,
    PORTCULLIS_ORGANIZATION: organization.name,
  }
  const login = await startLogin()
  const command = join(root, 'server/src/main.ts')
  const server = run(process.execPath, [command, 'start'], env)
  while (!(await fetch(`${url}/readyz`).catch(() => undefined))?.ok) {
    if (server.child.exitCode !== null) throw new Error(`The server ended.\n${server.said()}`)
    await pause(50)
  }
  await tellStory(url, furnished, login)
  const verify = run(process.execPath, [command, 'audit', 'verify'], env)
  const verified = await verify.ended
  say(`\nportcullis audit verify\n${verify.said().replace(/org_\w+ {2}/g, '')}`)
  if (verified !== 0) process.exitCode = 1
  if (!process.argv.includes('--exit')) {
    say(`Look around:  ${url}\n  email       ${admins[0]!.email}\n  password    ${password}`)
    say(`Everybody there has that password. In ${organization.second} the gate is down.`)
    say('Ctrl-C ends the demo and removes its data.')
    await new Promise<void>((done) => {
      leave = done
    })
  }
  server.child.kill('SIGTERM')
  await server.ended
  login.stop()
}

await main()
