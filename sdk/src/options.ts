import { hostname } from 'node:os'
import { pid } from 'node:process'
import type { Metric } from './metric.ts'

/** Values of the environment (`process.env.X`) fit everywhere as they are; a missing `url` or `key` throws by name. */
export interface VerifierOptions {
  /** Where Portcullis is, as in `https://portcullis.example`; a path before its own routes is kept. */
  url: string | undefined
  /** A resource key (`PORTCULLIS_RESOURCE_KEY`). */
  key: string | undefined
  /** How this verifier is called where admins see who has confirmed a setting; host name and process id if left out. */
  name?: string | undefined
  /**
   * How long after its lease has ended a known good token is still accepted while the server is away; 0, the default,
   * is not at all. Within that time a suspended or revoked token may go on.
   */
  outageMs?: number | undefined
  /** How many tokens are remembered at most. */
  maxTokens?: number | undefined
  /** How long the server may take for an answer about a token. */
  timeoutMs?: number | undefined
  fetch?: typeof globalThis.fetch | undefined
  onMetric?: ((metric: Metric) => void) | undefined
  /** Told once of what does not heal by itself: a key that is refused, a server that is no Portcullis. */
  onError?: ((error: Error) => void) | undefined
}

/** The options with every default in place. */
export type Settled = {
  [Name in Exclude<keyof VerifierOptions, 'onMetric' | 'onError'>]-?: Exclude<VerifierOptions[Name], undefined>
} & Pick<VerifierOptions, 'onMetric' | 'onError'>

const nameForm = /^[\w.:@/-]{1,100}$/
/** Whatever can stand in a header. */
const keyForm = /^[\x21-\x7e]([\x20-\x7e]{0,1022}[\x21-\x7e])?$/

function usualName(): string {
  let host = 'verifier'
  try {
    host = hostname()
  } catch {
    // Deno asks for a permission to tell it, and a name is not worth one.
  }
  return `${host.replaceAll(/[^\w.-]/g, '-').slice(0, 80)}:${pid}`
}

const isMissing = (value: unknown) => value === undefined || value === null || value === ''

function urlOf(value: unknown): string {
  if (isMissing(value)) throw new TypeError('url is missing: give the address of Portcullis, as in PORTCULLIS_URL')
  if (typeof value !== 'string' || !URL.canParse(value)) throw new TypeError('url is not an absolute address')
  const { protocol, username, password, search, hash, href } = new URL(value)
  if (protocol !== 'https:' && protocol !== 'http:') throw new TypeError('url is neither https nor http')
  if (username || password || search || hash) throw new TypeError('url holds more than scheme, host and path')
  return href.replace(/\/+$/, '')
}

function wholeNumber(name: string, value: unknown, [least, most]: readonly [number, number]): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
    throw new RangeError(`${name} is not a whole number from ${least} to ${most}`)
  return value as number
}

function checkFunctions(options: Readonly<Record<string, unknown>>): void {
  for (const name of ['fetch', 'onMetric', 'onError'])
    if (options[name] !== undefined && typeof options[name] !== 'function')
      throw new TypeError(`${name} is not a function`)
}

const known = ['url', 'key', 'name', 'outageMs', 'maxTokens', 'timeoutMs', 'fetch', 'onMetric', 'onError']

/** Reads what a host gave, and names the option that is wrong; never shows the key. */
export function readOptions(options: VerifierOptions): Settled {
  if (typeof options !== 'object' || options === null) throw new TypeError('Give url and key')
  const unknown = Object.keys(options).find((it) => !known.includes(it))
  if (unknown !== undefined) throw new TypeError(`There is no option ${unknown}`)
  checkFunctions(options as unknown as Record<string, unknown>)
  // Defaults of a destructuring stand for `undefined` only: null is a value, and a faulty one.
  const { key, name = usualName(), outageMs = 0, maxTokens = 100_000, timeoutMs = 2_000, onMetric, onError } = options
  if (isMissing(key)) throw new TypeError('key is missing: give a resource key, as in PORTCULLIS_RESOURCE_KEY')
  if (typeof key !== 'string' || !keyForm.test(key)) throw new TypeError('key is not a text of printable ASCII')
  if (typeof name !== 'string' || !nameForm.test(name))
    throw new TypeError('name is not 1 to 100 letters, digits and . : @ / _ -')
  return {
    url: urlOf(options.url),
    key,
    name,
    outageMs: wholeNumber('outageMs', outageMs, [0, 300_000]),
    maxTokens: wholeNumber('maxTokens', maxTokens, [1, 10_000_000]),
    timeoutMs: wholeNumber('timeoutMs', timeoutMs, [50, 60_000]),
    fetch: options.fetch === undefined ? globalThis.fetch : options.fetch,
    ...(onMetric && { onMetric }),
    ...(onError && { onError }),
  }
}
