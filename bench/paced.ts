import type { Socket } from 'node:net'
import { answerLength, cpuMicrosOf, open } from './load.ts'

export interface Target {
  port: number
  pid: number | undefined
  requests: readonly Buffer[]
}

/** What came back, and when its request was sent, by `clockMs`. */
type Answered = (answer: string, sentAtMs: number) => void

/** A clock that all processes of one machine share (CLOCK_MONOTONIC), so that their moments can be compared. */
export const clockMs = (): number => Number(process.hrtime.bigint()) / 1e6

/** One request after the other on one connection, none sent by itself. */
class Line {
  readonly #socket: Socket
  readonly #answered: Answered
  readonly #failed: (error: Error) => void
  #arrived: Buffer | undefined
  #sentAtMs = 0
  isBusy = false

  constructor(socket: Socket, answered: Answered, failed: (error: Error) => void) {
    this.#socket = socket
    this.#answered = answered
    this.#failed = failed
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', failed)
  }

  send(request: Buffer): void {
    this.isBusy = true
    this.#sentAtMs = clockMs()
    this.#socket.write(request)
  }

  close(): void {
    this.#socket.removeAllListeners('error').on('error', () => undefined)
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    const arrived = this.#arrived ? Buffer.concat([this.#arrived, chunk]) : chunk
    const length = answerLength(arrived)
    this.#arrived = length > 0 ? undefined : arrived
    if (length === 0) return
    const answer = arrived.toString('latin1', 0, length)
    this.isBusy = false
    if (answer.startsWith('HTTP/1.1 200 ')) this.#answered(answer, this.#sentAtMs)
    else this.#failed(new Error(`Unexpected answer: ${answer}`))
  }
}

/** Asks one server so many times a second, whatever its answers take, as long as a connection is free (an open loop). */
export class Pace {
  sent = 0
  readonly #lines: readonly Line[]
  readonly #requests: readonly Buffer[]
  readonly #perSecond: number
  readonly #startedAtMs = clockMs()
  #skipped = 0

  private constructor(lines: readonly Line[], requests: readonly Buffer[], perSecond: number) {
    this.#lines = lines
    this.#requests = requests
    this.#perSecond = perSecond
  }

  static async start(
    { port, requests }: Pick<Target, 'port' | 'requests'>,
    perSecond: number,
    { connections = 8, answered = () => undefined }: { connections?: number; answered?: Answered } = {},
  ): Promise<Pace> {
    const failed = (error: Error) => {
      throw error
    }
    const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)))
    return new Pace(
      sockets.map((socket) => new Line(socket, answered, failed)),
      requests,
      perSecond,
    )
  }

  /** Sends what is due by now. What no connection was free for is left out, so that no crowd gathers. */
  sendDue(): void {
    const due = ((clockMs() - this.#startedAtMs) / 1000) * this.#perSecond
    for (const line of this.#lines) {
      if (this.sent + this.#skipped >= due) return
      if (line.isBusy) continue
      const request = this.#requests[this.sent % this.#requests.length]
      if (request) line.send(request)
      this.sent += 1
    }
    this.#skipped = Math.max(0, Math.floor(due) - this.sent)
  }

  close(): void {
    for (const line of this.#lines) line.close()
  }
}

export interface Paced {
  /** Requests of all servers together. */
  perSecond: number
  /** Processor time of all servers per request, in microseconds. */
  cpuMicros: number
}

/** Every server at the same rate for some seconds, by a client that never sleeps (see `stayAwake`). */
export async function loadEvenly(targets: readonly Target[], perSecondEach: number, seconds: number): Promise<Paced> {
  const paces = await Promise.all(targets.map((it) => Pace.start(it, perSecondEach)))
  const cpuOfAll = () => targets.reduce((sum, { pid }) => sum + cpuMicrosOf(pid), 0)
  const cpuBefore = cpuOfAll()
  const startedAtMs = clockMs()
  await new Promise<void>((resolve) => {
    const turn = () => {
      for (const pace of paces) pace.sendDue()
      if (clockMs() - startedAtMs < seconds * 1000) setImmediate(turn)
      else resolve()
    }
    turn()
  })
  const sent = paces.reduce((sum, pace) => sum + pace.sent, 0)
  const tookMs = clockMs() - startedAtMs
  const cpuMicros = (cpuOfAll() - cpuBefore) / sent
  for (const pace of paces) pace.close()
  return { perSecond: (sent / tookMs) * 1000, cpuMicros }
}
