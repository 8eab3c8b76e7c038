import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Invalidation } from '../db/invalidations.ts'
import type { Answers, Evaluations } from '../features/evaluation/actions.ts'
import type { StreamOwner } from '../features/evaluation/rules.ts'
import { general, type OfrepRefusal, sendOfrepRefusal, startEvents, unavailable } from './ofrep-answers.ts'
import { targetOf } from './target.ts'

/** Every bound on what open streams may take of this process. */
export interface StreamBounds {
  streams: number
  perOrganization: number
  /** What a reader may owe before it is cut off: an event has some hundred bytes, and it can always come again. */
  unreadBytes: number
  keepAliveMs: number
}

const usual: StreamBounds = { streams: 5_000, perOrganization: 1_000, unreadBytes: 16 * 1024, keepAliveMs: 15_000 }

interface StreamParts {
  evaluations: Evaluations
  /** O5: false once the account was removed. */
  isAccountLive: (organizationId: string, accountId: string) => Promise<boolean>
  /** Unix milliseconds. */
  now: () => number
  count: (status: number) => void
  failed: (error: unknown) => void
  bounds?: Partial<StreamBounds>
}

interface Stream extends StreamOwner {
  req: IncomingMessage
  res: ServerResponse
  requestId: string
  /** True once its head was sent: until then it is not known whether its account is still there. */
  open: boolean
  endsAtMs: number
  /** The version that the client knows; undefined until it is known here. */
  told: number | undefined
}

/** When clients of a process that stops come back, spread so that they do not all come at once. */
const returnWithinMs = 5_000
/** How soon it is tried again to learn what must be told. */
const retryMs = 1_000

const versionText = /^\d{1,15}$/

/** What a client has seen: the last event's id when it comes back (HTML §9.2.4), else what its address says. */
function seenBy(req: IncomingMessage): number | undefined {
  const lastEventId = req.headers['last-event-id'] as string | undefined
  const text = lastEventId ?? new URLSearchParams(targetOf(req).query).get('since') ?? ''
  return versionText.test(text) ? Number(text) : undefined
}

/** An event tells that something changed, and no more: whoever may still ask learns what. */
function eventOf({ version, bulkFor }: Answers, accountId: string | undefined, nowMs: number): string {
  const { etag } = bulkFor(accountId)
  const data = { type: 'refetchEvaluation', etag, lastModified: Math.floor(nowMs / 1000) }
  return `id: ${version}\nevent: message\ndata: ${JSON.stringify(data)}\n\n`
}

/**
 * The event streams of OFREP: one per page that waits. A stream costs a socket and an entry here; what is written to
 * it is never kept for a reader that does not read.
 */
export function buildStreams({ evaluations, isAccountLive, now, count, failed, ...parts }: StreamParts) {
  const bounds = { ...usual, ...parts.bounds }
  const byOrganization = new Map<string, Set<Stream>>()
  const byAccount = new Map<string, Set<Stream>>()
  /** Whose streams are being told at this moment; true when something changed meanwhile. */
  const telling = new Map<string, boolean>()
  let open = 0

  const write = ({ res }: Stream, text: string) => {
    // One that was ended stays in the list until its client has taken all of it.
    if (res.writableEnded) return
    res.write(text)
    if (res.writableLength > bounds.unreadBytes) res.destroy()
  }

  const tell = (stream: Stream, answers: Answers) => {
    if (!stream.open || stream.told === answers.version) return
    stream.told = answers.version
    write(stream, eventOf(answers, stream.accountId, now()))
  }

  const tellOnce = async (organizationId: string): Promise<void> => {
    try {
      const answers = await evaluations.answersFor(organizationId)
      const streams = byOrganization.get(organizationId) ?? []
      if (!answers) return void [...streams].map(({ res }) => res.end())
      for (const stream of streams) tell(stream, answers)
    } catch (error) {
      // A database that is away: the change is not lost, it is told when it can be known.
      failed(error)
      setTimeout(changed, retryMs, organizationId).unref()
    }
  }

  /** Tells every stream of an organization that does not know the present version; two readings never overtake one another. */
  const tellAll = async (organizationId: string): Promise<void> => {
    if (telling.has(organizationId)) return void telling.set(organizationId, true)
    do {
      telling.set(organizationId, false)
      await tellOnce(organizationId)
    } while (telling.get(organizationId))
    telling.delete(organizationId)
  }

  /** One after another: a new catalogue concerns all of them, and the database has others to serve. */
  const tellEveryone = async () => {
    for (const organizationId of [...byOrganization.keys()]) await tellAll(organizationId)
  }

  const changed = (organizationId?: string): void => {
    if (organizationId === undefined) void tellEveryone()
    else if (byOrganization.has(organizationId)) void tellAll(organizationId)
  }

  /** Ends the streams of an account that is gone; where that cannot be known, the client comes back and asks. (A6) */
  const verifyAccount = async (accountId: string): Promise<void> => {
    const [first] = byAccount.get(accountId) ?? []
    if (!first) return
    const isLive = await isAccountLive(first.organizationId, accountId).catch((error: unknown) => failed(error))
    if (isLive) return
    // One whose head was not sent is judged by `begin`.
    for (const { open, res } of byAccount.get(accountId) ?? []) if (open) res.end()
  }

  /** One after another, as with a new catalogue. */
  const verifyEveryone = async () => {
    for (const accountId of [...byAccount.keys()]) await verifyAccount(accountId)
  }

  const invalidate = (invalidation: Invalidation): void => {
    if (invalidation === 'everything') void verifyEveryone()
    else for (const { kind, id } of invalidation) if (kind === 'account') void verifyAccount(id)
  }

  const keepAlive = setInterval(() => {
    const nowMs = now()
    for (const streams of byOrganization.values())
      for (const stream of streams) {
        if (!stream.open) continue
        if (stream.endsAtMs <= nowMs) stream.res.end()
        else write(stream, ':\n\n')
      }
  }, bounds.keepAliveMs).unref()

  const addTo = (index: Map<string, Set<Stream>>, key: string, stream: Stream): void => {
    const streams = index.get(key) ?? new Set()
    index.set(key, streams.add(stream))
    stream.res.once('close', () => {
      streams.delete(stream)
      if (streams.size === 0) index.delete(key)
    })
  }

  const enter = (stream: Stream) => {
    addTo(byOrganization, stream.organizationId, stream)
    if (stream.accountId !== undefined) addTo(byAccount, stream.accountId, stream)
    open += 1
    stream.res.once('close', () => {
      open -= 1
    })
  }

  const mayOpen = (organizationId: string) =>
    open < bounds.streams && (byOrganization.get(organizationId)?.size ?? 0) < bounds.perOrganization

  const refuse = (res: ServerResponse, requestId: string, it: OfrepRefusal) => {
    count(it.status)
    sendOfrepRefusal(res, requestId, it)
  }

  const noStream = general(404, 'No such stream. Evaluate anew to get its address.')

  /** A6: the stream of an account that is gone does not exist; a client that is told so does not come back. */
  const admit = async ({ organizationId, accountId, res, requestId }: Stream): Promise<boolean> => {
    if (accountId === undefined) return true
    try {
      if (await isAccountLive(organizationId, accountId)) return true
      refuse(res, requestId, noStream)
    } catch (error) {
      failed(error)
      refuse(res, requestId, unavailable('The database is away.', 1))
    }
    return false
  }

  const start = (stream: Stream): void => {
    stream.open = true
    count(200)
    startEvents(stream.res, stream.requestId)
    write(stream, `retry: ${Math.round(returnWithinMs / 5)}\n\n`)
  }

  const catchUp = async (stream: Stream): Promise<void> => {
    const seen = seenBy(stream.req)
    const { organizationId } = stream
    try {
      const answers = await evaluations.answersFor(organizationId)
      if (!answers) return void stream.res.end()
      // Something changed meanwhile, and was told.
      if (stream.told !== undefined) return
      // Without a word of what it has seen, a client has just asked: it is told from here on.
      stream.told = seen ?? answers.version
      write(stream, `id: ${stream.told}\n\n`)
      tell(stream, answers)
    } catch (error) {
      stream.told ??= seen
      failed(error)
      setTimeout(changed, retryMs, organizationId).unref()
    }
  }

  /** A removal during the check is noticed: the stream is in the list, and what is open then is ended. */
  const begin = async (stream: Stream): Promise<void> => {
    if (!(await admit(stream)) || stream.res.closed) return
    start(stream)
    if (stream.accountId !== undefined) await verifyAccount(stream.accountId)
    if (!stream.res.writableEnded) await catchUp(stream)
  }

  return {
    /** How many are open. */
    get size() {
      return open
    },

    /** Serves the stream that a ticket opens, until the ticket or the client ends it. */
    serve: (req: IncomingMessage, res: ServerResponse, requestId: string, text: string): void => {
      const ticket = evaluations.ticket(text)
      if (!ticket) return void refuse(res, requestId, noStream)
      if (!mayOpen(ticket.organizationId))
        return void refuse(res, requestId, unavailable('Too many streams are open.', 30))
      const stream: Stream = { ...ticket, req, res, requestId, open: false, told: undefined }
      // In the list before anything is looked up: what changes meanwhile is told, not missed.
      enter(stream)
      if (stream.accountId !== undefined) return void begin(stream)
      start(stream)
      void catchUp(stream)
    },

    /** A6: accounts may have been removed. */
    invalidate,

    /** Something of an organization may have changed; of any without an id. */
    changed,

    /** A stop: all are told when to come back, and ended. */
    endAll: (): void => {
      for (const streams of byOrganization.values())
        for (const { open, res } of streams) {
          if (open) res.end(`retry: ${Math.ceil(Math.random() * returnWithinMs)}\n\n`)
          else res.destroy()
        }
    },

    close: (): void => clearInterval(keepAlive),
  }
}
