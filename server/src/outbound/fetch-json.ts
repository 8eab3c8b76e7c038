import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { type JsonObject, readJsonObject } from '../kernel/json-object.ts'
import { type AllowedHosts, mayConnect, type Target, targetOf } from './addresses.ts'
import type { Resolve } from './resolve.ts'

/**
 * What an admin is told of a fetch that failed (E7). One sentence for every address that is refused, unknown, silent or
 * without a good certificate: else it would tell what there is in the operator's network.
 */
export const fetchFaults = {
  unreachable:
    'The address cannot be reached. It must be a public https address with a valid certificate that answers within 5 seconds.',
  redirect: 'The address answers with a redirect; enter the address that it leads to.',
  status: 'The address answers, but not with the status 200.',
  too_large: 'The document is larger than 256 KiB.',
  not_json: 'The document is not JSON.',
} as const
export type FetchFault = keyof typeof fetchFaults

export type Fetched = { ok: true; document: JsonObject } | { ok: false; code: FetchFault }
/** Fetches a JSON document from an address that an admin typed. Never throws. */
export type FetchJson = (url: string) => Promise<Fetched>

export interface FetchParts {
  allowed: AllowedHosts
  resolve: Resolve
  wait: (ms: number) => Promise<unknown>
  /** PEM; beyond what the machine trusts. */
  ca?: string
  deadlineMs?: number
}

export const maxBytes = 256 * 1024
const maxDepth = 16
/** Failures of the address itself are told at this moment, or at the deadline, so that how soon says nothing. */
const tellAfterMs = 1000

class Refused extends Error {
  readonly code: FetchFault
  constructor(code: FetchFault) {
    super(code)
    this.code = code
  }
}

/** DNS is asked once, every answer is checked, and those very addresses are connected to: nothing can change between. */
async function addressesOf({ host, trusted }: Target, { allowed, resolve }: FetchParts): Promise<string[]> {
  const addresses = isIP(host) ? [host] : [...(await resolve(host, trusted))]
  // One bad address condemns the name: an attacker's answer may mix them and wait for the second attempt.
  const all = addresses.every((it) => isIP(it) && (trusted || mayConnect(it, allowed)))
  if (addresses.length === 0 || !all) throw new Refused('unreachable')
  return addresses
}

const pinnedTo = (addresses: readonly string[]): LookupFunction => {
  const all = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_host, options, answer) =>
    options.all ? answer(null, all) : answer(null, all[0]?.address ?? '', all[0]?.family ?? 4)
}

function open({ url }: Target, addresses: readonly string[], ca: string | undefined, signal: AbortSignal) {
  const options = {
    // No agent: no connection is kept or shared, and no proxy of the environment looks the name up again.
    agent: false,
    lookup: pinnedTo(addresses),
    headers: { Accept: 'application/json', 'Accept-Encoding': 'identity', 'User-Agent': 'Portcullis' },
    signal,
    ...(ca !== undefined && { ca }),
  } as const
  return new Promise<IncomingMessage>((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestHttps : requestHttp
    request(url, options, resolve).on('error', reject).end()
  })
}

function checkHead({ statusCode = 0, headers }: IncomingMessage): void {
  if (statusCode >= 300 && statusCode < 400) throw new Refused('redirect')
  if (statusCode !== 200) throw new Refused('status')
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) throw new Refused('not_json')
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw new Refused('too_large')
}

async function* bounded(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Refused('too_large')
    yield chunk
  }
}

const decoders: Readonly<Record<string, () => ReturnType<typeof createGunzip | typeof createBrotliDecompress>>> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/** The body within its bound, which counts on the wire and, since servers compress unasked, after decompression. */
async function bodyOf(response: IncomingMessage, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = []
  const collect = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of bounded(source)) chunks.push(chunk)
  }
  const encoding = response.headers['content-encoding']?.toLowerCase() ?? 'identity'
  const source: Readable = response
  if (encoding === 'identity') await pipeline(source, collect, { signal })
  else {
    const decoder = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined
    if (!decoder) throw new Refused('not_json')
    await pipeline(source, bounded, decoder(), collect, { signal })
  }
  return Buffer.concat(chunks)
}

async function fetchOnce(url: string, parts: FetchParts, signal: AbortSignal): Promise<JsonObject> {
  const target = targetOf(url, parts.allowed)
  if (!target) throw new Refused('unreachable')
  const addresses = await addressesOf(target, parts)
  signal.throwIfAborted()
  const response = await open(target, addresses, parts.ca, signal)
  try {
    checkHead(response)
    const read = readJsonObject(await bodyOf(response, signal), maxDepth)
    if (!read.ok) throw new Refused('not_json')
    return read.value
  } finally {
    response.destroy()
  }
}

const abortOf = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Refused('unreachable'))))

/** Guarded fetching (E7), bound to what the operator allows. */
export const buildFetchJson = (parts: FetchParts): FetchJson => {
  const { deadlineMs = 5000, wait } = parts
  return async (url) => {
    const startedAt = performance.now()
    const over = new AbortController()
    const timer = setTimeout(() => over.abort(), deadlineMs)
    try {
      // DNS cannot be aborted, so the deadline runs beside it.
      const document = await Promise.race([fetchOnce(url, parts, over.signal), abortOf(over.signal)])
      return { ok: true, document }
    } catch (error) {
      const code = faultOf(error)
      const tookMs = performance.now() - startedAt
      if (code === 'unreachable') await wait(Math.max(0, (tookMs < tellAfterMs ? tellAfterMs : deadlineMs) - tookMs))
      return { ok: false, code }
    } finally {
      clearTimeout(timer)
      over.abort()
    }
  }
}

/** A body that is no gzip though it says so is what zlib reports with a code of its own. */
function faultOf(error: unknown): FetchFault {
  if (error instanceof Refused) return error.code
  const { code = '' } = error as NodeJS.ErrnoException
  return /^(Z_|ERR__ERROR|ERR_PADDING|ERR_BROTLI|ERR__)/.test(code) ? 'not_json' : 'unreachable'
}
