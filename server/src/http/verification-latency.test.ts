import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type GateServer, gateServer, resourceKey } from '../../test/gate-server.ts'
import { ask } from '../../test/raw-http.ts'
import { createVerificationLatency } from './verification-latency.ts'

let gate: GateServer
beforeAll(async () => {
  gate = await gateServer()
})
afterAll(() => gate.server.stop({ announceMs: 0, deadlineMs: 100 }))

const key = ['Authorization', `Bearer ${resourceKey}`] as const
const readMetrics = async () => (await ask(gate.port, { path: '/metrics', headers: [key] })).body
const countOf = (page: string, endpoint: string) =>
  Number(
    new RegExp(`^portcullis_verification_duration_seconds_count\\{endpoint="${endpoint}"\\} (\\d+)`, 'm').exec(
      page,
    )?.[1],
  )

test('verifications are counted by endpoint, from memory, from the database and when it is away', async () => {
  const before = await readMetrics()
  expect([countOf(before, 'introspection'), countOf(before, 'forward_auth')]).toEqual([0, 0])
  const secret = gate.issue()
  const form = ['Content-Type', 'application/x-www-form-urlencoded'] as const
  const introspect = (token: string) =>
    ask(gate.port, { method: 'POST', path: '/oauth2/introspect', headers: [key, form], body: `token=${token}` })
  for (const token of [secret, secret, 'malformed']) await introspect(token)
  await ask(gate.port, { path: '/forward-auth', headers: [['Authorization', `Bearer ${secret}`]] })
  // Nothing is verified for a caller without the key, or without a token.
  await ask(gate.port, { method: 'POST', path: '/oauth2/introspect', headers: [form], body: `token=${secret}` })
  await ask(gate.port, { path: '/forward-auth' })
  const page = await readMetrics()
  expect(page).toContain('# TYPE portcullis_verification_duration_seconds histogram')
  expect([countOf(page, 'introspection'), countOf(page, 'forward_auth')]).toEqual([3, 1])
  gate.database.away = true
  await introspect(gate.issue())
  gate.database.away = false
  expect(countOf(await readMetrics(), 'introspection')).toBe(4)
})

test('each bucket holds all smaller ones, and the last holds everything', async () => {
  const registry = new Registry()
  const observe = createVerificationLatency(registry)
  for (const ms of [0, 0.05, 0.06, 3, 10_000]) observe('introspection', ms)
  const page = await registry.metrics()
  const bucket = (le: string) =>
    page
      .split('\n')
      .find((line) => line.includes(`le="${le}"`) && line.includes('endpoint="introspection"'))
      ?.split(' ')[1]
  expect(['0.00005', '0.0001', '0.0025', '0.005', '2.5', '+Inf'].map(bucket)).toEqual(['2', '3', '3', '4', '4', '5'])
  expect(page).toMatch(/_sum\{endpoint="introspection"\} 10\.00311/)
  expect(page).toMatch(/_count\{endpoint="introspection"\} 5/)
})

test('what runs is told', async () => {
  expect(await readMetrics()).toMatch(
    /^portcullis_build_info\{version="\d+\.\d+\.\d+[^"]*",node_version="\d+\.[^"]+"\} 1$/m,
  )
})
