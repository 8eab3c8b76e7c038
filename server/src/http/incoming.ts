import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { clientAddresses, clientOf as countedAs, trusts } from './client-address.ts'

/** Headers by which we tell the router what we know ourselves; nobody outside may set them. */
export const clientHeader = 'x-portcullis-client'
export const requestIdHeader = 'x-request-id'

export interface Incoming {
  /** A new id for each request; a trusted proxy's own is kept, so that its log and ours can be read together. */
  requestId: (req: IncomingMessage) => string
  /** A connection from one of our proxies, which brings many clients. */
  isProxy: (socket: Pick<Socket, 'remoteAddress'>) => boolean
  /** Whom a request on one of our proxies' connections is counted to; undefined: the proxy asks for itself. */
  clientBehind: (req: IncomingMessage) => string | undefined
  /** Replaces what a client may claim about itself (address, scheme, request id) by what is known. */
  prepare: (req: IncomingMessage, requestId: string) => void
}

const claims = (lowerName: string) =>
  lowerName === 'host' ||
  lowerName === clientHeader ||
  lowerName === requestIdHeader ||
  lowerName === 'forwarded' ||
  lowerName === 'x-real-ip' ||
  lowerName.startsWith('x-forwarded-')

/** Both views that node keeps of the headers are rewritten: the router's adapter reads either. */
function replaceClaims(req: IncomingMessage, known: Record<string, string>): void {
  for (const name of Object.keys(req.headers)) if (claims(name)) delete req.headers[name]
  const raw = req.rawHeaders
  const kept: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    if (!claims((raw[i] ?? '').toLowerCase())) kept.push(raw[i] ?? '', raw[i + 1] ?? '')
  }
  for (const [name, value] of Object.entries(known)) {
    req.headers[name] = value
    kept.push(name, value)
  }
  req.rawHeaders = kept
}

export function incomingRequests(trustedProxies: readonly string[]): Incoming {
  const clientOf = clientAddresses(trustedProxies)
  const isTrusted = trusts(trustedProxies)
  const process = randomBytes(6).toString('hex')
  let number = 0
  const nextId = () => {
    number += 1
    return `${process}-${number.toString(36)}`
  }
  return {
    isProxy: ({ remoteAddress }) => isTrusted(remoteAddress),
    clientBehind: (req) => {
      const { address } = clientOf(req)
      return address === null || isTrusted(address) ? undefined : countedAs(address)
    },
    requestId: (req) => {
      if (trustedProxies.length === 0) return nextId()
      const theirs = req.headers[requestIdHeader]
      const usable = typeof theirs === 'string' && /^[\w.:+/=@-]{1,128}$/.test(theirs)
      return usable && clientOf(req).trustedPeer ? theirs : nextId()
    },
    prepare: (req, requestId) => {
      const { address, secure } = clientOf(req)
      replaceClaims(req, {
        // What a client calls us decides nothing; several valid forms of it the router's adapter would refuse.
        host: 'portcullis.invalid',
        [requestIdHeader]: requestId,
        ...(address !== null && { [clientHeader]: address }),
        ...(secure && { 'x-forwarded-proto': 'https' }),
      })
    },
  }
}
