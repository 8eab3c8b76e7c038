import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { type Answer, faultsOf, isLarge, type Sent, send } from './fuzz-answer.ts'
import { type ApiDocument, type Operation, readDocument } from './fuzz-document.ts'
import { type Plan, plansOf, sentOf } from './fuzz-request.ts'
import type { World } from './fuzz-world.ts'
import { password } from './harness.ts'

export interface FuzzOptions {
  seed: number
  /** How many requests; or until the time is over. */
  requests: number
  untilMs?: number | undefined
}

export interface Finding {
  /** With the run's seed, this names the request. */
  index: number
  operation: string
  faults: string[]
  request: string
  answer: string
}

export interface FuzzReport {
  requests: number
  statuses: Record<string, number>
  /** Operations that never did what they are for. */
  neverDone: string[]
  findings: Finding[]
  /** Bytes after a collection of garbage, and what memory of tokens was full of, from the first to the last. */
  heaps: { requests: number; bytes: number; remembered: number }[]
}

/** An organization that many destructive requests have gone through has little left to ask about. */
const requestsPerWorld = 400
const mostFindings = 30

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const cut = (text: string, most = 600) => (text.length > most ? `${text.slice(0, most)}… (${text.length})` : text)

/** What the request was admitted by, or tried to be: the answer must not repeat it. */
function secretsOf({ headers }: Sent): string[] {
  const presented = headers.flatMap(([name, value]) => {
    if (name === 'Cookie') return value.split(';').map((it) => it.slice(it.indexOf('=') + 1).trim())
    return name === 'Authorization' || name === 'X-API-Key' ? [value.replace(/^\w+ +/, '')] : []
  })
  return [password, ...presented].filter((it) => it.length >= 20)
}

const told = ({ method, target, headers, body }: Sent) =>
  cut(
    `${method} ${cut(target, 300)}\n${headers.map((it) => cut(it.join(': '), 120)).join('\n')}\n\n${cut(body?.toString() ?? '')}`,
    2_000,
  )

/** E7, N2: a provider whose keys cannot be fetched, since a request moved them, has tokens that nobody can judge. */
async function mayBeAway(world: World, { headers, body }: Sent): Promise<boolean> {
  const texts = [...headers.map(([, value]) => value), body?.toString() ?? '']
  const isForeign = texts.some((it) => /\beyJ[\w-]+\.[\w-]+\.[\w-]+/.test(it))
  return isForeign && (await world.keysAreAway())
}

async function ask(document: ApiDocument, world: World, sent: Sent): Promise<{ answer?: Answer; faults: string[] }> {
  try {
    let answer = await send(world.port, sent)
    // The lease ends when a busy machine lets nobody run for a second (N3): once it is back there is an answer.
    if (answer.status === 503) {
      await world.renewLease()
      answer = await send(world.port, sent)
    }
    const faults = faultsOf(document, sent, answer, secretsOf(sent))
    return { answer, faults: answer.status === 503 && (await mayBeAway(world, sent)) ? [] : faults }
  } catch (error) {
    return { faults: isLarge(sent) ? [] : [`no answer: ${error}`] }
  }
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const headersOf = (answer: Answer) => {
  const headers = new Headers()
  for (const it of answer.headers['set-cookie'] ?? []) headers.append('set-cookie', it)
  return headers
}

/** Sessions and memberships that are there no more take the world's own people with them. */
const endsSomething = ({ method, target }: Sent) => method !== 'GET' && /^\/api\/auth\/|\/members\//.test(target)

/** Asks every operation in turn, whatever it says, and collects what was wrong with the answers. */
export async function fuzz(world: World, { seed, requests, untilMs }: FuzzOptions): Promise<FuzzReport> {
  const document = readDocument()
  const all = document.operations.map((it): [Operation, fc.Arbitrary<Plan>] => [it, plansOf(it, document)])
  const setUp = all.filter(([{ path }]) => path.startsWith('/api/v1/setup/'))
  const report: FuzzReport = { requests: 0, statuses: {}, neverDone: [], findings: [], heaps: [] }
  const done = new Set<string>()
  const seen = new Set<string>()

  const weigh = async () => {
    collectGarbage()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    report.heaps.push({
      requests: report.requests,
      bytes: heapUsed + arrayBuffers,
      remembered: await world.remembered(),
    })
  }

  const step = async (operation: Operation, plans: fc.Arbitrary<Plan>, index: number) => {
    const [plan] = fc.sample(plans, { seed: seed + index, numRuns: 1 })
    const sent = await sentOf(world, plan as Plan)
    const { answer, faults } = await ask(document, world, sent)
    report.requests += 1
    const status = String(answer?.status ?? 'none')
    report.statuses[status] = (report.statuses[status] ?? 0) + 1
    const key = `${operation.id} ${faults.map((it) => it.slice(0, 100))}`
    if (faults.length > 0 && !seen.has(key) && report.findings.length < mostFindings) {
      seen.add(key)
      const text = answer ? `${answer.status} ${cut(answer.text)}` : ''
      report.findings.push({ index, operation: operation.id, faults, request: told(sent), answer: text })
    }
    if (!answer || answer.status >= 300) return
    done.add(operation.id)
    world.collect(jsonOf(answer.text), 'own', headersOf(answer))
    if (endsSomething(sent)) await world.mend()
  }

  const goesOn = (index: number) => (untilMs === undefined ? index < requests : Date.now() < untilMs)
  // Only before the first organization is there anything to set up.
  for (let i = 0; i < 40; i += 1) {
    const [operation, plans] = setUp[i % setUp.length] as (typeof all)[number]
    await step(operation, plans, -1 - i)
  }
  let weighAt = Date.now()
  for (let index = 0; goesOn(index); index += 1) {
    if (index % requestsPerWorld === 0) await world.renew()
    const [operation, plans] = all[index % all.length] as (typeof all)[number]
    await step(operation, plans, index)
    if (untilMs !== undefined && Date.now() >= weighAt) {
      await weigh()
      weighAt += 15_000
    }
  }
  await weigh()
  report.neverDone = document.operations.map(({ id }) => id).filter((id) => !done.has(id))
  return report
}
