import type { ZodType } from 'zod'
import { type Fault, ok, type Refused, type Result, refuse } from '../kernel/result.ts'
import { isJson } from './media-type.ts'

export const maxBodyBytes = 1024 * 1024

type BodyRefusal = 'unsupported_media_type' | 'payload_too_large' | 'bad_request'

/** Reads at most `maxBytes`. A client that goes away amid its body is no failure of ours. */
async function readBounded(request: Request, maxBytes: number): Promise<Uint8Array | 'too_large' | 'incomplete'> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return 'too_large'
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength
      if (size > maxBytes) return 'too_large'
      chunks.push(chunk)
    }
  } catch {
    return 'incomplete'
  }
  return Buffer.concat(chunks)
}

/** A JSON body in UTF-8 (RFC 8259), bounded in size; nothing is believed about it yet. */
export async function readJson(request: Request, maxBytes = maxBodyBytes): Promise<Result<unknown, BodyRefusal>> {
  if (!isJson(request.headers.get('content-type'))) {
    return refuse('unsupported_media_type', { detail: 'Send the body as application/json.' })
  }
  if (request.headers.has('content-encoding')) {
    return refuse('unsupported_media_type', { detail: 'Send the body without Content-Encoding.' })
  }
  const bytes = await readBounded(request, maxBytes)
  if (bytes === 'too_large') return refuse('payload_too_large', { detail: `At most ${maxBytes} bytes.` })
  if (bytes === 'incomplete') return refuse('bad_request', { detail: 'The body ended early.' })
  try {
    return ok(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
  } catch {
    return refuse('bad_request', { detail: 'The body is not JSON in UTF-8.' })
  }
}

const maxFaults = 50

/** Holds a value against its shape; each fault with the path of the field (`emails.2`). */
export function parse<S extends ZodType>(shape: S, value: unknown): Result<S['_zod']['output'], 'invalid_request'> {
  const parsed = shape.safeParse(value)
  if (parsed.success) return ok(parsed.data)
  const errors: Fault[] = parsed.error.issues.slice(0, maxFaults).flatMap((issue) => {
    const path = issue.path.map(String)
    if (issue.code === 'unrecognized_keys') {
      return issue.keys
        .slice(0, maxFaults)
        .map((key) => ({ path: [...path, key.slice(0, 100)].join('.'), message: 'There is no such field.' }))
    }
    return [{ path: path.join('.'), message: issue.message }]
  })
  return refuse('invalid_request', { errors }) as Refused<'invalid_request'>
}
