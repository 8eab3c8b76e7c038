import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import type { ApiDocument, Operation } from './fuzz-document.ts'
import type { Header } from './fuzz-headers.ts'

/** A request with everything in its place. */
export interface Sent {
  method: string
  /** With the query. */
  target: string
  headers: readonly Header[]
  body: Buffer | undefined
}

export interface Answer {
  status: number
  headers: IncomingMessage['headers']
  text: string
}

const agent = new Agent({ keepAlive: true, maxSockets: 4 })
const patienceMs = 30_000

/** More than a server reads of a request that it refuses: it may end the connection while the rest is on its way. */
export const isLarge = ({ body, headers }: Sent) =>
  (body?.byteLength ?? 0) > 60_000 || headers.some(([, value]) => value.length > 15_000)

/** Sends a request as it is written; of a stream of events only the beginning is read. */
export async function send(port: number, sent: Sent): Promise<Answer> {
  try {
    return await sendOnce(port, sent)
  } catch (error) {
    // A connection may end while it is idle, and nobody can know before the next request: it is sent again.
    if (error instanceof Reused) return await sendOnce(port, sent)
    throw error
  }
}

class Reused extends Error {}

function sendOnce(port: number, { method, target, headers, body }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length: Header[] = body === undefined ? [] : [['Content-Length', String(body.byteLength)]]
    const all = [['Host', `127.0.0.1:${port}`] as const, ...headers, ...length]
    const sending = httpRequest({ port, host: '127.0.0.1', method, path: target, headers: all.flat(), agent })
    sending.setTimeout(patienceMs, () => sending.destroy(new Error(`no answer within ${patienceMs} ms`)))
    sending.on('error', (error) => reject(sending.reusedSocket ? new Reused(String(error)) : error))
    sending.on('response', (res) => {
      const chunks: Buffer[] = []
      const done = () =>
        resolve({ status: res.statusCode ?? 0, headers: res.headers, text: Buffer.concat(chunks).toString('utf8') })
      res.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        if (!res.headers['content-type']?.startsWith('text/event-stream')) return
        done()
        res.destroy()
      })
      res.on('end', done)
      res.on('error', done)
    })
    sending.end(body)
  })
}

const matches = (template: string, path: string) => new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path)

/** The operation that a path leads to, with `..` going up as in URLs where that leads anywhere. Undefined: there is none. */
export function operationAt({ operations }: ApiDocument, { method, target }: Sent): Operation | undefined {
  // Below forward-auth stands whatever the client wanted.
  const raw = target.replace(/[?#].*$/s, '').replace(/^\/forward-auth\/.*$/s, '/forward-auth')
  const mended = URL.canParse(`http://x${raw}`) ? new URL(`http://x${raw}`).pathname : raw
  const at = (path: string) => {
    // A proxy asks forward-auth with its client's own method; HEAD is GET without a body (RFC 9110 §9.3.2).
    const wanted = path === '/forward-auth' || method === 'HEAD' ? 'GET' : method
    const candidates = operations.filter((it) => it.method === wanted && matches(it.path, path))
    return (
      candidates.find((it) => it.path === path) ?? candidates.find((it) => !/\{\w+\}$/.test(it.path)) ?? candidates[0]
    )
  }
  return at(mended) ?? at(raw)
}

/** What would tell of our insides. None of the texts that are sent holds any of these. */
const insides =
  /\bat .{1,80}\.[jt]s:\d|node_modules|file:\/\/|\/server\/src\/|\bselect\b.{1,200}\bfrom\b|\binsert into\b|syntax error at|violates .{1,40} constraint|relation "|SQLSTATE|\bE(CONN|PIPE|NOENT)|TypeError|undefined is not|Cannot read propert/i

/** Statuses for which there is no operation: nothing is there, or not by that method. */
const nowhere = [400, 404, 405, 431]

const mediaType = (contentType: string | undefined) => contentType?.split(';')[0]?.trim()

function* headerFaults({ method, target: path }: Sent, { status, headers }: Answer): Generator<string, void> {
  if (!headers['x-request-id']) yield 'no X-Request-Id'
  // Answers to OPTIONS never are (RFC 9110 §9.3.7).
  const isPublic = path.startsWith('/.well-known/') || method === 'OPTIONS'
  if (!isPublic && headers['cache-control'] !== 'no-store') yield 'may be cached'
  if (headers['x-evil'] !== undefined) yield 'a header was smuggled in'
  const tells = path.startsWith('/api/auth/') || headers['www-authenticate'] !== undefined
  if (status === 401 && !tells) yield '401 without WWW-Authenticate'
  if (status === 405 && headers.allow === undefined) yield '405 without Allow'
  if ([429, 503].includes(status) && headers['retry-after'] === undefined) yield `${status} without Retry-After`
}

function* bodyFaults(
  document: ApiDocument,
  operation: Operation,
  { status, headers, text }: Answer,
  isBodiless: boolean,
): Generator<string, void> {
  const declared = document.declaredOf(operation, status)
  if (!declared) return yield `status ${status} is not declared`
  const type = mediaType(headers['content-type'])
  if (isBodiless) return
  if (declared.schemas.size === 0) {
    if (text !== '') yield `${status} has a body that is not declared`
    return
  }
  const pointer = type === undefined ? undefined : declared.schemas.get(type)
  if (pointer === undefined) return yield `${status} has the content type ${type}, which is not declared`
  try {
    const isList = type === 'application/x-ndjson'
    for (const line of isList ? text.split('\n').filter((it) => it !== '') : []) JSON.parse(line)
    const fault = !isList && type?.endsWith('json') ? document.faultOf(pointer, JSON.parse(text)) : undefined
    if (fault) yield `${status}: ${fault}`
  } catch {
    yield `${status}: the body is not JSON`
  }
}

/** Everything that is wrong with an answer; `secrets` are what the request was admitted by, or tried to be. */
export function faultsOf(document: ApiDocument, sent: Sent, answer: Answer, secrets: readonly string[]): string[] {
  const operation = operationAt(document, sent)
  const faults = [...headerFaults(sent, answer)]
  // By another method than its own there may be nothing: the doors of streams and verifiers have no HEAD.
  const isNowhere = operation?.method !== sent.method && nowhere.includes(answer.status)
  if (answer.status >= 500) faults.push(`status ${answer.status}`)
  else if (operation && !isNowhere) faults.push(...bodyFaults(document, operation, answer, sent.method === 'HEAD'))
  else if (!isNowhere && sent.method !== 'OPTIONS') faults.push(`status ${answer.status} where there is no operation`)
  if (insides.test(answer.text)) faults.push(`tells of our insides: ${insides.exec(answer.text)?.[0]}`)
  for (const secret of secrets) if (answer.text.includes(secret)) faults.push('repeats a secret')
  return faults
}
