import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { Forget } from '../src/db/change.ts'

/** What an event of `/v1/changes` says, with the id that it came under. */
export interface Told {
  id: string
  number: number
  mark: string
  forget: readonly Forget[] | 'everything'
}

/** A reader of `/v1/changes` that keeps all that it is told, text and events. */
export class ChangeReader {
  readonly events: Told[] = []
  text = ''
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** Resolves when the stream is over, however it ended. */
  readonly ended: Promise<void>
  readonly #req: ClientRequest
  readonly #res: IncomingMessage
  #rest = ''
  #look = () => {}

  private constructor(req: ClientRequest, res: IncomingMessage) {
    this.#req = req
    this.#res = res
    this.status = res.statusCode ?? 0
    this.headers = res.headers
    res.setEncoding('utf8')
    res.on('data', (chunk: string) => this.#take(chunk))
    res.on('error', () => undefined)
    this.ended = new Promise((resolve) => res.once('close', resolve))
  }

  static async open(url: string, key: string, headers: Record<string, string> = {}): Promise<ChangeReader> {
    const req = request(url, { headers: { authorization: `Bearer ${key}`, ...headers }, agent: false })
    req.end()
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    req.on('error', () => undefined)
    return new ChangeReader(req, res)
  }

  /** The id of the last event, with which a client comes back. */
  get lastId(): string | undefined {
    return this.events.at(-1)?.id
  }

  /** Resolves once it is so. */
  until(isSo: (it: ChangeReader) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => isSo(this) && resolve()
      this.#look()
    })
  }

  /** Resolves with the event of this place in the order of coming. */
  async event(at: number): Promise<Told> {
    await this.until(() => this.events.length > at)
    return this.events[at] as Told
  }

  /** Breaks the connection; what was on its way is lost. */
  cut(): void {
    this.#req.destroy()
  }

  /** Reads no more. */
  pause(): void {
    this.#res.pause()
  }

  #take(chunk: string): void {
    this.text += chunk
    this.#rest += chunk
    const blocks = this.#rest.split('\n\n')
    this.#rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const lines = block.split('\n')
      const [id, event, data] = ['id: ', 'event: ', 'data: '].map((name) =>
        lines.find((it) => it.startsWith(name))?.slice(name.length),
      )
      if (event === 'forget') this.events.push({ id: id ?? '', ...JSON.parse(data ?? '') })
    }
    this.#look()
  }
}
