import { type ChildProcess, fork, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { isNginxInstalled, runNginx } from './nginx.ts'

/**
 * Portcullis as it runs in earnest, on one machine: nginx before three processes on one PostgreSQL. PORT is nginx's
 * (8080); DATABASE_URL names a PostgreSQL of yours, or one is started for as long as this runs. Ctrl-C ends all of it.
 */
const root = join(import.meta.dirname, '../..')
const port = Number(process.env.PORT ?? 8080)
const secret = () => randomBytes(24).toString('base64url')
const [signingSecret, password] = [secret(), secret()]
const resourceKey = process.env.PORTCULLIS_RESOURCE_KEY ?? secret()
const email = 'admin@example.com'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: free } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return free
}

/** What was started, in the order in which it must end: a database outlives its servers. */
const ends: (() => Promise<unknown>)[] = []
async function end(code: number): Promise<never> {
  // Once more means at once.
  process.once('SIGINT', () => process.exit(1))
  for (const it of ends.splice(0)) await it().catch(console.error)
  process.exit(code)
}

/** Of a group of its own, so that a terminal's Ctrl-C reaches this process alone, which ends the others in order. */
const apart = { detached: true } as const

async function startPostgres(): Promise<string> {
  const child = fork(join(import.meta.dirname, 'postgres-child.ts'), { ...apart, execArgv: [] })
  ends.push(async () => {
    const exit = once(child, 'exit')
    child.disconnect()
    await exit
  })
  const url = await Promise.race([once(child, 'message'), once(child, 'exit')])
  if (child.exitCode !== null) throw new Error('PostgreSQL did not start; name one of yours in DATABASE_URL.')
  return String(url[0])
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

const environment = (databaseUrl: string, own: number) => ({
  LOG_LEVEL: 'error',
  PORTCULLIS_SECRET: signingSecret,
  PORTCULLIS_RESOURCE_KEY: resourceKey,
  PORTCULLIS_ADMIN_EMAIL: email,
  PORTCULLIS_ADMIN_PASSWORD: password,
  PORTCULLIS_ORGANIZATION: 'Acme',
  ...process.env,
  DATABASE_URL: databaseUrl,
  PORTCULLIS_URL: `http://localhost:${port}`,
  PORTCULLIS_TRUSTED_PROXIES: '127.0.0.1',
  PORT: String(own),
})

async function startServer(databaseUrl: string): Promise<{ port: number; stop: () => Promise<unknown> }> {
  const own = await freePort()
  const child = spawn(process.execPath, [join(root, 'server/src/main.ts'), 'start'], {
    ...apart,
    env: environment(databaseUrl, own),
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (text) => {
    said += text
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  const isReady = () =>
    fetch(`http://127.0.0.1:${own}/readyz`).then(
      (it) => it.ok,
      () => false,
    )
  while (!(await isReady())) {
    if (child.exitCode !== null) throw new Error(`Portcullis ended with ${child.exitCode}:\n${said}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const stop = async () => {
    if (child.exitCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    await exit
  }
  return { port: own, stop }
}

async function start(): Promise<void> {
  if (!isNginxInstalled()) throw new Error('nginx is not installed here (on Debian: apt-get install nginx-light).')
  const databaseUrl = process.env.DATABASE_URL ?? (await startPostgres())
  const servers = await Promise.all([1, 2, 3].map(() => startServer(databaseUrl)))
  ends.unshift(() => Promise.all(servers.map((it) => it.stop())))
  const nginx = await runNginx(
    port,
    servers.map((it) => it.port),
  )
  ends.unshift(nginx.stop)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end(0))
await start().catch((error: Error) => {
  console.error(error.message)
  return end(1)
})
if (!existsSync(join(root, 'console/dist'))) console.log('Without the console, which `npm run build` makes.')
console.log(`
Three processes behind nginx, on one PostgreSQL:

    console        http://localhost:${port}/   (${email}, password ${password})
    API            http://localhost:${port}/docs
    resource key   ${resourceKey}

Ctrl-C ends all of it.`)
