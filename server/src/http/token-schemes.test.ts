import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeOnBoth } from '../../test/databases.ts'
import { type GateServer, gateServer, organizationA } from '../../test/gate-server.ts'
import { type Harness, harness } from '../../test/harness.ts'
import { type OfrepServer, ofrepServer } from '../../test/ofrep-server.ts'
import { ask, type RawRequest } from '../../test/raw-http.ts'

type Headers = NonNullable<RawRequest['headers']>
const basic = (user: string, password = '') => `Basic ${btoa(`${user}:${password}`)}`

describe('forward-auth', () => {
  let closed: GateServer
  let open: GateServer
  beforeAll(async () => {
    closed = await gateServer()
    open = await gateServer({ tokenSchemes: ['x-api-key', 'basic'] })
  })
  afterAll(async () => {
    for (const { server } of [closed, open]) await server.stop({ announceMs: 0, deadlineMs: 100 })
  })
  const forward = ({ port }: GateServer, headers: Headers) => ask(port, { path: '/forward-auth', headers })

  const carriers: [string, (secret: string) => Headers][] = [
    ['X-API-Key', (secret) => [['X-API-Key', secret]]],
    ['the password of Basic', (secret) => [['Authorization', basic('anybody', secret)]]],
    ['the user name of Basic', (secret) => [['authorization', basic(secret)]]],
    [
      'X-API-Key, beside an empty one',
      (secret) => [
        ['X-API-Key', ''],
        ['x-api-key', ` ${secret} `],
      ],
    ],
    [
      'X-API-Key, beside Digest',
      (secret) => [
        ['X-API-Key', secret],
        ['Authorization', 'Digest a="b"'],
      ],
    ],
  ]
  test.each(carriers)('200 where it is allowed, else 401: %s', async (_what, headers) => {
    const answer = await forward(open, headers(open.issue()))
    expect(answer.status).toBe(200)
    expect(answer.headers['x-portcullis-organization']).toEqual([organizationA])
    const refused = await forward(closed, headers(closed.issue()))
    expect(refused.status).toBe(401)
    expect(refused.headers).not.toHaveProperty('x-portcullis-organization')
  })

  test('200: a Bearer token, wherever other schemes are allowed or not', async () => {
    for (const server of [closed, open]) {
      const bearer = ['Authorization', `Bearer ${server.issue()}`] as const
      expect((await forward(server, [bearer])).status).toBe(200)
    }
  })

  test('400: two tokens', async () => {
    const secret = open.issue()
    const key = ['X-API-Key', secret] as const
    for (const headers of [
      [key, key],
      [key, ['Authorization', `Bearer ${secret}`]],
      [key, ['Authorization', basic(secret)]],
    ] as Headers[])
      expect((await forward(open, headers)).status).toBe(400)
  })

  test.each(['Basic', 'Basic ', 'Basic !!!', 'Basic Og==', basic('pcu_x', 'y'), `Basic ${'A'.repeat(20_000)}`])(
    '401: Basic without a token: %s',
    async (authorization) => {
      expect((await forward(open, [['Authorization', authorization]])).status).toBe(401)
    },
  )
})

describeOnBoth('the management API where X-API-Key and Basic are allowed', (openDatabase) => {
  let client: Harness
  let closed: Harness
  let secret: string
  let cookie: string
  beforeAll(async () => {
    const database = await openDatabase()
    client = await harness(database, { tokenSchemes: ['x-api-key', 'basic'] })
    closed = await harness(database)
    const org = await client.newOrganization()
    cookie = org.admin.cookie
    secret = (await org.newToken()).secret
  })
  const me = (headers: Record<string, string>, server = client) => server.call('GET', '/api/v1/me', { headers })

  test('200, and 401 where they are not allowed', async () => {
    for (const headers of [
      { 'x-api-key': secret },
      { authorization: basic('anybody', secret) },
      { authorization: basic(secret) },
    ]) {
      expect((await me(headers)).status).toBe(200)
      expect((await me(headers, closed)).status).toBe(401)
    }
  })

  test('400: two credentials, one of them a session', async () => {
    for (const headers of [
      { 'x-api-key': secret, authorization: `Bearer ${secret}` },
      { 'x-api-key': `${secret}, ${secret}` },
      { 'x-api-key': secret, cookie },
      { authorization: basic(secret), cookie },
    ])
      expect((await me(headers)).status).toBe(400)
  })

  test('200: a session beside Basic credentials that are no token', async () => {
    expect((await me({ authorization: basic('proxy', 'its password'), cookie })).status).toBe(200)
  })
})

describe('OFREP', () => {
  let closed: OfrepServer
  let open: OfrepServer
  beforeAll(async () => {
    closed = await ofrepServer()
    open = await ofrepServer({}, ['basic'])
  })
  afterAll(async () => {
    await closed.close()
    await open.close()
  })

  test('200: a token by Basic, and 401 where it is not allowed; X-API-Key is the protocol’s own', async () => {
    for (const [server, status] of [
      [open, 200],
      [closed, 401],
    ] as const) {
      const evaluate = (headers: Headers) =>
        ask(server.port, { method: 'POST', path: '/ofrep/v1/evaluate/flags', headers, body: '{}' })
      const json = ['Content-Type', 'application/json'] as const
      expect((await evaluate([json, ['Authorization', basic('a', server.issue())]])).status).toBe(status)
      expect((await evaluate([json, ['X-API-Key', server.issue()]])).status).toBe(200)
    }
  })
})
