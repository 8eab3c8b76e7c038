import { clearTimeout, setTimeout } from 'node:timers'
import type { Fault } from './metric.ts'

/** Where questions go, and in whose name. */
export interface Server {
  readonly url: string
  readonly key: string
  readonly fetch: typeof globalThis.fetch
}

export interface Question {
  readonly path: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export type Reply =
  | { readonly ok: true; readonly text: string; readonly headers: Headers }
  | { readonly ok: false; readonly fault: Fault; readonly status?: number }

/** What proxies and the server say when it cannot answer now; all else that is not 200 heals by no waiting. */
const away: readonly number[] = [502, 503, 504]

export function faultOf(status: number): Fault {
  if (status === 401 || status === 403) return 'key_refused'
  return away.includes(status) ? 'away' : 'unexpected'
}

/** Sends a question as it is: a redirect would carry the key to where nobody configured it to go. */
export const send = (
  { url, key, fetch }: Server,
  { path, method = 'GET', headers, body }: Question,
  signal: AbortSignal,
): Promise<Response> =>
  fetch(url + path, {
    method,
    headers: { ...headers, authorization: `Bearer ${key}` },
    redirect: 'manual',
    cache: 'no-store',
    signal,
    ...(body !== undefined && { body }),
  })

/** The body as text, or undefined when it is longer than the bound, however it is encoded on its way. */
async function readText(response: Response, mostBytes: number): Promise<string | undefined> {
  const reader = response.body?.getReader()
  if (!reader) return ''
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    size += value.byteLength
    if (size > mostBytes) return undefined
    text += decoder.decode(value, { stream: true })
  }
}

/** One question and its whole answer, bounded in time and size. Never throws. */
export async function ask(
  server: Server,
  question: Question,
  { timeoutMs, mostBytes }: { timeoutMs: number; mostBytes: number },
): Promise<Reply> {
  const ending = new AbortController()
  const timer = setTimeout(() => ending.abort(), timeoutMs)
  timer.unref()
  try {
    const response = await send(server, question, ending.signal)
    const { status, headers } = response
    if (status !== 200) return { ok: false, fault: faultOf(status), status }
    const text = await readText(response, mostBytes)
    return text === undefined ? { ok: false, fault: 'unexpected', status } : { ok: true, text, headers }
  } catch {
    return { ok: false, fault: 'away' }
  } finally {
    clearTimeout(timer)
    // Whatever was not read is given up, with the connection if need be.
    ending.abort()
  }
}
