import type { IncomingMessage } from 'node:http'

/** A body in full, or `too_large`. */
export type Bytes = Buffer | 'too_large'

/**
 * Reads a body of at most `maxBytes` and calls back once. What exceeds the bound is never kept; a client that goes
 * away is not answered, and one that never ends its body meets the server's time limit.
 */
export function readBytes(req: IncomingMessage, maxBytes: number, done: (body: Bytes) => void): void {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) {
    done('too_large')
    return
  }
  let chunks: Buffer[] = []
  let size = 0
  req.on('data', (chunk: Buffer) => {
    const before = size
    size += chunk.byteLength
    if (size <= maxBytes) chunks.push(chunk)
    else {
      chunks = []
      if (before <= maxBytes) done('too_large')
    }
  })
  req.on('end', () => {
    if (size > maxBytes) return
    const [first] = chunks
    done(first && chunks.length === 1 ? first : Buffer.concat(chunks))
  })
}
