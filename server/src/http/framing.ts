import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIPv6 } from 'node:net'
import { refuse } from '../kernel/result.ts'
import { answered } from './client-error.ts'
import { sendProblem } from './door.ts'

// RFC 3986 §3.2.2 and §3.2.3. An empty host names nothing (RFC 9110 §4.2.1).
const hostForm = /^(?:\[([0-9a-f:.]+)\]|(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})+)(?::\d*)?$/i

/** A host and perhaps a port, as `Host` and the absolute form of a target name it. */
export function isHost(text: string): boolean {
  const found = hostForm.exec(text)
  return found !== null && (found[1] === undefined || isIPv6(found[1]))
}

let lastGoodHost = ''

/** One Host header that names a host; HTTP/1.0 may do without (RFC 9112 §3.2). */
function namesHost(req: IncomingMessage): boolean {
  const raw = req.rawHeaders
  let host: string | undefined
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue
    if (host !== undefined) return false
    host = raw[i + 1] as string
  }
  if (host === undefined) return req.httpVersionMinor === 0
  if (host === lastGoodHost) return true
  if (!isHost(host)) return false
  lastGoodHost = host
  return true
}

/**
 * A request that a proxy before us may have read otherwise. Node's parser takes three things that RFC 9112 calls faulty:
 * a version that is not 1.x (§2.3), an encoding beneath the chunks or chunks in HTTP/1.0 (§6.1), and a Host that is
 * missing, repeated or none (§3.2). It refuses the others by itself.
 */
export function isFaulty(req: IncomingMessage): boolean {
  const encoding = req.headers['transfer-encoding']
  if (req.httpVersionMajor !== 1 || !namesHost(req)) return true
  return encoding !== undefined && (encoding.toLowerCase() !== 'chunked' || req.httpVersionMinor === 0)
}

/** One answer and the end: what comes behind such a request is nobody's. */
export function refuseFaulty({ socket }: IncomingMessage, res: ServerResponse, requestId: string): void {
  answered.add(socket)
  res.setHeader('Connection', 'close')
  sendProblem(res, requestId, refuse('bad_request'), {})
}
