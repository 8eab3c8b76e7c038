import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { resourceKey } from '../../test/gate-server.ts'
import { ask } from '../../test/raw-http.ts'
import { resourceKeys } from './credentials.ts'
import { gateListener } from './gate.ts'

const failures: unknown[] = []
/** A gate with a bug, which fails before or after it had to wait. */
const gate = {
  head: 1,
  mark: '0123456789ab',
  decide: (token: string) => {
    if (token === 'at-once') throw new Error('a bug')
    return Promise.reject(new Error('a later bug'))
  },
}
const door = gateListener(
  { gate, count: () => undefined, failed: (error, requestId) => void failures.push([String(error), requestId]) },
  resourceKeys([resourceKey]),
)
const server = createServer((req, res) => void door(req, res, 'request-1'))

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => new Promise((resolve) => server.close(resolve)))

test.each([
  ['at-once', 'Error: a bug'],
  ['later', 'Error: a later bug'],
])(
  '500: a bug lets nobody in at either door, is told as one fixed sentence and logged with its request id: %s',
  async (token, message) => {
    const { port } = server.address() as AddressInfo
    const key = ['Authorization', `Bearer ${resourceKey}`] as const
    const form = ['Content-Type', 'application/x-www-form-urlencoded'] as const
    const answers = [
      await ask(port, { path: '/forward-auth', headers: [['Authorization', `Bearer ${token}`]] }),
      await ask(port, { method: 'POST', path: '/oauth2/introspect', headers: [key, form], body: `token=${token}` }),
    ]
    for (const answer of answers) {
      expect(answer.status).toBe(500)
      expect(answer.json()).toMatchObject({ code: 'internal', requestId: 'request-1' })
      expect(answer.body).not.toContain('bug')
    }
    expect(answers[1]?.json().error).toBe('server_error')
    expect(failures.splice(0)).toEqual([
      [message, 'request-1'],
      [message, 'request-1'],
    ])
  },
)

test('N3: an answer names the point that was applied before the question, whatever is applied while it waits', async () => {
  const point = { head: 7, mark: '0123456789ab' }
  const waiting = {
    get head() {
      return point.head
    },
    get mark() {
      return point.mark
    },
    decide: async () => {
      Object.assign(point, { head: 8, mark: 'ba9876543210' })
      return { active: false, reason: 'unknown' } as const
    },
  }
  const options = { gate: waiting, count: () => undefined, failed: () => undefined }
  const asked = gateListener(options, resourceKeys([resourceKey]))
  const asking = createServer((req, res) => void asked(req, res, 'request-1'))
  await new Promise<void>((resolve) => asking.listen(0, '127.0.0.1', resolve))
  const { port } = asking.address() as AddressInfo
  const headers = [
    ['Authorization', `Bearer ${resourceKey}`],
    ['Content-Type', 'application/x-www-form-urlencoded'],
  ] as const
  const answer = await ask(port, { method: 'POST', path: '/oauth2/introspect', headers, body: 'token=x' })
  asking.close()
  expect(answer.headers['x-portcullis-head']).toEqual(['7'])
  expect(answer.headers['x-portcullis-mark']).toEqual(['0123456789ab'])
})
