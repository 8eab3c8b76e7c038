import { type ChildProcess, spawn } from 'node:child_process'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { newPostgresDatabase } from './databases.ts'
import { parseAnswer } from './raw-http.ts'

const root = join(import.meta.dirname, '../..')
const resourceKey = 'resource-key-of-the-tests-0123456789'

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const it of cleanup.splice(0).reverse()) await it()
})

/** The real `portcullis start` on PostgreSQL; `says` resolves once its log holds the text. */
async function start(configured: Record<string, string> = {}) {
  const database = await newPostgresDatabase()
  const port = await freePort()
  const child = spawn(process.execPath, [join(root, 'server/src/main.ts'), 'start'], {
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      DATABASE_URL: database.url,
      PORTCULLIS_SECRET: 'the-secret-of-the-tests-0123456789-0123456789',
      PORTCULLIS_RESOURCE_KEY: resourceKey,
      ...configured,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  cleanup.push(database.drop, () => child.kill('SIGKILL'))
  let said = ''
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => said.includes(text) && resolve()
      child.stdout?.on('data', look)
      child.once('exit', (code) => reject(new Error(`ended with ${code}:\n${said}`)))
      look()
    })
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      said += chunk
    })
  }
  await says('"ready"')
  return { port, child, says }
}

const exitOf = (child: ChildProcess) => new Promise<number | null>((resolve) => child.once('exit', resolve))

function textOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('close', () => resolve(text))
    socket.on('error', () => undefined)
  })
}

test('SIGTERM: a request that is half here is answered, then the process ends with 0 though a client keeps a connection', async () => {
  const { port, child, says } = await start()
  const exit = exitOf(child)
  const idle = connect(port, '127.0.0.1', () => idle.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'))
  await new Promise((resolve) => idle.once('data', resolve))
  const headers = `Authorization: Bearer ${resourceKey}\r\nContent-Type: application/x-www-form-urlencoded`
  const head = `POST /oauth2/introspect HTTP/1.1\r\nHost: a\r\n${headers}\r\nContent-Length: 7\r\n\r\ntok`
  const half = connect(port, '127.0.0.1', () => half.write(head))
  const answered = textOf(half)
  // The half has arrived once a request that was sent after it was answered.
  await fetch(`http://127.0.0.1:${port}/healthz`)
  child.kill('SIGTERM')
  await says('"stopping"')
  const reached = () => fetch(`http://127.0.0.1:${port}/healthz`).catch(() => 'refused')
  await expect.poll(reached, { timeout: 20_000 }).toBe('refused')
  half.write('en=x')
  const answer = parseAnswer(await answered)
  expect(answer.status).toBe(200)
  expect(answer.json()).toEqual({ active: false, reason: 'malformed' })
  expect(answer.headers.connection).toEqual(['close'])
  expect(await exit).toBe(0)
  idle.destroy()
})

test('SIGTERM: an open event stream is told when to come back, and the process does not wait for it', async () => {
  const { port, child } = await start({
    PORTCULLIS_ADMIN_EMAIL: 'ada@example.com',
    PORTCULLIS_ADMIN_PASSWORD: 'correct horse battery staple',
    PORTCULLIS_ORGANIZATION: 'Acme',
  })
  const exit = exitOf(child)
  const evaluated = await fetch(`http://127.0.0.1:${port}/ofrep/v1/evaluate/flags`, {
    method: 'POST',
    headers: { 'x-api-key': resourceKey, 'content-type': 'application/json' },
    body: JSON.stringify({ context: { organization: 'acme' } }),
  })
  const { eventStreams } = (await evaluated.json()) as { eventStreams: [{ url: string }] }
  const { pathname } = new URL(eventStreams[0].url)
  const stream = await fetch(`http://127.0.0.1:${port}${pathname}`)
  expect(stream.status).toBe(200)
  child.kill('SIGTERM')
  expect(await stream.text()).toMatch(/retry: \d+\n\n$/)
  expect(await exit).toBe(0)
})

test('SIGTERM: a verifier’s stream is told when to come back, and the process does not wait for it', async () => {
  const { port, child } = await start()
  const exit = exitOf(child)
  const headers = { authorization: `Bearer ${resourceKey}` }
  const stream = await fetch(`http://127.0.0.1:${port}/v1/changes`, { headers })
  expect(stream.status).toBe(200)
  child.kill('SIGTERM')
  expect(await stream.text()).toMatch(/"forget":"everything"}\n\nretry: \d+\n\n$/)
  expect(await exit).toBe(0)
})
