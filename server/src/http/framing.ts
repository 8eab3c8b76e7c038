import type { IncomingMessage, ServerResponse } from 'node:http'
import { refuse } from '../kernel/result.ts'
import { answered } from './client-error.ts'
import { sendProblem } from './door.ts'

/**
 * A request that a proxy before us may have read otherwise (RFC 9112 §6.1): a version that is not 1.x, which node takes all
 * the same, or an encoding beneath the chunks. Everything else that is odd node's parser refuses by itself.
 */
export function isOdd(req: IncomingMessage): boolean {
  const encoding = req.headers['transfer-encoding']
  return req.httpVersionMajor !== 1 || (encoding !== undefined && encoding.toLowerCase() !== 'chunked')
}

/** One answer and the end: what comes behind such a request is nobody's. */
export function refuseOdd({ socket }: IncomingMessage, res: ServerResponse, requestId: string): void {
  answered.add(socket)
  res.setHeader('Connection', 'close')
  sendProblem(res, requestId, refuse('bad_request'), {})
}
