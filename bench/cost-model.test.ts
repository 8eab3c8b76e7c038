import fc from 'fast-check'
import { expect, test } from 'vitest'
import { costText } from './cost.ts'
import { type Given, type InputName, inProcess, inputs, type Needs, overHttp } from './cost-model.ts'

const given = (more: Partial<Given> = {}): Given => ({
  ...(Object.fromEntries(Object.entries(inputs).map(([name, { value }]) => [name, value])) as Given),
  ...more,
})

/** Figures that can be reckoned by hand: 1,000 a second in the mean, as many at the peak, and nothing is forgotten. */
const byHand = given({
  'verifications-per-day': 86_400_000,
  'peak-factor': 1,
  tokens: 1000,
  evenness: 1,
  hosts: 10,
  'host-restarts-per-day': 0,
  'changes-per-day': 0,
  utilization: 0.5,
  'least-processes': 1,
  'http-micros': 500,
  'verify-micros': 5,
  'database-micros': 100,
  'use-micros': 0,
  'uses-every-seconds': 10,
  'server-bytes-per-token': 0,
  'sdk-bytes-per-token': 1024 ** 2,
  'server-base-mb': 512,
  'connections-per-process': 11,
  'price-per-core-hour': 0.1,
  'price-per-gb-hour': 0,
})

test('over HTTP: 1,000 a second at 500 µs keep half a core busy, which is one core half used', () => {
  expect(overHttp(byHand)).toMatchObject({
    processes: 1,
    serverCores: 1,
    hostCores: 0,
    serverMemoryGb: 0.5,
    connections: 11,
  })
  // One round trip for each of 1,000 tokens after a start a day, four for the lease, one to tell of itself.
  expect(overHttp(byHand).databaseReadsPerSecond).toBeCloseTo(1000 / 86_400 + 5)
})

test('in process: the servers see leases alone, ten hosts at four a second', () => {
  const needs = inProcess(byHand)
  expect(needs.serverCores).toBeCloseTo((40 * 500) / 1e6 / 0.5)
  expect(needs.hostCores).toBeCloseTo((1000 * 5) / 1e6 / 0.5)
  expect(needs.hostMemoryGb).toBeCloseTo((10 * 1000) / 1024)
})

test('the cost is that of cores and memory by the hour', () => {
  const needs = overHttp(byHand)
  expect(needs.costPerDay).toBeCloseTo(24 * 0.1 * (1 + needs.databaseCores))
  expect(needs.costPerBillion).toBeCloseTo((needs.costPerDay / 86_400_000) * 1e9)
})

test('tokens beyond what a process may remember are asked of the database, and never more often than somebody asks', () => {
  const bounded = { ...byHand, 'server-remembers': 250 }
  expect(overHttp(bounded).databaseReadsPerSecond).toBeCloseTo(0.75 * 1000 + 1000 / 86_400 + 5)
  expect(overHttp({ ...byHand, tokens: 1e12 }).databaseReadsPerSecond).toBeLessThanOrEqual(1005)
  expect(overHttp({ ...bounded, evenness: 0.5 }).databaseReadsPerSecond).toBeCloseTo(0.375 * 1000 + 1000 / 86_400 + 5)
})

test('a token that is used on and on is written once for each report; one that is used once, once', () => {
  // One process, ten thousand uses of a thousand tokens in ten seconds: nearly all of them are in each report.
  expect(overHttp(byHand).databaseUsesPerSecond).toBeCloseTo(100, 0)
  expect(overHttp({ ...byHand, tokens: 1e9 }).databaseUsesPerSecond).toBeCloseTo(1000, 0)
  // Ten hosts have a report each, with the tokens that each has seen.
  const each = 100 * (1 - Math.exp(-1))
  expect(inProcess(byHand).databaseUsesPerSecond).toBeCloseTo(10 * each)
})

test('more hosts than one process has streams for need more processes', () => {
  expect(inProcess({ ...byHand, hosts: 2500, 'streams-per-process': 1000, 'http-micros': 1 }).processes).toBe(3)
})

test.each([
  ['over HTTP', overHttp],
  ['in process', inProcess],
])('%s: more of anything never takes less', (_, needsOf) => {
  const grows: InputName[] = ['verifications-per-day', 'tokens', 'hosts', 'changes-per-day', 'price-per-core-hour']
  const amount = fc.integer({ min: 1, max: 1_000_000 })
  // Their sum may fall where tokens outgrow a verifier's memory: what it looks up is counted by fewer, who write less.
  const sumOf = ({ costPerDay }: Needs) => costPerDay
  const partsOf = (it: Needs) => it.serverCores + it.serverMemoryGb + it.hostMemoryGb + it.databaseReadsPerSecond
  fc.assert(
    fc.property(
      fc.constantFrom(...grows),
      amount,
      fc.double({ min: 1, max: 100, noNaN: true }),
      (name, value, factor) => {
        const few = needsOf(given({ [name]: value }))
        const many = needsOf(given({ [name]: value * factor }))
        const figure = name === 'tokens' ? partsOf : sumOf
        expect(figure(many)).toBeGreaterThanOrEqual(figure(few) * (1 - 1e-9))
      },
    ),
  )
})

test('the table names both ways, and where each figure comes from', () => {
  const text = costText(given())
  expect(text).toMatch(/over HTTP +in process/)
  for (const name of Object.keys(inputs)) expect(text).toContain(`--${name}`)
})
