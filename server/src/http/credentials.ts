import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { ok, type Result, refuse } from '../kernel/result.ts'
import { allOf } from './target.ts'

/** `Authorization` cut into scheme (lower case) and the rest (RFC 9110 §11.4). */
export interface Authorization {
  scheme: string
  value: string
}

/** `Authorization` as text, cut in two. */
export function parseAuthorization(text: string): Authorization {
  const at = text.indexOf(' ')
  if (at < 0) return { scheme: text.toLowerCase(), value: '' }
  return { scheme: text.slice(0, at).toLowerCase(), value: text.slice(at + 1).trim() }
}

/** The request's one Authorization header; two of them are two credentials, and none of them is believed. */
export function authorizationOf(req: IncomingMessage): Result<Authorization | undefined, 'bad_request'> {
  const [first, second] = allOf(req, 'authorization')
  if (second !== undefined) return refuse('bad_request', { detail: 'Send one Authorization header.' })
  return ok(first === undefined ? undefined : parseAuthorization(first))
}

/** Tells whether a credential is one of the resource keys. */
export type KnowsKey = (authorization: Authorization | undefined) => boolean

/** RFC 6749 §2.3.1: OAuth clients encode name and password as in a form before they join them for Basic. */
function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

function passwordOf(basic: string): string | undefined {
  const pair = Buffer.from(basic, 'base64').toString('utf8')
  const at = pair.indexOf(':')
  return at < 0 ? undefined : pair.slice(at + 1)
}

const hexLength = 64

/** Through hexadecimal text into a buffer that is there already: three times as fast as a buffer from `hash`. */
const digestInto = (buffer: Buffer, text: string) => {
  buffer.write(hash('sha256', text, 'hex'), 'latin1')
  return buffer
}

/**
 * The resource keys, as Bearer or as the password of Basic. What is compared are digests of equal length, all of them
 * each time: neither a prefix that fits nor the place of a key in the list shows in the time that it takes.
 */
export function resourceKeys(keys: readonly string[]): KnowsKey {
  const digests = keys.map((key) => digestInto(Buffer.alloc(hexLength), key))
  const presentedDigest = Buffer.alloc(hexLength)
  const isKey = (presented: string) => {
    const digest = digestInto(presentedDigest, presented)
    let found = false
    for (const known of digests) found = timingSafeEqual(digest, known) || found
    return found
  }
  return (authorization) => {
    if (!authorization?.value) return false
    if (authorization.scheme === 'bearer') return isKey(authorization.value)
    if (authorization.scheme !== 'basic') return false
    const password = passwordOf(authorization.value)
    return password !== undefined && (isKey(password) || isKey(formDecoded(password)))
  }
}

/** The challenges of a door that wants the resource key: in the scheme that was tried, else both (RFC 6749 §5.2). */
export function keyChallenge(authorization: Authorization | undefined): string {
  if (authorization?.scheme === 'bearer') return 'Bearer error="invalid_token"'
  if (authorization?.scheme === 'basic') return 'Basic realm="portcullis", charset="UTF-8"'
  return 'Bearer, Basic realm="portcullis", charset="UTF-8"'
}
