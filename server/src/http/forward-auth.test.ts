import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type GateServer, gateServer, organizationA, organizationB, resourceKey } from '../../test/gate-server.ts'
import { ask, type RawRequest } from '../../test/raw-http.ts'
import { newSecret } from '../features/tokens/rules.ts'

let it: GateServer
beforeAll(async () => {
  it = await gateServer()
})
afterAll(() => it.server.stop({ announceMs: 0, deadlineMs: 100 }))

const bearer = (secret: string) => ['Authorization', `Bearer ${secret}`] as const
const forward = (headers: RawRequest['headers'] = [], over: Partial<RawRequest> = {}) =>
  ask(it.port, { path: '/forward-auth', headers, ...over })

const six = [
  'x-portcullis-organization',
  'x-portcullis-account',
  'x-portcullis-account-kind',
  'x-portcullis-role',
  'x-portcullis-groups',
  'x-portcullis-token',
] as const

describe('a good token', () => {
  test('200: six headers, no body, not to be stored', async () => {
    const answer = await forward([bearer(it.issue())])
    expect(answer.status).toBe(200)
    expect(six.map((name) => answer.headers[name])).toEqual([
      [organizationA],
      ['mem_01jd7z0000e1a8m3r5t7v9x1z3'],
      ['member'],
      ['admin'],
      ['grp_01jd7z0000e1a8m3r5t7v9x1z3,grp_01jd7z0000e1a8m3r5t7v9x1z4'],
      ['tok_01jd7z0000e1a8m3r5t7v9x1z3'],
    ])
    expect(answer.body).toBe('')
    expect(answer.headers['cache-control']).toEqual(['no-store'])
    expect(answer.headers['x-request-id']).toHaveLength(1)
  })

  test('200: all six, though the account is in no group', async () => {
    const answer = await forward([bearer(it.issue({ groups: [] }))])
    for (const name of six) expect(answer.headers[name]).toHaveLength(1)
    expect(answer.headers['x-portcullis-groups']).toEqual([''])
  })

  test.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE'])(
    '200: %s',
    async (method) => {
      const answer = await forward([bearer(it.issue())], { method })
      expect(answer.status).toBe(200)
      expect(answer.headers['x-portcullis-role']).toEqual(['admin'])
    },
  )

  test.each([
    '/forward-auth/',
    '/forward-auth/v1/chat?access_token=abc&token=def',
    '/forward-auth?token=pcu_x',
    '/forward-auth/%00/a..%2fb/%zz',
    '/forward-auth/oauth2/introspect',
  ])('200: what stands below is ignored: %s', async (path) => {
    expect((await forward([bearer(it.issue())], { path })).status).toBe(200)
  })

  test('200: cookies and a body are ignored, and an unfinished body is not waited for', async () => {
    const secret = it.issue()
    const cookie = ['Cookie', 'better-auth.session_token=x; a=b'] as const
    expect((await forward([bearer(secret), cookie], { method: 'POST', body: 'x'.repeat(200_000) })).status).toBe(200)
    const head = `POST /forward-auth HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${secret}\r\nContent-Length: 1000\r\n\r\nabc`
    const socket = connect(it.port, '127.0.0.1', () => socket.write(head))
    const first = await new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(String(chunk))))
    socket.destroy()
    expect(first).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('200: a good token again after a hundred refused ones (N4: refusals ban nobody)', async () => {
    const secret = it.issue()
    for (let i = 0; i < 100; i += 1) {
      expect((await forward([bearer(newSecret('member', (size) => randomBytes(size)))])).status).toBe(401)
    }
    expect((await forward([bearer(secret)])).status).toBe(200)
  })
})

describe('a refused token', () => {
  const helpful: [string, () => string, string][] = [
    [
      'suspended',
      () => it.issue({ creation: 'none' }),
      "The organization's settings suspend this API token. Nothing was deleted; ask an admin.",
    ],
    ['expired', () => it.issue({ expires_at: new Date(0) }), 'The token has expired. Refresh it or get a new one.'],
    ['revoked', () => it.issue({ revoked: true }), 'The token is not valid.'],
    ['owner removed', () => it.issue({ owner_removed: true }), 'The token is not valid.'],
    ['unknown', () => newSecret('member', (size) => randomBytes(size)), 'The token is not valid.'],
    ['malformed', () => 'nonsense', 'The token is not valid.'],
    ['two words', () => 'pcu_a pcu_b', 'The token is not valid.'],
    ['nothing', () => '', 'The token is not valid.'],
    ['the resource key', () => resourceKey, 'The token is not valid.'],
    ['24 KiB', () => 'x'.repeat(24 * 1024), 'The token is not valid.'],
    ['Latin-1 letters', () => 'pcu_Ä\u0080', 'The token is not valid.'],
  ]

  test.each(helpful)('401: %s, with a sentence and no way to our own API', async (_what, secret, sentence) => {
    const answer = await forward([bearer(secret())])
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toEqual([
      `Bearer error="invalid_token", error_description="${sentence}"`,
    ])
    expect(answer.headers['content-type']).toEqual(['application/problem+json'])
    expect(answer.json()).toMatchObject({ status: 401, code: 'unauthenticated', detail: sentence })
    expect(answer.json().requestId).toBe(answer.headers['x-request-id']?.[0])
    for (const name of six) expect(answer.headers[name]).toBeUndefined()
  })

  test('401: the answers to an unknown and to a revoked token differ in nothing but the request id', async () => {
    const shape = async (secret: string) => {
      const answer = await forward([bearer(secret)])
      return answer.body.replace(String(answer.json().requestId), '') + answer.headers['www-authenticate']
    }
    const unknown = await shape(newSecret('member', (size) => randomBytes(size)))
    expect(await shape(it.issue({ revoked: true }))).toBe(unknown)
    expect(await shape(it.issue({ owner_removed: true }))).toBe(unknown)
  })

  test('401: without a credential, or with one of another scheme, no error is named (RFC 6750 §3)', async () => {
    for (const headers of [[], [['Authorization', 'Basic dTpw']], [['Cookie', 'token=pcu_x']]] as const) {
      const answer = await forward(headers as RawRequest['headers'])
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toEqual(['Bearer'])
    }
  })

  test('401: a token that is named for another organization', async () => {
    const context = ['IB-Context', organizationB] as const
    const answer = await forward([bearer(it.issue({ creation: 'none' })), context])
    expect(answer.status).toBe(401)
    expect(answer.json().detail).toBe('The token is not valid.')
  })

  test('200: named for its own organization', async () => {
    expect((await forward([bearer(it.issue()), ['IB-Context', organizationA]])).status).toBe(200)
  })

  test('503: the gate cannot know', async () => {
    it.database.away = true
    const answer = await forward([bearer(it.issue())])
    it.database.away = false
    expect(answer.status).toBe(503)
    expect(answer.headers['retry-after']).toEqual(['1'])
    expect(answer.json()).toMatchObject({ code: 'unavailable' })
  })

  test('503 turns into 200 by itself: what the database did not say is not remembered', async () => {
    const secret = it.issue()
    it.database.away = true
    expect((await forward([bearer(secret)])).status).toBe(503)
    it.database.away = false
    expect((await forward([bearer(secret)])).status).toBe(200)
  })
})

describe('the role that the proxy requires', () => {
  const requires = (role: string, over = {}) => forward([bearer(it.issue(over)), ['X-Portcullis-Require-Role', role]])

  test('200: an admin where an admin is required, and anybody where a member is', async () => {
    expect((await requires('admin')).status).toBe(200)
    expect((await requires('member', { role: 'member' })).status).toBe(200)
  })

  test('403: a member where an admin is required', async () => {
    const answer = await requires('admin', { role: 'member' })
    expect(answer.status).toBe(403)
    expect(answer.json()).toMatchObject({ code: 'forbidden', status: 403 })
    expect(answer.headers['www-authenticate']).toEqual([
      'Bearer error="insufficient_scope", error_description="Only admins of the organization may do this."',
    ])
  })

  test('401: a suspended admin is told of the suspension, not of a role', async () => {
    expect((await requires('admin', { creation: 'none' })).status).toBe(401)
  })

  test.each(['', 'owner', 'ADMIN', 'admin, admin'])(
    '400: a role that nobody holds shuts the door: "%s"',
    async (role) => {
      expect((await requires(role)).status).toBe(400)
    },
  )

  test('400: a client’s own header beside the proxy’s cannot loosen it', async () => {
    const headers = [
      ['X-Portcullis-Require-Role', 'member'],
      ['X-Portcullis-Require-Role', 'admin'],
    ] as const
    expect((await forward([bearer(it.issue({ role: 'member' })), ...headers])).status).toBe(400)
  })
})

describe('bad input', () => {
  test('400: two credentials, in any spelling of the header’s name', async () => {
    const secret = it.issue()
    for (const second of [bearer(secret), ['authorization', 'Basic dTpw'], ['AUTHORIZATION', '']] as const) {
      const answer = await forward([bearer(secret), second])
      expect(answer.status).toBe(400)
      expect(answer.json()).toMatchObject({ code: 'bad_request' })
    }
  })

  test.each([
    'acme',
    'org_',
    'org_01JD7Z0000E1A8M3R5T7V9X1Z3',
    'x'.repeat(10_000),
    `${organizationA}, ${organizationA}`,
  ])('400: IB-Context that is no id: %s', async (id) => {
    expect((await forward([bearer(it.issue()), ['IB-Context', id]])).status).toBe(400)
  })

  test.each([
    [['IB-Context', '']],
    [['IB-Context', '  ']],
    [
      ['IB-Context', ''],
      ['IB-Context', organizationA],
    ],
  ] as const)('200: an empty IB-Context counts as absent: %j', async (...headers) => {
    expect((await forward([bearer(it.issue()), ...headers])).status).toBe(200)
  })

  test('400: two organizations', async () => {
    const both = [
      ['IB-Context', organizationA],
      ['IB-Context', organizationB],
    ] as const
    expect((await forward([bearer(it.issue()), ...both])).status).toBe(400)
  })

  test('404: paths that only begin alike are the router’s', async () => {
    for (const path of ['/forward-authx', '/forward-auth%2f', '/Forward-Auth', '//forward-auth', '/x/forward-auth']) {
      expect((await forward([bearer(it.issue())], { path })).status).toBe(404)
    }
  })

  test('400: control characters in a header', async () => {
    expect((await forward([['Authorization', 'Bearer a\u0000b']])).status).toBe(400)
  })

  test('431: headers over 32 KiB; 401 below', async () => {
    const answer = await forward([bearer('x'.repeat(40 * 1024))])
    expect(answer.status).toBe(431)
    expect(answer.json()).toMatchObject({ code: 'headers_too_large' })
    expect((await forward([bearer('x'.repeat(31 * 1024))])).status).toBe(401)
  })
})

test('metrics count each outcome, by door', async () => {
  const fresh = await gateServer()
  const send = (headers: RawRequest['headers']) => ask(fresh.port, { path: '/forward-auth', headers: headers ?? [] })
  const good = fresh.issue()
  await send([bearer(good)])
  await send([bearer(good)])
  await send([bearer(fresh.issue({ creation: 'none' }))])
  await send([bearer(fresh.issue({ creation: 'none' }))])
  await send([])
  await send([bearer('x')])
  const page = await ask(fresh.port, { path: '/metrics', headers: [['Authorization', `Bearer ${resourceKey}`]] })
  const counted = page.body.split('\n').filter((line) => line.startsWith('portcullis_gate_decisions_total'))
  expect(counted.sort()).toEqual([
    'portcullis_gate_decisions_total{door="forward_auth",outcome="active"} 2',
    'portcullis_gate_decisions_total{door="forward_auth",outcome="malformed"} 1',
    'portcullis_gate_decisions_total{door="forward_auth",outcome="missing"} 1',
    'portcullis_gate_decisions_total{door="forward_auth",outcome="suspended"} 2',
  ])
  const decided = page.body.split('\n').filter((line) => line.startsWith('portcullis_gate_decided_from_total'))
  expect(decided.sort()).toEqual([
    'portcullis_gate_decided_from_total{from="database"} 3',
    'portcullis_gate_decided_from_total{from="form"} 1',
    'portcullis_gate_decided_from_total{from="memory"} 1',
  ])
  await fresh.server.stop({ announceMs: 0, deadlineMs: 100 })
})
