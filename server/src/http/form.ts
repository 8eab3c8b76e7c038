import { isAscii } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { ok, type Result, refuse } from '../kernel/result.ts'
import { isForm } from './media-type.ts'
import { readBytes } from './read-bytes.ts'

export const maxFormBytes = 64 * 1024

export type FormRefusal = 'unsupported_media_type' | 'payload_too_large' | 'bad_request'
/** Every value of every name, in the order in which they came. */
export type Form = ReadonlyMap<string, readonly string[]>

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Most bodies are plain ASCII, and that costs a tenth of a decoder. */
const textOf = (body: Buffer) => (isAscii(body) ? body.toString('latin1') : strictUtf8.decode(body))

const decoded = (text: string) =>
  text.includes('%') || text.includes('+') ? decodeURIComponent(text.replaceAll('+', ' ')) : text

/** `application/x-www-form-urlencoded`, strictly: a broken percent-encoding or broken UTF-8 refuses the whole body. */
export function parseForm(body: Buffer): Result<Form, 'bad_request'> {
  const form = new Map<string, string[]>()
  try {
    for (const pair of textOf(body).split('&')) {
      if (pair === '') continue
      const at = pair.indexOf('=')
      const name = decoded(at < 0 ? pair : pair.slice(0, at))
      const value = at < 0 ? '' : decoded(pair.slice(at + 1))
      const earlier = form.get(name)
      if (earlier) earlier.push(value)
      else form.set(name, [value])
    }
    return ok(form)
  } catch {
    return refuse('bad_request', { detail: 'The body is not a form in UTF-8 with valid percent-encoding.' })
  }
}

const tooLarge = () => refuse('payload_too_large', { detail: `At most ${maxFormBytes} bytes.` })

/** What the headers alone refuse, before a byte of the body is looked at. */
function isNoForm({ headers }: IncomingMessage): boolean {
  return !isForm(headers['content-type']) || headers['content-encoding'] !== undefined
}

/** Reads a form of at most `maxFormBytes` and calls back once, as `readBytes` does. */
export function readForm(req: IncomingMessage, done: (form: Result<Form, FormRefusal>) => void): void {
  if (isNoForm(req)) {
    const detail = 'Send the body as application/x-www-form-urlencoded, without Content-Encoding.'
    done(refuse('unsupported_media_type', { detail }))
    return
  }
  readBytes(req, maxFormBytes, (body) => done(body === 'too_large' ? tooLarge() : parseForm(body)))
}
