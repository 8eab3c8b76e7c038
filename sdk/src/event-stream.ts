/* Server-Sent Events (HTML §9.2.6), from bytes as they come, within bounds. */

export interface StreamEvent {
  type: string
  data: string
}

interface Told {
  event: (event: StreamEvent) => void
  /** The server says how long to wait before coming back. */
  retry: (ms: number) => void
}

export class StreamTooLarge extends Error {}

const lineEnd = /\r\n|\n|\r/g
const digits = /^\d{1,9}$/

/** Takes a stream apart. Throws `StreamTooLarge` when one event, or what may become one, is longer than the bound. */
export class EventStream {
  readonly #told: Told
  readonly #mostCharacters: number
  readonly #decoder = new TextDecoder()
  #rest = ''
  /** A carriage return ended the last piece: a line feed that comes first now belongs to it. */
  #afterReturn = false
  #type = ''
  #data: string | undefined
  #characters = 0

  constructor(told: Told, mostCharacters: number) {
    this.#told = told
    this.#mostCharacters = mostCharacters
  }

  push(bytes: Uint8Array): void {
    let text = this.#decoder.decode(bytes, { stream: true })
    if (text === '') return
    if (this.#afterReturn && text.startsWith('\n')) text = text.slice(1)
    this.#afterReturn = text === '' ? false : text.endsWith('\r')
    let from = 0
    for (const { 0: end, index } of text.matchAll(lineEnd)) {
      this.#line(this.#rest + text.slice(from, index))
      this.#rest = ''
      from = index + end.length
    }
    this.#rest += text.slice(from)
    this.#bound(this.#rest.length)
  }

  #bound(unfinished: number): void {
    if (this.#characters + unfinished > this.#mostCharacters) throw new StreamTooLarge('An event is too large')
  }

  #line(line: string): void {
    if (line === '') {
      this.#dispatch()
      return
    }
    this.#bound(line.length)
    const colon = line.indexOf(':')
    // A comment: it shows that somebody is there, and nothing else.
    if (colon === 0) return
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    this.#characters += line.length
    if (name === 'event') this.#type = value
    else if (name === 'data') this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
    else if (name === 'retry' && digits.test(value)) this.#told.retry(Number(value))
  }

  #dispatch(): void {
    const [type, data] = [this.#type || 'message', this.#data]
    this.#type = ''
    this.#data = undefined
    this.#characters = 0
    if (data !== undefined) this.#told.event({ type, data })
  }
}
