import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { freePort } from './command-line.ts'
import { newPostgresDatabase } from './databases.ts'

vi.setConfig({ testTimeout: 120_000 })

const keys = {
  PORTCULLIS_SECRET: 'mXb4tq8ZsW2nQe7RkV9cLp3Hd6Ty1Jf0',
  PORTCULLIS_RESOURCE_KEY: 'Qp3sX7vB1nM9kL5jH2gF8dS4aZ6wE0rT',
  PORTCULLIS_METRICS_KEY: 'Zt5yU8iO3pA6sD9fG2hJ4kL7xC1vB0nM',
}

test('a process that waits for its database is measured from its first moment, and logs that once', async () => {
  const database = await newPostgresDatabase()
  const behind = new URL(database.url)
  const [port, databasePort] = [await freePort(), await freePort()]
  const here = new URL(database.url)
  here.hostname = '127.0.0.1'
  here.port = String(databasePort)
  const env = { ...keys, DATABASE_URL: here.href, PORT: String(port) }
  const main = join(import.meta.dirname, '../src/main.ts')
  const child = spawn(process.execPath, [main, 'start'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const url = `http://127.0.0.1:${port}`
  const readMetric = async (name: string, key = keys.PORTCULLIS_METRICS_KEY) => {
    const page = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${key}` } })
    expect(page.status).toBe(200)
    return Number(
      (await page.text())
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')[1],
    )
  }
  const forwarder = createServer((socket) => {
    const upstream = createConnection(Number(behind.port), behind.hostname)
    for (const side of [socket, upstream]) side.on('error', () => undefined)
    socket.pipe(upstream).pipe(socket)
  })
  try {
    await vi.waitFor(async () => expect((await fetch(`${url}/healthz`)).status).toBe(200), 60_000)
    expect(await readMetric('portcullis_ready')).toBe(0)
    for (const path of ['/forward-auth', '/api/v1/me', '/v1/head']) expect((await fetch(url + path)).status).toBe(503)
    expect((await fetch(`${url}/readyz`)).status).toBe(503)
    expect(await readMetric('portcullis_http_turned_away_total{why="starting"}')).toBe(3)
    // Several attempts have failed by the time the database can be reached.
    await vi.waitFor(() => expect(output).toContain('database unavailable, retrying'), 60_000)
    await new Promise<void>((resolve) => forwarder.listen(databasePort, '127.0.0.1', resolve))
    await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), 60_000)
    expect(await readMetric('portcullis_ready')).toBe(1)
    expect(await readMetric('portcullis_ready', keys.PORTCULLIS_RESOURCE_KEY)).toBe(1)
    expect(await readMetric('portcullis_http_turned_away_total{why="starting"}')).toBe(3)
    expect(output.split('database unavailable, retrying')).toHaveLength(2)
    const asResource = await fetch(`${url}/oauth2/introspect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.PORTCULLIS_METRICS_KEY}` },
      body: new URLSearchParams({ token: 'x' }),
    })
    expect(asResource.status).toBe(401)
  } finally {
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
    forwarder.close()
    await database.drop()
  }
})
