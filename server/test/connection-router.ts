import { once } from 'node:events'
import { createConnection, createServer, type Server, type Socket } from 'node:net'

/** Which of the service's connections: the one of the change feed, or those of the pools. */
export type ConnectionKind = 'feed' | 'pool'

const applicationName = /application_name\0([^\0]*)/

/**
 * One address of a database behind which there are several servers, as behind a virtual IP address or a DNS name that
 * moves: each new connection is sent to the server that is current for its kind.
 */
export class ConnectionRouter {
  readonly #server: Server
  readonly #sockets = new Map<Socket, ConnectionKind>()
  readonly #ports: Record<ConnectionKind, number>
  /** How many connections of each kind were ever opened. */
  readonly opened: Record<ConnectionKind, number> = { feed: 0, pool: 0 }

  private constructor(port: number) {
    this.#ports = { feed: port, pool: port }
    this.#server = createServer({ noDelay: true }, (client) => {
      client.on('error', () => undefined)
      client.once('data', (startup) => this.#connect(client, startup))
    })
  }

  /** Listens on a free port of loopback and sends everything to the server at `port`. */
  static async open(port: number): Promise<ConnectionRouter> {
    const router = new ConnectionRouter(port)
    router.#server.listen(0, '127.0.0.1')
    await once(router.#server, 'listening')
    return router
  }

  /** The same URL by way of this router. */
  through(url: string): string {
    const routed = new URL(url)
    routed.port = String((this.#server.address() as { port: number }).port)
    return routed.href
  }

  /** Sends new connections of these kinds elsewhere. Open ones are reset unless `keepOpen`. */
  route(port: number, kinds: readonly ConnectionKind[] = ['feed', 'pool'], keepOpen = false): void {
    for (const kind of kinds) this.#ports[kind] = port
    if (!keepOpen) this.reset(kinds)
  }

  reset(kinds: readonly ConnectionKind[]): void {
    for (const [socket, kind] of this.#sockets) if (kinds.includes(kind)) socket.destroy()
  }

  #connect(client: Socket, startup: Buffer): void {
    const name = applicationName.exec(startup.toString('latin1'))?.[1] ?? ''
    const kind = name === 'portcullis feed' ? 'feed' : 'pool'
    this.opened[kind] += 1
    const server = createConnection({ host: '127.0.0.1', port: this.#ports[kind], noDelay: true })
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.set(socket, kind)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    server.write(startup)
    client.pipe(server)
    server.pipe(client)
  }

  async close(): Promise<void> {
    this.reset(['feed', 'pool'])
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }
}
