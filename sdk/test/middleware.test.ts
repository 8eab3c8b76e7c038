import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import express from 'express'
import fastify, { type FastifyRequest } from 'fastify'
import { type Context, Hono } from 'hono'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ask } from '../../server/test/raw-http.ts'
import * as forExpress from '../src/middleware/express.ts'
import * as forFastify from '../src/middleware/fastify.ts'
import * as forHono from '../src/middleware/hono.ts'
import { guarded } from '../src/middleware/node.ts'
import { createCheck } from '../src/middleware/web.ts'
import { readOptions } from '../src/options.ts'
import type { Active } from '../src/verification.ts'
import { startVerifier, type Verifier } from '../src/verifier.ts'
import { resourceKey, type ScriptedServer, scriptedServer, sendJson } from './scripted-server.ts'
import { accountA, activeAnswer, inactiveAnswer, managedSecret, organizationA, organizationB } from './tokens.ts'
import { testWorld } from './world.ts'

let server: ScriptedServer
let verifier: Verifier
const closing: (() => unknown)[] = []

beforeAll(async () => {
  server = await scriptedServer()
  verifier = startVerifier(readOptions({ url: server.url, key: resourceKey, timeoutMs: 5_000 }), testWorld().world)
  await verifier.ready()
})
afterAll(async () => {
  await Promise.all(closing.map((close) => close()))
  await verifier.close()
  await server.close()
})
beforeEach(() => {
  says(activeAnswer())
})

const says = (answer: unknown) => {
  server.answers.introspect = (res) => sendJson(res, answer, server.headOf(server.point))
}

/** The path names an organization, as a host's would. */
const inPath = (url: string) => /^\/of\/(\w+)/.exec(url)?.[1]

async function listenOn(listener: RequestListener): Promise<number> {
  const host = createServer(listener)
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
  closing.push(() => host.close())
  return (host.address() as AddressInfo).port
}

const onNode = () => {
  const organization = (req: IncomingMessage) => inPath(req.url ?? '')
  const handle = (_req: IncomingMessage, res: ServerResponse, it: Active) => void res.end(it.account.id)
  const all = guarded(verifier, handle, { organization })
  const admins = guarded(verifier, handle, { role: 'admin' })
  return listenOn((req, res) => (req.url === '/admin' ? admins : all)(req, res))
}

const onExpress = () => {
  const app = express()
  app.get('/admin', forExpress.portcullis(verifier, { role: 'admin' }))
  app.use(forExpress.portcullis(verifier, { organization: (req: express.Request) => inPath(req.originalUrl) }))
  app.use((_req, res) => void res.send(forExpress.verificationOf(res).account.id))
  return listenOn(app)
}

const onFastify = async () => {
  const app = fastify()
  const organization = (request: FastifyRequest) => inPath(request.raw.url ?? '')
  app.get(
    '/admin',
    { onRequest: forFastify.portcullis(verifier, { role: 'admin' }) },
    async (request) => forFastify.verificationOf(request).account.id,
  )
  app.get(
    '/*',
    { onRequest: forFastify.portcullis(verifier, { organization }) },
    async (request) => forFastify.verificationOf(request).account.id,
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  closing.push(() => app.close())
  return (app.server.address() as AddressInfo).port
}

const onHono = async () => {
  const app = new Hono()
  app.use('/admin', forHono.portcullis(verifier, { role: 'admin' }))
  app.use(
    forHono.portcullis(verifier, {
      organization: (c: Context) => inPath(c.req.path),
    }),
  )
  app.get('*', (c) => c.text(forHono.verificationOf(c).account.id))
  return new Promise<number>((resolve) => {
    const host = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => resolve(port))
    closing.push(() => host.close())
  })
}

/** Route handlers as in Next.js: a function from a Web-standard Request to a Response. */
const onWebStandard = () => {
  const checkAll = createCheck(verifier, { organization: (request: Request) => inPath(new URL(request.url).pathname) })
  const checkAdmin = createCheck(verifier, { role: 'admin' })
  const handle = async (request: Request): Promise<Response> => {
    const caller = await (new URL(request.url).pathname === '/admin' ? checkAdmin : checkAll)(request)
    return caller instanceof Response ? caller : new Response(caller.account.id)
  }
  return new Promise<number>((resolve) => {
    const host = serve({ fetch: handle, port: 0, hostname: '127.0.0.1' }, ({ port }) => resolve(port))
    closing.push(() => host.close())
  })
}

describe.each([
  ['node:http', onNode],
  ['Express', onExpress],
  ['Fastify', onFastify],
  ['Hono', onHono],
  ['Web-standard requests', onWebStandard],
])('%s', (_framework, start) => {
  let port: number
  beforeAll(async () => {
    port = await start()
  })

  const get = (path: string, ...headers: (readonly [string, string])[]) => ask(port, { path, headers })
  const bearer = (token: string) => ['Authorization', `Bearer ${token}`] as const

  test('200: a good token, from the server and from memory', async () => {
    const token = managedSecret()
    for (let i = 0; i < 2; i += 1) {
      const answer = await get('/', bearer(token))
      expect([answer.status, answer.body]).toEqual([200, accountA])
    }
  })

  test.each<[string, (readonly [string, string])[]]>([
    ['nothing', []],
    ['another scheme', [['Authorization', 'Basic YTpi']]],
    ['an empty header', [['Authorization', '']]],
    ['a scheme alone', [['Authorization', 'Bearer']]],
  ])('401: %s gets the scheme, and no error', async (_what, headers) => {
    const answer = await get('/', ...headers)
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toEqual(['Bearer'])
    expect(answer.headers['content-type']?.[0]).toMatch(/^application\/problem\+json/)
    expect(answer.json()).toMatchObject({ type: 'about:blank', status: 401, code: 'unauthenticated' })
  })

  test.each([
    ['malformed', 'The token is not valid.'],
    ['unknown', 'The token is not valid.'],
    ['revoked', 'The token is not valid.'],
    ['suspended', "The organization's settings suspend this API token. Nothing was deleted; ask an admin."],
    ['expired', 'The token has expired. Refresh it or get a new one.'],
  ])('401: %s', async (reason, detail) => {
    says(reason === 'suspended' || reason === 'expired' ? inactiveAnswer(reason) : { active: false, reason })
    const answer = await get('/', bearer(reason === 'malformed' ? 'garbage' : managedSecret()))
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toEqual([`Bearer error="invalid_token", error_description="${detail}"`])
    expect(answer.headers['cache-control']).toEqual(['no-store'])
    expect(answer.json()).toMatchObject({ detail, code: 'unauthenticated' })
    expect(answer.body).not.toContain(organizationA)
  })

  test('403: a scope that is not enough', async () => {
    says({ active: false, reason: 'insufficient_scope' })
    const answer = await get('/', bearer(managedSecret()))
    expect(answer.status).toBe(403)
    expect(answer.headers['www-authenticate']?.[0]).toMatch(/^Bearer error="insufficient_scope"/)
    expect(answer.json()).toMatchObject({ code: 'insufficient_scope' })
  })

  test('403: a member where an admin is wanted; 200 for the admin', async () => {
    expect((await get('/admin', bearer(managedSecret()))).status).toBe(200)
    says(activeAnswer({ role: 'member' }))
    const answer = await get('/admin', bearer(managedSecret()))
    expect(answer.status).toBe(403)
    expect(answer.json()).toMatchObject({ code: 'forbidden', detail: 'Only admins of the organization may do this.' })
  })

  test('503: nobody can know', async () => {
    server.answers.introspect = (res) => void res.writeHead(503).end()
    const answer = await get('/', bearer(managedSecret()))
    expect(answer.status).toBe(503)
    expect(answer.headers['retry-after']).toEqual(['1'])
    expect(answer.json()).toMatchObject({ code: 'unavailable' })
  })

  test('400: two Authorization headers, though both are good', async () => {
    const token = managedSecret()
    for (const headers of [
      [bearer(token), bearer(token)],
      [bearer(token), ['Authorization', 'Basic YTpi'] as const],
      [['Authorization', `Bearer ${token}, Bearer ${token}`] as const],
    ]) {
      const answer = await get('/', ...headers)
      expect(answer.status).toBe(400)
      expect(answer.json()).toMatchObject({ code: 'bad_request', detail: 'Send one Authorization header.' })
    }
  })

  test('E4: the organization of the header, of the path, of both when they agree', async () => {
    const named = async (path: string, ...headers: (readonly [string, string])[]) => {
      const asked = server.next('introspect')
      expect((await get(path, bearer(managedSecret()), ...headers)).status).toBe(200)
      return new URLSearchParams((await asked).body).get('organization')
    }
    expect(await named('/')).toBeNull()
    expect(await named('/', ['IB-Context', organizationA])).toBe(organizationA)
    expect(await named('/', ['IB-Context', ''])).toBeNull()
    expect(await named('/', ['IB-Context', ' '], ['IB-Context', organizationA])).toBe(organizationA)
    expect(await named(`/of/${organizationA}`, ['IB-Context', ''])).toBe(organizationA)
    expect(await named(`/of/${organizationA}`)).toBe(organizationA)
    expect(await named(`/of/${organizationA}`, ['IB-Context', organizationA])).toBe(organizationA)
  })

  test.each<[string, string, (readonly [string, string])[]]>([
    ['no id', '/', [['IB-Context', 'acme']]],
    [
      'two of them',
      '/',
      [
        ['IB-Context', organizationA],
        ['IB-Context', organizationA],
      ],
    ],
    ['another than the path', `/of/${organizationB}`, [['IB-Context', organizationA]]],
  ])('400: an IB-Context that is %s', async (_what, path, headers) => {
    const answer = await get(path, bearer(managedSecret()), ...headers)
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'bad_request' })
  })
})

test('each refusal is a Response of its own, which a host may change', async () => {
  const check = createCheck(verifier)
  const [first, second] = [await check(new Request('http://host/')), await check(new Request('http://host/'))]
  if (!(first instanceof Response && second instanceof Response)) throw new Error('nobody was refused')
  first.headers.set('access-control-allow-origin', 'https://app.example')
  expect(second.headers.has('access-control-allow-origin')).toBe(false)
  expect([await first.text(), await second.text()]).toEqual([
    expect.stringMatching('401'),
    expect.stringMatching('401'),
  ])
})

test('a role that nobody holds is told at the start', () => {
  expect(() => createCheck(verifier, { role: 'owner' as 'admin' })).toThrow('role')
  expect(() => forHono.portcullis(verifier, { role: 'owner' as 'admin' })).toThrow('role')
})

test('without the middleware nothing was verified', () => {
  expect(() => forHono.verificationOf({})).toThrow('middleware')
  expect(() => forFastify.verificationOf({})).toThrow('hook')
  expect(() => forExpress.verificationOf({ locals: {} })).toThrow('middleware')
})
