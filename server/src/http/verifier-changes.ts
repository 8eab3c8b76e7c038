import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Lease } from '../db/feed.ts'
import type { FeedLog, FeedPoint, FeedStep } from '../db/feed-log.ts'
import { refuse } from '../kernel/result.ts'
import { streaming } from './door.ts'
import type { Answering, Asked } from './verifier-asked.ts'

/** Every bound on what open streams may take of this process. */
export interface ChangeBounds {
  streams: number
  /** What a reader may owe before it is cut off. */
  unreadBytes: number
  /** The most that is told of what a reader missed; beyond, it is told to forget everything, which costs less. */
  missedBytes: number
  keepAliveMs: number
}

const usual: ChangeBounds = { streams: 1_000, unreadBytes: 1024 * 1024, missedBytes: 256 * 1024, keepAliveMs: 15_000 }

export interface ChangeParts {
  lease: Pick<Lease, 'holds' | 'applied' | 'mark' | 'renew'>
  log: Pick<FeedLog, 'since' | 'onStep'>
  /** A bug, for the log. */
  failed: (error: unknown, requestId?: string) => void
  bounds?: Partial<ChangeBounds> | undefined
}

/** When readers of a process that stops come back: soon, since without a stream they have no lease for long. */
const returnWithinMs = 1_000

const pointText = /^(\d{1,15})\.([0-9a-f]{0,12})$/

/** A point as text, `<number>.<mark>`; undefined for all else. */
function pointOf(text: string): FeedPoint | undefined {
  const [, number, mark] = pointText.exec(text) ?? []
  return number === undefined || mark === undefined ? undefined : { number: Number(number), mark }
}

/** Where a reader stands: the last event's id when it comes back (HTML §9.2.4), else what its address says. */
function pointIn(req: IncomingMessage, query: string): FeedPoint | undefined {
  const lastEventId = req.headers['last-event-id'] as string | undefined
  return pointOf(lastEventId ?? new URLSearchParams(query).get('since') ?? '')
}

/** JSON escapes what would end a line, so that no name can end an event. */
function encode({ number, mark, forget }: FeedStep): Buffer {
  const names = forget === 'everything' ? forget : forget.map(({ kind, id }) => ({ kind, id }))
  const data = JSON.stringify({ number, mark, forget: names })
  return Buffer.from(`id: ${number}.${mark}\nevent: forget\ndata: ${data}\n\n`)
}

/** Steps as events, each made once for all streams; one that is too large to be told is a new beginning instead. */
function buildEncoder(mostBytes: number) {
  const made = new WeakMap<FeedStep, Buffer>()
  return (step: FeedStep): Buffer => {
    const known = made.get(step)
    if (known) return known
    const whole = encode(step)
    const event = whole.byteLength > mostBytes ? encode({ ...step, forget: 'everything' }) : whole
    made.set(step, event)
    return event
  }
}

const greeting = Buffer.from(`:\n\nretry: ${returnWithinMs}\n\n`)
const comment = Buffer.from(':\n\n')

function startStream(res: ServerResponse, requestId: string): void {
  res.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
    'X-Request-Id': requestId,
  })
}

/**
 * `GET /v1/changes`: what verifiers must forget, as this process forgets it. A reader that says where it stands is told
 * what came after; one whose point is of another history, or too old, is told to forget everything. Either way its
 * numbers have no gap, so what it has applied is what this process had applied at that point.
 */
export function buildChangeStreams({ lease, log, failed, ...parts }: ChangeParts, { count, refused }: Answering) {
  const bounds = { ...usual, ...parts.bounds }
  const eventOf = buildEncoder(bounds.missedBytes)
  const open = new Set<ServerResponse>()
  /** Those that are open, and those that will be or be refused. */
  let taken = 0
  let ending = false

  const write = (res: ServerResponse, bytes: Buffer) => {
    res.write(bytes)
    if (res.writableLength <= bounds.unreadBytes) return
    open.delete(res)
    res.destroy()
  }

  const stopListening = log.onStep((step) => {
    if (open.size === 0) return
    const event = eventOf(step)
    for (const res of open) write(res, event)
  })

  const keepAlive = setInterval(() => {
    for (const res of open) write(res, comment)
  }, bounds.keepAliveMs).unref()

  const beginning = () => [encode({ number: lease.applied, mark: lease.mark, forget: 'everything' })]

  const missedSince = (point: FeedPoint | undefined): Buffer[] => {
    const events = (point && log.since(point))?.map(eventOf) ?? beginning()
    const size = events.reduce((sum, event) => sum + event.byteLength, 0)
    return size > bounds.missedBytes ? beginning() : events
  }

  const begin = (asked: Asked, renewed: boolean) => {
    const { req, res, query, requestId } = asked
    if (res.destroyed) return
    if (ending || !renewed || !lease.holds) return refused(asked, refuse('unavailable'))
    count(asked.route, 200)
    startStream(res, requestId)
    // In one tick: nothing that is applied later is missed, and nothing that was applied before is told twice.
    open.add(res)
    write(res, Buffer.concat([greeting, ...missedSince(pointIn(req, query))]))
  }

  return {
    /** How many are open. */
    get size() {
      return open.size
    },

    /** Those too that wait to be opened. */
    get taken() {
      return taken
    },

    serve: (asked: Asked) => {
      const { res, requestId } = asked
      if (ending || taken >= bounds.streams)
        return refused(asked, refuse('unavailable', { detail: 'No more streams can be opened here.' }))
      taken += 1
      // From here on, also while it waits, it is bounded by the count above, and no stop waits for it.
      streaming.add(res)
      res.once('close', () => {
        taken -= 1
        open.delete(res)
      })
      lease
        .renew()
        .then(
          () => begin(asked, true),
          () => begin(asked, false),
        )
        .catch((error) => {
          failed(error, requestId)
          res.destroy()
        })
    },

    /** A stop: all are told when to come back, and ended; the others find no stream here any more. */
    endAll: (): void => {
      ending = true
      for (const res of open) res.end(`retry: ${Math.ceil(Math.random() * returnWithinMs)}\n\n`)
      open.clear()
    },

    close: (): void => {
      clearInterval(keepAlive)
      stopListening()
    },
  }
}
