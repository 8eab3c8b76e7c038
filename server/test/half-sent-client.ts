import { type IncomingMessage, request } from 'node:http'
import type { As } from './harness.ts'
import { publicUrl } from './harness.ts'

/** A request of the management API or of sign-in, as a recipe describes it. */
export interface Prepared {
  method: string
  path: string
  body?: unknown
  headers?: Record<string, string>
}

export interface Reply {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what the test is about.
  body: any
}

/** A request that is under way: `complete` sends what is missing of its body. */
export interface OpenRequest {
  reply: Promise<Reply>
  complete: () => void
}

const credentialHeaders = (as: As | undefined): Record<string, string> => {
  if (as === undefined) return {}
  return 'token' in as ? { authorization: `Bearer ${as.token}` } : { cookie: as.cookie, origin: publicUrl }
}

async function readReply(response: IncomingMessage): Promise<Reply> {
  const text = (await response.setEncoding('utf8').toArray()).join('')
  const isJson = /[/+]json/.test(response.headers['content-type'] ?? '')
  return { status: response.statusCode ?? 0, body: isJson && text !== '' ? JSON.parse(text) : text }
}

/** Sends a request on a connection of its own; of a body all but the last byte. */
export function openRequest(url: string, { method, path, body, headers }: Prepared, as?: As): OpenRequest {
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
  const outgoing = request(new URL(path, url), {
    method,
    agent: false,
    headers: {
      ...credentialHeaders(as),
      ...(bytes && { 'content-type': 'application/json', 'content-length': bytes.length }),
      ...headers,
    },
  })
  const reply = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.once('error', reject)
  }).then(readReply)
  // It is awaited later; until then a failure must not end the process.
  reply.catch(() => undefined)
  if (bytes) {
    outgoing.flushHeaders()
    outgoing.write(bytes.subarray(0, -1))
  } else outgoing.end()
  return { reply, complete: () => void (bytes && outgoing.end(bytes.subarray(-1))) }
}

/** A request under way, and what it asks for. */
export interface Held {
  operation: { id: string }
  request: OpenRequest
}

/** An answer that comes before the request is complete means that the recipe, not the product, is wrong. */
export const failOnEarlyReply = (held: readonly Held[]): Promise<never> =>
  Promise.race(
    held.map(async ({ operation, request }) => {
      const { status, body } = await request.reply
      throw new Error(`${operation.id} was answered early: ${status} ${JSON.stringify(body)}`)
    }),
  )
