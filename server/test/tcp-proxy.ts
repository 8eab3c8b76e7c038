import { once } from 'node:events'
import { createConnection, createServer, type Server, type Socket } from 'node:net'

/** What happens to bytes: they pass (after a while), the connections are reset, or nothing moves and nobody is told. */
export type Fault = { kind: 'pass'; delayMs: number } | { kind: 'cut' } | { kind: 'blackHole' }

const listenQuery = 'listen portcullis_feed'
const streamRequest = 'get /v1/changes'
/** As long as the real one, so that the message around it stays whole: a channel to which nobody ever writes. */
const deafQuery = 'listen portcullis_deaf'

type Piece = { bytes: Buffer | 'end'; dueMs: number }

/** One direction of a connection. What is held back is delivered later, in order, as TCP itself would after a silence. */
class Direction {
  readonly #to: Socket
  readonly #fault: () => Fault
  #waiting: Piece[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(to: Socket, fault: () => Fault) {
    this.#to = to
    this.#fault = fault
  }

  take(bytes: Buffer | 'end'): void {
    const fault = this.#fault()
    this.#waiting.push({ bytes, dueMs: performance.now() + (fault.kind === 'pass' ? fault.delayMs : 0) })
    this.move()
  }

  move(): void {
    clearTimeout(this.#timer)
    while (this.#fault().kind === 'pass') {
      const [first] = this.#waiting
      if (!first) return
      const waitMs = first.dueMs - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.move(), waitMs)
        return
      }
      this.#waiting.shift()
      if (first.bytes === 'end') this.#to.end()
      else this.#to.write(first.bytes)
    }
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#waiting = []
  }
}

interface Listening {
  /** By which the connection that listens is recognised, in lower case. */
  sign: string
  deaf: () => boolean
}

/** One client's connection and the one behind it. */
class Pair {
  readonly #sockets: readonly [Socket, Socket]
  readonly #directions: readonly [Direction, Direction]
  readonly #sign: string
  #seen = ''
  listens = false

  constructor([near, far]: readonly [Socket, Socket], fault: (pair: Pair) => Fault, { sign, deaf }: Listening) {
    this.#sockets = [near, far]
    this.#sign = sign
    const [up, down] = [new Direction(far, () => fault(this)), new Direction(near, () => fault(this))]
    this.#directions = [up, down]
    near.on('data', (bytes) => {
      this.#look(bytes)
      if (fault(this).kind === 'cut') this.reset()
      else up.take(this.listens && deaf() ? withDeafQuery(bytes) : bytes)
    })
    far.on('data', (bytes) => down.take(bytes))
    near.on('end', () => up.take('end'))
    far.on('end', () => down.take('end'))
    for (const socket of this.#sockets) {
      socket.on('error', () => this.reset())
      // Silence swallows the end of a connection too.
      socket.on('close', () => fault(this).kind === 'blackHole' || this.reset())
    }
  }

  #look(bytes: Buffer): void {
    this.#seen = (this.#seen + bytes.toString('latin1')).slice(-4096)
    this.listens ||= this.#seen.toLowerCase().includes(this.#sign)
  }

  move(): void {
    for (const it of this.#directions) it.move()
    if (this.#sockets.some((it) => it.destroyed)) this.reset()
  }

  reset(): void {
    for (const it of this.#directions) it.stop()
    for (const it of this.#sockets) if (!it.destroyed) it.resetAndDestroy()
  }
}

function withDeafQuery(bytes: Buffer): Buffer {
  const at = bytes.toString('latin1').toLowerCase().indexOf(listenQuery)
  if (at < 0) return bytes
  const changed = Buffer.from(bytes)
  changed.write(deafQuery, at, 'latin1')
  return changed
}

const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))

interface Which {
  /** Only the connection that carries LISTEN, the feed's, or a verifier's stream of changes. Others pass. */
  onlyListen?: boolean
  /** All but that one. */
  exceptListen?: boolean
}

/**
 * A wire of the test's own, before PostgreSQL or before a server. `cut` resets all connections and refuses new ones;
 * `blackHole` leaves them open and silent, takes new ones and says nothing; `pass` mends either, and then what was
 * held back arrives late, as it does on a real network.
 */
export class TcpProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #fault: Fault = { kind: 'pass', delayMs: 0 }
  #which: Which = {}
  #deaf = false
  readonly target: URL

  private constructor(target: URL) {
    this.target = target
    // A half of a connection that ended still carries answers in the other direction.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => this.#connect(near))
  }

  /** Listens on a free port of loopback, before the host and port of this URL. */
  static async open(target: string | URL): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(target))
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  /** The target's URL by way of this proxy; or any other URL of the same place, another login's for example. */
  through(url: string | URL = this.target): string {
    const near = new URL(url)
    near.hostname = '127.0.0.1'
    near.port = String(this.port)
    return near.href
  }

  get connections(): number {
    return this.#pairs.size
  }

  #connect(near: Socket): void {
    if (this.#fault.kind === 'cut' && !this.#which.onlyListen) {
      near.on('error', () => undefined)
      near.resetAndDestroy()
      return
    }
    const { hostname, port } = this.target
    const far = createConnection({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true })
    const faultOf = (it: Pair): Fault => (this.#hits(it) ? this.#fault : { kind: 'pass', delayMs: 0 })
    const sign = this.target.protocol === 'http:' ? streamRequest : listenQuery
    const pair = new Pair([near, far], faultOf, { sign, deaf: () => this.#deaf })
    this.#pairs.add(pair)
    // One half may outlive the other in a silence, and is let go when that ends.
    void Promise.all([near, far].map(closed)).then(() => this.#pairs.delete(pair))
  }

  #hits({ listens }: Pair): boolean {
    const { onlyListen, exceptListen } = this.#which
    return listens ? !exceptListen : !onlyListen
  }

  #set(fault: Fault, which: Which): void {
    this.#fault = fault
    this.#which = which
    for (const it of this.#pairs) {
      if (fault.kind !== 'cut') it.move()
      else if (this.#hits(it)) it.reset()
    }
  }

  /** All is well again. */
  pass(): void {
    this.#deaf = false
    this.#set({ kind: 'pass', delayMs: 0 }, {})
  }

  /** Everything arrives later by this, in both directions. */
  delay(delayMs: number, which: Which = {}): void {
    this.#set({ kind: 'pass', delayMs }, which)
  }

  cut(which: Which = {}): void {
    this.#set({ kind: 'cut' }, which)
  }

  blackHole(which: Which = {}): void {
    this.#set({ kind: 'blackHole' }, which)
  }

  /** LISTEN is answered as ever and yet never brings anything, as behind some poolers; whoever listens must do it anew. */
  deafen(): void {
    this.#deaf = true
    for (const it of this.#pairs) if (it.listens) it.reset()
  }

  async close(): Promise<void> {
    for (const it of this.#pairs) it.reset()
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }
}
