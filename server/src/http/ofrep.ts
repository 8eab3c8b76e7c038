import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answers, BulkAnswer, Evaluations } from '../features/evaluation/actions.ts'
import { isUnchanged } from '../features/evaluation/rules.ts'
import { readJsonObject } from '../kernel/json-object.ts'
import { ok } from '../kernel/result.ts'
import type { Door } from './door.ts'
import { isJson } from './media-type.ts'
import {
  general,
  invalidContext,
  type OfrepRefusal,
  sendFlags,
  sendNotModified,
  sendOfrepRefusal,
  sendPreflight,
  unavailable,
  unreadable,
} from './ofrep-answers.ts'
import { type Called, type Caller, callerOf, type OfrepCallers } from './ofrep-caller.ts'
import { readBytes } from './read-bytes.ts'
import { targetOf } from './target.ts'

export interface OfrepOptions extends OfrepCallers {
  evaluations: Evaluations
  streams: { serve: (req: IncomingMessage, res: ServerResponse, requestId: string, ticket: string) => void }
  /** One answer, for the metrics. */
  count: (route: OfrepRoute, status: number) => void
  /** A bug, or a database that is away: for the log. */
  failed: (error: unknown, requestId?: string) => void
}

export type OfrepRoute = 'one' | 'all' | 'stream' | 'other'

const maxBodyBytes = 64 * 1024
const maxDepth = 16

const bulkPath = '/ofrep/v1/evaluate/flags'
const streamsPath = '/ofrep/v1/streams/'

/** One question on its way to its answer. */
interface Asked {
  req: IncomingMessage
  res: ServerResponse
  requestId: string
  query: string
  /** The feature that is asked for; undefined when all are. */
  key: string | undefined
}

/** A key as its client meant it; what is no percent-encoding is the name of nothing, and is told as it came. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const isObject = (it: unknown): it is Record<string, unknown> =>
  typeof it === 'object' && it !== null && !Array.isArray(it)

const nothing = Buffer.from('{}')

type Named = { ok: true; value: string } | OfrepRefusal

const isName = (it: unknown): it is string => typeof it === 'string' && it !== '' && it.length <= 100

/**
 * F6: the organization is the credential's own, whatever the context says; the resource key alone asks for another.
 * Server SDKs send an empty context, or none at all.
 */
function organizationOf(caller: Caller, body: Buffer): Named {
  const read = readJsonObject(body.byteLength === 0 ? nothing : body, maxDepth)
  if (!read.ok) return unreadable(`The body cannot be taken. ${read.detail}`)
  const context = read.value.context ?? {}
  if (!isObject(context)) return invalidContext('The context is not an object.')
  if (caller.kind === 'of') return ok(caller.organizationId)
  return isName(context.organization)
    ? ok(context.organization)
    : invalidContext('Name the organization in the context: organization, its id or slug.')
}

const flagConfigEtags = (query: string) => (query === '' ? [] : new URLSearchParams(query).getAll('flagConfigEtag'))

/** `POST /ofrep/v1/evaluate/flags` and `…/{key}` (OFREP 0.3): what is on for an organization. */
function evaluation({ evaluations, count, failed, ...callers }: OfrepOptions) {
  const refused = ({ res, requestId, key }: Asked, it: OfrepRefusal) => {
    count(key === undefined ? 'all' : 'one', it.status)
    sendOfrepRefusal(res, requestId, it, key)
  }

  const answerAll = ({ req, res, requestId, query }: Asked, { all, etag }: BulkAnswer) => {
    const ifNoneMatch = req.headers['if-none-match']
    const unchanged = isUnchanged(etag, { ifNoneMatch, flagConfigEtags: flagConfigEtags(query) })
    count('all', unchanged ? 304 : 200)
    if (unchanged) sendNotModified(res, requestId, etag)
    else sendFlags(res, requestId, all, etag)
  }

  const answerOne = (asked: Asked, key: string, answers: Answers) => {
    const body = answers.one(key)
    // F2: one answer for what is unknown, hidden or another organization's.
    if (!body)
      return refused(asked, { ok: false, status: 404, errorCode: 'FLAG_NOT_FOUND', errorDetails: 'No such feature.' })
    count('one', 200)
    sendFlags(asked.res, asked.requestId, body)
  }

  const answer = (asked: Asked, caller: Caller, answers: Answers | undefined) => {
    if (!answers) return refused(asked, invalidContext('There is no such organization.'))
    const accountId = caller.kind === 'of' ? caller.accountId : undefined
    if (asked.key === undefined) answerAll(asked, answers.bulkFor(accountId))
    else answerOne(asked, asked.key, answers)
  }

  const fail = (asked: Asked, error: unknown, refusal = general(500, 'Something went wrong on our side.')) => {
    failed(error, asked.requestId)
    if (asked.res.headersSent) asked.res.destroy()
    else refused(asked, refusal)
  }

  /** Goes on in the same tick where memory answers, since a promise would cost more than the answer (N3: else 503, never a guess). */
  const follow = <T>(asked: Asked, ask: () => T | Promise<T>, next: (it: T) => void) => {
    try {
      const it = ask()
      if (!(it instanceof Promise)) return next(it)
      it.then(next, (error) => fail(asked, error, unavailable('The database is away.'))).catch((error) =>
        fail(asked, error),
      )
    } catch (error) {
      fail(asked, error)
    }
  }

  const evaluate = (asked: Asked, caller: Caller) =>
    readBytes(asked.req, maxBodyBytes, (body) => {
      if (body === 'too_large') return refused(asked, unreadable(`A body holds at most ${maxBodyBytes} bytes.`))
      const organization = organizationOf(caller, body)
      if (!organization.ok) return refused(asked, organization)
      follow(
        asked,
        () => evaluations.answersFor(organization.value),
        (it) => answer(asked, caller, it),
      )
    })

  const sendsJson = ({ headers }: IncomingMessage) =>
    isJson(headers['content-type'] ?? 'application/json') && headers['content-encoding'] === undefined

  const admit = (asked: Asked, caller: Called) => {
    if (!caller.ok) return refused(asked, caller)
    if (!sendsJson(asked.req))
      return refused(asked, unreadable('Send the body as application/json, without an encoding.'))
    evaluate(asked, caller.value)
  }

  return (asked: Asked) =>
    follow(
      asked,
      () => callerOf(callers, asked.req, asked.query),
      (it) => admit(asked, it),
    )
}

/** What a path below /ofrep is, and the methods that it takes. */
function placeOf(path: string): { route: OfrepRoute; methods: string; name?: string } | undefined {
  if (path === bulkPath) return { route: 'all', methods: 'POST, OPTIONS' }
  if (path.startsWith(streamsPath))
    return { route: 'stream', methods: 'GET, OPTIONS', name: path.slice(streamsPath.length) }
  const name = path.startsWith(`${bulkPath}/`) ? path.slice(bulkPath.length + 1) : ''
  return name === '' || name.includes('/') ? undefined : { route: 'one', methods: 'POST, OPTIONS', name }
}

/** Everything below /ofrep, in front of the router; its errors have the protocol's own form. */
export function ofrepDoor(options: OfrepOptions): Door {
  const evaluate = evaluation(options)
  const refused = (res: ServerResponse, requestId: string, it: OfrepRefusal) => {
    options.count('other', it.status)
    sendOfrepRefusal(res, requestId, it)
  }
  return (req, res, requestId) => {
    const { path, query } = targetOf(req)
    if (!path.startsWith('/ofrep/') && path !== '/ofrep') return false
    const place = placeOf(path)
    if (!place) refused(res, requestId, general(404, 'There is nothing here.'))
    else if (req.method === 'OPTIONS') sendPreflight(res, requestId, place.methods)
    else if (req.method !== place.methods.slice(0, place.methods.indexOf(',')))
      refused(res, requestId, general(405, `Use ${place.methods}.`, { Allow: place.methods }))
    else if (place.route === 'stream') options.streams.serve(req, res, requestId, place.name ?? '')
    else evaluate({ req, res, requestId, query, key: place.name === undefined ? undefined : decoded(place.name) })
    return true
  }
}
