import type { ServerResponse } from 'node:http'
import type { Lease } from '../db/feed.ts'
import type { VerifierSight } from '../features/propagation/actions.ts'
import { ok, type Result, refuse } from '../kernel/result.ts'
import type { Answering, Asked } from './verifier-asked.ts'

export interface HeadParts {
  lease: Pick<Lease, 'holds' | 'applied' | 'mark' | 'ageMs'>
  /** A verifier told of itself (P11). */
  seen: (it: VerifierSight) => void
}

const verifierName = /^[\w.:@/-]{1,100}$/
const wholeNumber = /^\d{1,15}$/
const maxOutageMs = 300_000

type Read<T> = Result<T, 'bad_request'>

const wrong = (detail: string) => refuse('bad_request', { detail })

/** One parameter, or undefined; twice, none of them is believed. */
function single(query: URLSearchParams, name: string): Read<string | undefined> {
  const [first, second] = query.getAll(name)
  return second === undefined ? ok(first) : wrong(`Send ${name} once.`)
}

function numberIn(query: URLSearchParams, name: string): Read<number> {
  const text = single(query, name)
  if (!text.ok) return text
  const { value = '0' } = text
  return wholeNumber.test(value) ? ok(Number(value)) : wrong(`${name} is a whole number.`)
}

function leavingIn(query: URLSearchParams): Read<boolean> {
  const text = single(query, 'leaving')
  if (!text.ok) return text
  const { value = 'false' } = text
  return value === 'true' || value === 'false' ? ok(value === 'true') : wrong('leaving is true or false.')
}

/** Who asks, when it says so; without a name nothing else of it counts, and what it leaves out is 0. */
function sightOf(text: string): Read<VerifierSight | undefined> {
  const query = new URLSearchParams(text)
  const name = single(query, 'verifier')
  if (!name.ok || name.value === undefined) return name.ok ? ok(undefined) : name
  if (!verifierName.test(name.value)) return wrong('verifier is a name of up to 100 letters, digits and . : @ / _ -')
  const numbers = { applied: 0, agoMs: 0, since: 0, outageMs: 0 }
  for (const key of ['applied', 'agoMs', 'since', 'outageMs'] as const) {
    const number = numberIn(query, key)
    if (!number.ok) return number
    numbers[key] = number.value
  }
  if (numbers.outageMs > maxOutageMs) return wrong(`outageMs is at most ${maxOutageMs}.`)
  const leaving = leavingIn(query)
  return leaving.ok ? ok({ name: name.value, ...numbers, leaving: leaving.value }) : leaving
}

function sendHead(res: ServerResponse, requestId: string, { applied, mark, ageMs }: HeadParts['lease']): void {
  // Rounded up: who reckons with it never takes a lease for longer than it is.
  const body = JSON.stringify({ head: applied, mark, ageMs: Math.ceil(ageMs) })
  res.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Request-Id': requestId,
  })
  res.end(body, 'latin1')
}

/**
 * `GET /v1/head`: the point up to which this process is up to date, and since when it knows that. From it a verifier
 * has a lease of its own (N3); a process without one has none to give.
 */
export const answerHead =
  ({ lease, seen }: HeadParts, { count, refused }: Answering) =>
  (asked: Asked) => {
    const sight = sightOf(asked.query)
    if (!sight.ok) return refused(asked, sight)
    if (sight.value) seen(sight.value)
    if (!lease.holds) return refused(asked, refuse('unavailable', { detail: 'The database has not answered of late.' }))
    count(asked.route, 200)
    sendHead(asked.res, asked.requestId, lease)
  }
