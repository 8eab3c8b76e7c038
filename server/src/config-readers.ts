import { isIP } from 'node:net'
import { resolve } from 'node:path'
import ipaddr from 'ipaddr.js'
import * as z from 'zod'
import { nameText } from './http/shapes.ts'
import { readAllowedHosts } from './outbound/addresses.ts'

/** What one variable's text means, or what is wrong with it, as the end of a sentence that begins with its name. */
export type Reading<T> = { value: T } | { wrong: string }
const value = <T>(it: T) => ({ value: it })
const wrong = (message: string) => ({ wrong: message })

export type SeveralSecrets = readonly [string, ...string[]]
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

const minSecretLength = 32
const maxSecretLength = 1024
const maxSecrets = 10
const maxFolderBytes = 1024

const shown = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)

export function readPort(text: string): Reading<number> {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port >= 1 && port <= 65535 ? value(port) : wrong(`must be a whole number from 1 to 65535, not ${shown(text)}`)
}

const hostName = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i

export const readHost = (text: string): Reading<string> =>
  isIP(text) || (hostName.test(text) && !/^[\d.]+$/.test(text))
    ? value(text)
    : wrong(`must be an address or a host name to listen on (127.0.0.1, 0.0.0.0, ::, localhost), not ${shown(text)}`)

export function readPublicUrl(text: string): Reading<string> {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    return wrong('must be a full URL that begins with https:// or http://')
  }
  if (url.username || url.password) return wrong('must not hold a user name or a password')
  if (url.pathname !== '/' || url.search || url.hash || /[?#]/.test(text)) {
    return wrong('must be scheme, host and port alone, without a path, a query or a fragment')
  }
  return value(url.origin)
}

export function readDatabaseUrl(text: string): Reading<string> {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    return wrong('must be a PostgreSQL URL such as postgres://user:password@host:5432/database')
  }
  return url.pathname.length > 1 ? value(text) : wrong('names no database: end it with /database')
}

export function readFolder(text: string): Reading<string> {
  if (text.includes('\0')) return wrong('must not hold a NUL character')
  const folder = resolve(text)
  return Buffer.byteLength(folder) <= maxFolderBytes
    ? value(folder)
    : wrong(`must be a path of at most ${maxFolderBytes} bytes`)
}

const faultOfSecret = (secret: string, allowed: RegExp): string | undefined => {
  if (secret === '') return 'is empty: remove the superfluous comma'
  if (!allowed.test(secret)) return 'holds a character that cannot be used: keep to letters, digits and -._~+/='
  if (secret.length < minSecretLength) {
    return `is too short: ${secret.length} characters, and at least ${minSecretLength} are needed (openssl rand -base64 32)`
  }
  return secret.length > maxSecretLength ? `is longer than ${maxSecretLength} characters` : undefined
}

/** Several secrets, separated by commas, newest first; what is wrong is told by place, never by value. */
const readSeveral =
  (allowed: RegExp) =>
  (text: string): Reading<SeveralSecrets> => {
    const [first = '', ...others] = text.split(',').map((it) => it.trim())
    const secrets: SeveralSecrets = [first, ...others]
    if (secrets.length > maxSecrets) return wrong(`holds ${secrets.length} entries; at most ${maxSecrets} are allowed`)
    for (const [index, secret] of secrets.entries()) {
      const fault = faultOfSecret(secret, allowed)
      if (fault) return wrong(secrets.length === 1 ? fault : `entry ${index + 1} ${fault}`)
    }
    return new Set(secrets).size < secrets.length ? wrong('holds the same entry twice') : value(secrets)
  }

export const readSecrets = readSeveral(/^\P{Cc}+$/u)

/** Resource keys travel in headers: visible ASCII (RFC 6750 §2.1 wants less, Basic allows as much). */
export const readResourceKeys = readSeveral(/^[\x21-\x7e]+$/)

export const readEmail = (text: string): Reading<string> =>
  z.email().max(254).safeParse(text).success ? value(text) : wrong('must be an email address')

export function readPassword(text: string): Reading<string> {
  const length = [...text].length
  return length >= 12 && length <= 128 ? value(text) : wrong('must be 12 to 128 characters long')
}

export const readName =
  (max: number) =>
  (text: string): Reading<string> => {
    const name = nameText(max).safeParse(text)
    return name.success ? value(name.data) : wrong(`must be one line of 1 to ${max} characters`)
  }

/** CIDRs or single addresses, separated by commas. */
export function readProxies(text: string): Reading<readonly string[]> {
  const cidrs: string[] = []
  for (const entry of text.split(',').map((it) => it.trim())) {
    const kind = isIP(entry.split('/')[0] ?? '')
    const cidr = entry.includes('/') ? entry : `${entry}/${kind === 6 ? 128 : 32}`
    if (!kind || !ipaddr.isValidCIDR(cidr)) {
      return wrong(`holds ${shown(entry)}, which is neither a network (10.0.0.0/8) nor an address`)
    }
    cidrs.push(cidr)
  }
  return value(cidrs)
}

/** Host names, addresses or CIDRs, separated by commas. */
export function readJwksHosts(text: string): Reading<readonly string[]> {
  const hosts = text.split(',').map((it) => it.trim())
  const read = readAllowedHosts(hosts)
  // By its place: who pastes a URL here may paste a password with it.
  return 'wrong' in read
    ? wrong(
        `holds as entry ${hosts.indexOf(read.wrong) + 1} neither a host name, an address nor a network (10.0.0.0/8)`,
      )
    : value(hosts)
}

export function readSmtpUrl(text: string): Reading<string> {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url && ['smtp:', 'smtps:'].includes(url.protocol) && url.hostname !== ''
    ? value(text)
    : wrong('must be an SMTP URL such as smtp://user:password@host:587 or smtps://host:465')
}

export function readMailFrom(text: string): Reading<string> {
  const address = /^[^<>\r\n]*<([^<>]+)>$/.exec(text)?.[1] ?? text
  return /\p{Cc}/u.test(text) || !z.email().max(254).safeParse(address).success
    ? wrong('must be a sender such as portcullis@example.com or Portcullis <portcullis@example.com>')
    : value(text)
}

export const readCollector = (text: string): Reading<string> =>
  URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol)
    ? value(text)
    : wrong('must be a URL of a collector such as http://localhost:4318')

/** A whole number from 1 to `most`. */
export const readCount =
  (most: number) =>
  (text: string): Reading<number> => {
    const count = /^\d{1,7}$/.test(text) ? Number(text) : 0
    return count >= 1 && count <= most ? value(count) : wrong(`must be a whole number from 1 to ${most}`)
  }

export function readShare(text: string): Reading<number> {
  const share = /^\d(\.\d{1,10})?$/.test(text) ? Number(text) : 2
  return share <= 1 ? value(share) : wrong('must be a share from 0 to 1')
}

export function readLogLevel(text: string): Reading<LogLevel> {
  const level = logLevels.find((it) => it === text.toLowerCase())
  return level ? value(level) : wrong(`must be one of ${logLevels.join(', ')}, not ${shown(text)}`)
}
