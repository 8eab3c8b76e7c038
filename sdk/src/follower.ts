import { clearTimeout, setTimeout } from 'node:timers'
import { EventStream, StreamTooLarge } from './event-stream.ts'
import type { Point } from './lease.ts'
import type { Fault, StreamEnd } from './metric.ts'
import { faultOf, type Server, send } from './request.ts'
import { pointText, readStep, type Step } from './step.ts'
import type { World } from './world.ts'

export interface FollowerParts {
  readonly server: Server
  /** Up to where all was forgotten; undefined asks for a new beginning. */
  readonly position: () => Point | undefined
  /** Forgets what a step says; false when the step does not follow. */
  readonly take: (step: Step) => boolean
  /** What came cannot be read, or does not follow: nothing remembered can be vouched for. */
  readonly lost: () => void
  readonly opened: (after: StreamEnd | undefined) => void
  readonly failed: (fault: Fault) => void
  readonly world: Pick<World, 'silentMs' | 'openMs' | 'retryMs'>
}

const mostEventCharacters = 256 * 1024
const mostRetryMs = 5_000
const mostDoublings = 10

class Broken extends Error {}

/** Follows the stream of changes, and comes back to it from where it stands for as long as it is not closed. */
export class Follower {
  readonly #parts: FollowerParts
  #retryMs: number
  #failures = 0
  #connection: AbortController | undefined
  #streaming = false
  #end: StreamEnd | undefined
  #silence: NodeJS.Timeout | undefined
  #pause: NodeJS.Timeout | undefined
  #closed = false

  constructor(parts: FollowerParts) {
    this.#parts = parts
    this.#retryMs = parts.world.retryMs
  }

  start(): void {
    void this.#follow()
  }

  /** Gives an open stream up for a new one; one that is being opened is on its way already. */
  reconnect(why: StreamEnd): void {
    if (!this.#streaming) return
    this.#end = why
    this.#connection?.abort()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#pause)
    this.#connection?.abort()
  }

  async #follow(): Promise<void> {
    const after = this.#end
    this.#end = undefined
    try {
      await this.#connect(after)
      this.#end ??= 'ended'
    } catch (error) {
      if (error instanceof Broken || error instanceof StreamTooLarge) {
        this.#end = 'gap'
        if (!this.#closed) this.#parts.lost()
      }
      this.#end ??= 'failed'
    } finally {
      this.#streaming = false
      clearTimeout(this.#silence)
      this.#connection?.abort()
    }
    if (!this.#closed) this.#comeBack()
  }

  /** Spread, so that those who lost one server do not all reach the next at once. */
  #comeBack(): void {
    const atOnce = this.#end === 'behind' || this.#end === 'silent'
    const delayMs = atOnce ? 0 : Math.random() * Math.min(this.#retryMs * 2 ** this.#failures, mostRetryMs)
    if (this.#failures < mostDoublings) this.#failures += 1
    this.#pause = setTimeout(() => void this.#follow(), delayMs)
    this.#pause.unref()
  }

  async #connect(after: StreamEnd | undefined): Promise<void> {
    const connection = new AbortController()
    this.#connection = connection
    this.#listen(connection, this.#parts.world.openMs)
    const position = this.#parts.position()
    const headers = {
      accept: 'text/event-stream',
      // What a proxy compresses it holds back.
      'accept-encoding': 'identity',
      ...(position && { 'last-event-id': pointText(position) }),
    }
    const response = await send(this.#parts.server, { path: '/v1/changes', headers }, connection.signal).catch(
      (error) => {
        if (!this.#closed) this.#parts.failed('away')
        throw error
      },
    )
    const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')
    if (response.status !== 200 || !isStream || !response.body) {
      this.#parts.failed(response.status === 200 ? 'unexpected' : faultOf(response.status))
      throw new Error('No stream')
    }
    this.#streaming = true
    this.#parts.opened(after)
    await this.#read(response.body, connection)
  }

  async #read(body: ReadableStream<Uint8Array>, connection: AbortController): Promise<void> {
    const stream = new EventStream(
      {
        event: ({ type, data }) => this.#take(type, data),
        retry: (ms) => {
          this.#retryMs = ms
        },
      },
      mostEventCharacters,
    )
    const reader = body.getReader()
    for (;;) {
      const { done, value } = await reader.read()
      // What was given up may still deliver what it had; the next connection begins where this one stopped.
      if (done || connection.signal.aborted) return
      this.#failures = 0
      this.#listen(connection, this.#parts.world.silentMs)
      stream.push(value)
    }
  }

  #take(type: string, data: string): void {
    if (type !== 'forget') return
    const step = readStep(data)
    if (step === 'unreadable' || !this.#parts.take(step)) throw new Broken('A change does not follow')
  }

  #listen(connection: AbortController, atMostMs: number): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => {
      this.#end = 'silent'
      connection.abort()
    }, atMostMs)
    this.#silence.unref()
  }
}
