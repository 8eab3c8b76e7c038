import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'

export interface Load {
  port: number
  /** Whole HTTP/1.1 requests, sent round and round; built beforehand, so that the client costs less than any server. */
  requests: readonly Buffer[]
  /** How long; left out with `once`: each request is sent once. */
  seconds?: number
  once?: boolean
  connections?: number
  /** What every answer must begin with, so that a fast refusal is not taken for a fast answer. */
  expectStatus: number
  /** The server's process, to learn the processor time that it took. */
  pid?: number | undefined
}

export interface Loaded {
  perSecond: number
  /** Processor time of the server per request, in microseconds; NaN where the system does not tell. */
  cpuMicros: number
}

const headEnd = Buffer.from('\r\n\r\n')

/** The length of the first whole answer in what has arrived, or 0. Answers here have a Content-Length, always. */
export function answerLength(arrived: Buffer): number {
  const end = arrived.indexOf(headEnd)
  if (end < 0) return 0
  const head = arrived.toString('latin1', 0, end)
  // RFC 9110 §15.4.5: never has a body, and needs no length.
  if (head.startsWith('HTTP/1.1 304 ')) return end + 4
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length === undefined) throw new Error(`An answer without Content-Length:\n${head}`)
  const total = end + 4 + Number(length)
  return arrived.length >= total ? total : 0
}

/** Processor time (user and system) of a process in microseconds. */
export function cpuMicrosOf(pid: number | undefined): number {
  if (pid === undefined || process.platform !== 'linux') return Number.NaN
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ')
  // utime and stime, in ticks of 10 ms.
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

function drive(socket: Socket, next: () => Buffer | undefined, expected: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    let arrived: Buffer | undefined
    const send = () => {
      const request = next()
      if (request) socket.write(request)
      else socket.end(() => resolve())
    }
    socket.on('data', (chunk: Buffer) => {
      arrived = arrived ? Buffer.concat([arrived, chunk]) : chunk
      const length = answerLength(arrived)
      if (length === 0) return
      if (expected.compare(arrived, 0, expected.length) !== 0) {
        reject(new Error(`Unexpected answer: ${arrived.toString('latin1', 0, 400)}`))
        socket.destroy()
        return
      }
      arrived = arrived.length > length ? arrived.subarray(length) : undefined
      send()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve())
    send()
  })
}

export const open = (port: number): Promise<Socket> =>
  new Promise<Socket>((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })

/**
 * Keeps this process awake. A server that is slower than its client would else pay with every write for waking the
 * client up, which costs more in a virtual machine than the answer itself, and a faster one would not.
 */
function stayAwake(): () => void {
  let awake = true
  const turn = () => {
    if (awake) setImmediate(turn)
  }
  turn()
  return () => {
    awake = false
  }
}

/** Keeps `connections` requests in flight for some seconds (a closed loop: each waits for its answer). */
export async function load({
  port,
  requests,
  seconds,
  once,
  connections = 32,
  expectStatus,
  pid,
}: Load): Promise<Loaded> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)))
  const cpuBefore = cpuMicrosOf(pid)
  const startedAt = performance.now()
  const endAt = startedAt + (seconds ?? Number.POSITIVE_INFINITY) * 1000
  let sent = 0
  const next = () => {
    if (performance.now() >= endAt || (once && sent === requests.length)) return undefined
    sent += 1
    return requests[(sent - 1) % requests.length]
  }
  const sleep = stayAwake()
  const expected = Buffer.from(`HTTP/1.1 ${expectStatus} `)
  await Promise.all(sockets.map((socket) => drive(socket, next, expected)))
  sleep()
  const tookMs = performance.now() - startedAt
  return { perSecond: (sent / tookMs) * 1000, cpuMicros: (cpuMicrosOf(pid) - cpuBefore) / sent }
}

/** A request as bytes. */
export function requestBytes(method: string, path: string, headers: Record<string, string>, body = ''): Buffer {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: bench.test',
    ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`),
  ]
  if (body !== '') lines.push(`Content-Length: ${Buffer.byteLength(body)}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
}
