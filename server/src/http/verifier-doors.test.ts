import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resourceKey } from '../../test/gate-server.ts'
import { ask } from '../../test/raw-http.ts'
import { type VerifierServer, verifierServer } from '../../test/verifier-server.ts'

let it: VerifierServer
beforeAll(async () => {
  it = await verifierServer()
  await it.lease.renew()
})
afterAll(() => it.close())

const bearer = ['Authorization', `Bearer ${resourceKey}`] as const
const basic = (password: string, user = 'api') => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

const doors = [
  { method: 'GET', path: '/v1/head' },
  { method: 'GET', path: '/v1/changes' },
  { method: 'POST', path: '/v1/usage' },
] as const

describe.each(doors)('who may ask $method $path', (door) => {
  const as = (...values: string[]) =>
    ask(it.port, { ...door, headers: values.map((value) => ['Authorization', value] as const) })

  test.each([
    ['Bearer with a wrong key', 'Bearer nonsense', 'Bearer error="invalid_token"'],
    ['Bearer with a prefix of the key', `Bearer ${resourceKey.slice(0, -1)}`, 'Bearer error="invalid_token"'],
    ['Basic with a wrong password', basic('nonsense'), 'Basic realm="portcullis", charset="UTF-8"'],
    ['Basic with the key as its name', basic('', resourceKey), 'Basic realm="portcullis", charset="UTF-8"'],
    ['another scheme', `Digest ${resourceKey}`, 'Bearer, Basic realm="portcullis", charset="UTF-8"'],
  ])('401: %s, challenged in its own scheme', async (_how, value, challenge) => {
    const answer = await as(value)
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toEqual([challenge])
    expect(answer.json()).toMatchObject({ code: 'unauthenticated', requestId: answer.headers['x-request-id']?.[0] })
  })

  test('401: nobody', async () => {
    const answer = await as()
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toEqual(['Bearer, Basic realm="portcullis", charset="UTF-8"'])
  })

  test('400: two Authorization headers, though both are good', async () => {
    const answer = await as(bearer[1], bearer[1])
    expect(answer.status).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'bad_request' })
  })

  test('400: a secret in the address, beside a good key', async () => {
    const path = `${door.path}?access_token=${encodeURIComponent(resourceKey)}`
    const answer = await ask(it.port, { ...door, path, headers: [bearer] })
    expect(answer.status).toBe(400)
    expect(answer.body).not.toContain(resourceKey)
  })

  test('404: every other method, HEAD too, as a problem', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
      if (method === door.method) continue
      const answer = await ask(it.port, { method, path: door.path, headers: [bearer] })
      expect([method, answer.status]).toEqual([method, 404])
      expect(answer.headers['content-type']).toEqual(['application/problem+json'])
    }
  })

  test.each(['/', 's', '%2F', '/../head', ';x', '%00'])(
    'the path and nothing else: %j is the router’s',
    async (more) => {
      expect((await ask(it.port, { ...door, path: door.path + more, headers: [bearer] })).status).toBe(418)
    },
  )
})

test('200: as the password of Basic, and in an address of absolute form', async () => {
  const headers = [['Authorization', basic(resourceKey)]] as const
  expect((await ask(it.port, { path: '/v1/head', headers })).status).toBe(200)
  expect((await ask(it.port, { path: 'http://portcullis.example/v1/head', headers: [bearer] })).status).toBe(200)
})

test('every answer is counted by its door and status', async () => {
  const counted = async () => {
    const text = await it.metrics.registry.getSingleMetricAsString('portcullis_verifier_answers_total')
    return Number(/route="head",status="401"} (\d+)/.exec(text)?.[1] ?? 0)
  }
  const before = await counted()
  await ask(it.port, { path: '/v1/head' })
  expect(await counted()).toBe(before + 1)
})

test('500: a bug in what is told of a verifier is logged, and told as one fixed sentence', async () => {
  const { push } = it.seen
  it.seen.push = () => {
    throw new Error('a bug')
  }
  const answer = await ask(it.port, { path: '/v1/head?verifier=a', headers: [bearer] })
  it.seen.push = push
  expect(answer.status).toBe(500)
  expect(answer.body).not.toContain('bug')
  expect(it.logged.splice(0).map(String)).toEqual(['Error: a bug'])
})
