import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { pages } from '../../console/src/paths.ts'
import openApi from '../../openapi.json' with { type: 'json' }
import { openTestDatabase, type TestDatabase } from './databases.ts'
import { harness } from './harness.ts'
import { type Listening, listen } from './listen.ts'
import { ask, type RawAnswer } from './raw-http.ts'

vi.setConfig({ testTimeout: 120_000 })

/* A proxy takes any 2xx for "let this request in" (nginx's auth_request), so that without a credential only what is public may answer so. */

const page = '<title>the page of the console</title>'
const secret = 'Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4'

const fill = (path: string) =>
  path
    .replace(/\$slug|\{org\}/g, 'acme')
    .replace(/\$secret/g, secret)
    .replace(/\$\w+|\{\w+\}/g, 'abc')

const consolePages = Object.values(pages).map(fill)
const operations = Object.entries(openApi.paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method.toUpperCase()} ${fill(path)}`),
)

/** What answers 2xx to a client without a credential. One more belongs here only if everybody may read it. */
const publicRoutes = new Set([
  'GET /api/auth/get-session',
  'POST /api/auth/sign-out',
  'GET /api/v1/instance',
  'GET /healthz',
  'GET /readyz',
  'GET /docs',
  'GET /openapi.json',
  'GET /schemas/features.json',
  'GET /.well-known/oauth-protected-resource',
  'GET /.well-known/oauth-protected-resource/api/v1',
  'GET /.well-known/portcullis-token-pattern',
  'GET /assets/index-abc.js',
  'GET /favicon.svg',
  'OPTIONS /ofrep/v1/evaluate/flags',
  'OPTIONS /ofrep/v1/evaluate/flags/abc',
  'OPTIONS /ofrep/v1/streams/abc',
  ...[...consolePages, '/settings', '/settings/apis', '/settings/organization/members'].map((path) => `GET ${path}`),
])

const isPublic = (method: string, path: string) =>
  publicRoutes.has(`${method === 'HEAD' ? 'GET' : method} ${path.replace(/\?.*/s, '')}`)

const known = [
  ...new Set([
    ...operations.map((it) => it.split(' ')[1] as string),
    ...consolePages,
    '/assets/index-abc.js',
    '/openapi.json',
    '/docs',
  ]),
]

/** Other spellings of a path, which a proxy, a library or a person may produce. */
function spellingsOf(path: string): string[] {
  const [, first = '', ...rest] = path.split('/')
  const encode = (text: string) => `%${text.charCodeAt(0).toString(16)}`
  return [
    `/${path}`,
    `/.${path}`,
    `/..${path}`,
    `/x/..${path}`,
    `/%2e%2e${path}`,
    `/%2f${path.slice(1)}`,
    `\\${path.slice(1)}`,
    `/;${path}`,
    `/api${path}`,
    `${path}/`,
    `${path}//`,
    `${path}/.`,
    `${path}/..`,
    `${path}/../x`,
    `${path}%2f`,
    `${path}%20`,
    `${path}%00`,
    `${path};a=b`,
    `${path}.json`,
    `${path}\\`,
    `${path}#a`,
    `${path}&a`,
    path.toUpperCase(),
    path.replaceAll('-', '_'),
    path.replaceAll('/', '//'),
    path.replace(/.$/, encode),
    path.replace(/[a-z]/, encode),
    path.replace(/[a-z]/, (text) => `%25${text.charCodeAt(0).toString(16)}`),
    `/${[first, '.', ...rest].join('/')}`,
    `/${[first, '%2e', ...rest].join('/')}`,
    `/${[first, 'x', '..', ...rest].join('/')}`,
    `/${[first, ...rest].join('%2f')}`,
  ]
}

const named = [
  '/auth',
  '/api',
  '/api/',
  '/api/v1',
  '/api/v2/me',
  '/v1',
  '/v1/x',
  '/scim/v2/Users',
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-protected-resource/api/v2',
  '/.well-known/oauth-protected-resource/api/v1/',
  '/forward_auth',
  '/forwardauth',
  '/forward-auths',
  '/forward-auth;x',
  '/oauth2',
  '/oauth2/introspect/x',
  '/introspect',
  '/index.html',
  '/index.htm',
  '/assets',
  '/assets/',
  '/assets/index-abc.js.br',
  '/assets/index-abc.css',
  '/.vite/manifest.json',
  '/package.json',
  '/login',
  '/admin',
  '/o',
  '/o/acme/settings/nothing',
  '/o/acme/settings/organization/members/abc/def',
  '/settings/nothing',
  '/reset-password/x',
  '*',
]

let database: TestDatabase
let server: Listening
let port: number
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-console-'))
  for (const name of ['assets', '.vite']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'index.html'), page)
  writeFileSync(join(folder, 'favicon.svg'), '<svg/>')
  writeFileSync(join(folder, '.vite', 'manifest.json'), '{}')
  for (const name of ['index-abc.js', 'index-abc.js.br']) writeFileSync(join(folder, 'assets', name), 'a script')
  database = await openTestDatabase('embedded')
  server = await listen(await harness(database, { consoleFolder: folder }))
  port = Number(new URL(server.url).port)
})
afterAll(async () => {
  await server?.close()
  await database?.drop()
  rmSync(folder, { recursive: true })
})

/** Asks in small groups, so that no bound of the server is met. */
async function walk(requests: readonly (readonly [method: string, path: string])[]) {
  const answers: { method: string; path: string; answer: RawAnswer }[] = []
  for (let at = 0; at < requests.length; at += 16) {
    const asked = requests
      .slice(at, at + 16)
      .map(async ([method, path]) => ({ method, path, answer: await ask(port, { method, path }) }))
    answers.push(...(await Promise.all(asked)))
  }
  return answers
}

test('every other spelling of every path is 404 as a problem, and none is a 2xx', async () => {
  const spelled = [...new Set([...known.flatMap(spellingsOf), ...named])].filter(
    (path) => !known.includes(path) && !isPublic('GET', path),
  )
  expect(spelled.length).toBeGreaterThan(1000)
  const answers = await walk(spelled.map((path) => ['GET', path] as const))
  const wrong = answers.filter(({ path, answer }) => {
    // What follows /forward-auth/ is the client's own path, and OFREP and sign-in have errors of their own form.
    if (path.startsWith('/forward-auth/')) return answer.status !== 401 && answer.status !== 404
    if (path.startsWith('/ofrep')) return answer.status !== 404 && answer.status !== 405
    if (path.startsWith('/api/auth/')) return answer.status !== 404
    // A target that begins with anything but a slash is no request at all.
    if (!path.startsWith('/') && path !== '*') return answer.status !== 400
    // `.json` is part of a parameter there, and a caller comes first.
    if (/^\/api\/v1\/organizations\/.*\.json$/.test(path)) return answer.status !== 401 && answer.status !== 404
    // Guesses at links are counted.
    if (answer.status === 429) return !/^\/api\/v1\/(?:setup|invitations)\//.test(path)
    return answer.status !== 404 || answer.headers['content-type']?.[0] !== 'application/problem+json'
  })
  expect(wrong.map(({ path, answer }) => `${answer.status} ${path}`)).toEqual([])
})

test('without a credential only public routes answer 2xx, whatever the method', async () => {
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'CONNECT']
  const answers = await walk([...known, ...named].flatMap((path) => methods.map((method) => [method, path] as const)))
  const open = answers.filter(({ answer }) => answer.status < 400).map(({ method, path }) => `${method} ${path}`)
  expect(open.filter((it) => !isPublic(...(it.split(' ') as [string, string])))).toEqual([])
  const expected = [...publicRoutes].filter(
    (it) => known.includes(it.split(' ')[1] as string) || it.startsWith('OPTIONS'),
  )
  expect(open).toEqual(expect.arrayContaining(expected))
})

test.each([
  '/forward-auth',
  '/forward-auth/',
  '/forward-auth/v1/x.y?a=//..',
  '/forward-auth/a%20b',
  '/forward-auth/.hidden/..a',
])('401: %s asks for a token', async (path) => {
  expect((await ask(port, { path })).status).toBe(401)
})

test.each([
  '//forward-auth',
  '/forward-auth//',
  '/forward-auth/..',
  '/forward-auth/../x',
  '/forward-auth/./x',
  '/forward-auth/x/.',
  '/forward-auth/%2e%2E/x',
  '/forward-auth/.%2e/x',
  '/forward-auth/%252e%252e/x',
  '/forward-auth/x%2F%2Fy',
  '/forward-auth/%2fx',
  '/forward-auth/x%2f..%2fy',
  '/forward-auth/x\\..\\y',
  '/forward-auth%2fx',
  'http://gate.test//forward-auth',
  'http://gate.test/forward-auth/../x',
])('404: %s is no address of ours', async (path) => {
  const answer = await ask(port, { path })
  expect([answer.status, answer.json().code]).toEqual([404, 'not_found'])
})

test('200: the page at every address of the console, also in the absolute form; 404 for a change there', async () => {
  for (const path of [...consolePages, '/settings', '/settings/organization/members/abc', `/setup/${secret}?a=//..`]) {
    expect((await ask(port, { path })).body, path).toBe(page)
    expect((await ask(port, { path: `http://gate.test${path}` })).body, path).toBe(page)
    expect((await ask(port, { method: 'POST', path, body: '' })).status, path).toBe(404)
  }
})

test('200: RFC 9728 §3.1, the metadata of the resource /api/v1', async () => {
  const answer = await ask(port, { path: '/.well-known/oauth-protected-resource/api/v1' })
  expect(answer.json()).toMatchObject({ resource: 'http://localhost:3000/api/v1' })
})
