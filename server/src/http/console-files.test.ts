import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask } from '../../test/raw-http.ts'
import { consoleFiles } from './console-files.ts'
import { incomingRequests } from './incoming.ts'
import { createMetrics } from './metrics.ts'
import { createHttpServer, type HttpServer } from './server.ts'

const canary = 'what nobody outside may read'
let folder: string
let server: HttpServer
let port: number

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-console-'))
  const dist = join(folder, 'dist')
  mkdirSync(join(dist, 'assets'), { recursive: true })
  writeFileSync(join(folder, 'secret'), canary)
  writeFileSync(join(folder, 'package.json'), canary)
  writeFileSync(join(dist, 'index.html'), 'the page')
  writeFileSync(join(dist, 'assets', 'a.js'), 'a script')
  const app = new Hono()
  for (const [path, serve] of consoleFiles(dist)) app.get(path, serve)
  server = createHttpServer({
    doors: [],
    router: (request) => app.fetch(request),
    incoming: incomingRequests([]),
    metrics: createMetrics([]),
    log: { info: () => undefined, error: () => undefined },
  })
  port = await server.listen(0, '127.0.0.1')
})
afterAll(async () => {
  await server.stop({ announceMs: 0, deadlineMs: 50 })
  rmSync(folder, { recursive: true })
})

test('200: the page at its own addresses, and what was built', async () => {
  for (const path of ['/', '/sign-in', '/o/acme/settings', '/settings/apis']) {
    const page = await ask(port, { path })
    expect([page.body, page.headers['cache-control']], path).toEqual(['the page', ['no-cache']])
  }
  const script = await ask(port, { path: '/assets/a.js' })
  expect(script.body).toBe('a script')
  expect(script.headers['cache-control']).toEqual(['public, max-age=31536000, immutable'])
})

test('404: what is neither a page of the console nor a file that was built', async () => {
  for (const path of ['/api/v1/nothing', '/index.html', '/assets', '/assets/b.js', '/o', '/server/src/main.ts'])
    expect((await ask(port, { path })).status, path).toBe(404)
})

test.each([
  '/../secret',
  '/assets/../../secret',
  '/%2e%2e/secret',
  '/%2e%2e%2fsecret',
  '/..%2fsecret',
  '/..%5csecret',
  '/....//secret',
  '/assets/..%2f..%2fpackage.json',
  '/%252e%252e/secret',
  '/..;/secret',
  '//secret',
  '/assets/%00/../../secret',
  '/secret%00.js',
  'http://gate.test/../secret',
])('nothing outside of the build: %s', async (path) => {
  const answer = await ask(port, { path })
  expect(answer.body).not.toContain(canary)
  expect(answer.status).toBeLessThan(500)
})

test('a build that is not there serves nothing', () => {
  expect(consoleFiles(join(folder, 'none'))).toEqual([])
})
