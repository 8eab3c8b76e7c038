import { beforeAll, describe, expect, test } from 'vitest'
import type { AnyRoute } from '../src/http/route.ts'
import { routes } from '../src/routes.ts'
import { openTestDatabase, type TestDatabase } from './databases.ts'
import { type Answer, type Harness, harness, publicUrl } from './harness.ts'
import { type Cell, type Stage, setStage, table } from './route-table.ts'

/* What no shape lets in is stopped before any SQL, so one database is enough here. */

const mebibyte = 1024 * 1024

/** Values that no field of any route takes, whatever its type. */
const poison: Record<string, unknown> = {
  'a NUL': 'a\0b',
  'a lone surrogate': 'a\ud800b',
  'a huge text': 'x'.repeat(100_000),
  'a huge number': 1e308,
  'an object': { $ne: null },
  'a list of lists': [[[]]],
  'a wrong kind of list': [{}],
  'a control character': 'a\u0007b',
  'a line separator': 'a\u2028b',
}

/** Free text may break its lines in any way; of a password only a hash is kept, and of a token to check nothing, so any text will do. */
const welcome: Record<string, string[]> = {
  description: ['a line separator'],
  text: ['a line separator'],
  password: ['a NUL', 'a lone surrogate', 'a control character', 'a line separator'],
  token: ['a NUL', 'a lone surrogate', 'a huge text', 'a control character', 'a line separator'],
}

/** Bodies that are wrong as a whole, and the answer to each. */
const wholes: Record<string, { body: string | Uint8Array; headers?: Record<string, string>; status: number }> = {
  'broken JSON': { body: '{"name":', status: 400 },
  'no body': { body: '', status: 400 },
  'deep nesting': { body: '['.repeat(100_000) + ']'.repeat(100_000), status: 422 },
  'unclosed deep nesting': { body: '{"a":'.repeat(100_000), status: 400 },
  'not UTF-8': { body: new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), status: 400 },
  'UTF-16': { body: new Uint8Array(Buffer.from('{"name":"a"}', 'utf16le')), status: 400 },
  'a list instead of an object': { body: '[]', status: 422 },
  null: { body: 'null', status: 422 },
  'a number that overflows': { body: '1e999', status: 422 },
  'more than a mebibyte': { body: JSON.stringify({ name: 'x'.repeat(mebibyte) }), status: 413 },
  'another content type': {
    body: 'name=a',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 415,
  },
  'no content type': { body: '{}', headers: { 'content-type': '' }, status: 415 },
  'another charset, which has no effect': {
    body: '{"name":',
    headers: { 'content-type': 'application/json; charset=latin1' },
    status: 400,
  },
  'a compressed body': { body: '{}', headers: { 'content-encoding': 'gzip' }, status: 415 },
}

const withBody = routes.filter((route) => route.body !== undefined)
const withQuery = routes.filter((route) => route.query !== undefined)
const named = (list: readonly AnyRoute[]) => list.map((route) => [route.id, route] as const)

describe('bad input', () => {
  let it: Harness
  let stage: Stage
  let database: TestDatabase
  beforeAll(async () => {
    database = await openTestDatabase('embedded')
    it = await harness(database, { allowedJwksHosts: ['127.0.0.1'] })
    stage = await setStage(it)
    return async () => {
      stage.idp.close()
      await it.lease.close()
      await database.drop()
    }
  })

  const cellOf = async (route: AnyRoute): Promise<Cell> => (await table[route.id]?.ask?.(stage, it, 'admin')) ?? {}
  const urlOf = (route: AnyRoute, cell: Cell) =>
    route.path.replace(/\{(\w+)\}/g, (_: string, name: string) => ({ org: stage.org.id, ...cell.path })[name] ?? '')
  const send = (route: AnyRoute, cell: Cell, body: unknown, headers: Record<string, string> = {}) =>
    it.call(route.method.toUpperCase(), urlOf(route, cell), {
      as: route.who === 'anyone' ? undefined : stage.org.admin,
      body,
      headers: { ...cell.headers, ...headers },
    })

  const isClear = (answer: Answer) => {
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.body).toMatchObject({
      status: answer.status,
      code: expect.stringMatching(/^[a-z_]+$/),
      title: expect.any(String),
      detail: expect.any(String),
    })
    expect(JSON.stringify(answer.body)).not.toMatch(/\bat .*\.ts:|select |insert |node_modules/)
  }

  test.each(named(withBody))('%s: bodies that are wrong as a whole', async (_, route) => {
    const cell = await cellOf(route)
    for (const [what, { body, headers = {}, status }] of Object.entries(wholes)) {
      const request = new Request(new URL(urlOf(route, cell), publicUrl), {
        method: route.method.toUpperCase(),
        headers: {
          'content-type': 'application/json',
          ...(route.who === 'anyone' ? {} : { cookie: stage.org.admin.cookie, origin: publicUrl }),
          ...cell.headers,
          ...headers,
        },
        body,
      })
      if (headers['content-type'] === '') request.headers.delete('content-type')
      const response = await it.router.fetch(request)
      expect([what, response.status]).toEqual([what, status])
      expect(response.headers.get('content-type')).toBe('application/problem+json')
    }
  })

  test.each(named(withBody))(
    '%s: 422 with the path of each fault, for every field and every poison',
    async (_, route) => {
      const cell = await cellOf(route)
      const good = cell.body as Record<string, unknown>
      const fields = Object.keys((route.body as { shape?: object }).shape ?? {})
      for (const field of fields) {
        for (const [what, value] of Object.entries(poison)) {
          if (welcome[field]?.includes(what)) continue
          const answer = await send(route, cell, { ...good, [field]: value })
          expect([field, what, answer.status]).toEqual([field, what, 422])
          isClear(answer)
          expect(
            answer.body.errors.every(
              (fault: { path: string }) => fault.path === field || fault.path.startsWith(`${field}.`),
            ),
          ).toBe(true)
        }
      }
      const unknown = await send(route, cell, { ...good, surprise: 1, __proto__: { admin: true } })
      expect(unknown).toMatchObject({ status: 422, body: { errors: [{ path: 'surprise' }] } })
    },
  )

  test.each(named(withQuery))('%s: 422 for every poison in the query', async (_, route) => {
    const cell = await cellOf(route)
    const fields = Object.keys((route.query as { shape: object }).shape)
    const ask = (query: string) =>
      it.call(route.method.toUpperCase(), `${urlOf(route, cell)}?${query}`, { as: stage.org.admin })
    for (const field of fields) {
      for (const value of ['a%00b', 'x'.repeat(5000), '%ED%A0%80', 'a%07b', '%E2%80%A8']) {
        const answer = await ask(`${field}=${value}`)
        // Broken UTF-8 becomes U+FFFD in a URL, which is plain text to look for; all else is a fault.
        expect([field, value, answer.status === 422 || (field === 'search' && value === '%ED%A0%80')]).toEqual([
          field,
          value,
          true,
        ])
        if (answer.status !== 200) isClear(answer)
      }
      expect((await ask(`${field}=a&${field}=b`)).status).toBe(422)
    }
    expect((await ask('surprise=1')).status).toBe(422)
  })

  test.each(['0', '-1', '1.5', '201', '999999999999', '1e2', 'NaN', ''])('422: limit=%s', async (limit) => {
    expect((await it.call('GET', `${stage.org.path}/tokens?limit=${limit}`, { as: stage.org.admin })).status).toBe(422)
  })

  test.each([
    '%00',
    '..%2f..%2fetc%2fpasswd',
    'tok_',
    'tok_01h455vb4pex5vsknk084sn02q%00',
    `tok_${'0'.repeat(500)}`,
    '%F0%9F%98%80',
  ])('404: a path with %s', async (part) => {
    const answer = await it.call('GET', `${stage.org.path}/tokens/${part}`, { as: stage.org.admin })
    expect(answer.status).toBe(404)
    isClear(answer)
  })

  test('201: names are any text that people use, trimmed and given back as they are', async () => {
    const names = [
      'Zoë Müller-Łukasz',
      '名前',
      'اسم',
      '👩‍👩‍👧‍👦 family',
      "Robert'); drop table tokens;--",
      '<script>alert(1)</script>',
      '=cmd|’ /C calc’!A0',
      '😀'.repeat(100),
      'ﬁ',
      'ı',
      '%_\\',
    ]
    for (const name of names) {
      const made = await it.call('POST', `${stage.org.path}/tokens`, {
        as: stage.org.admin,
        body: { name: `  ${name}  ` },
      })
      expect([name, made.status, made.body.token?.name]).toEqual([name, 201, name])
    }
    expect(
      (await it.call('POST', `${stage.org.path}/tokens`, { as: stage.org.admin, body: { name: '😀'.repeat(101) } }))
        .status,
    ).toBe(422)
    expect(
      (await it.call('POST', `${stage.org.path}/tokens`, { as: stage.org.admin, body: { name: ' \u3000 ' } })).status,
    ).toBe(422)
  })
})
