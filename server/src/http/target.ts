import type { IncomingMessage } from 'node:http'
import { isHost } from './framing.ts'

/** A request target as a path and a raw query. */
export interface Target {
  path: string
  query: string
}

export function targetOf(req: IncomingMessage): Target {
  const url = req.url ?? '/'
  const at = url.indexOf('?')
  return at < 0 ? { path: url, query: '' } : { path: url.slice(0, at), query: url.slice(at + 1) }
}

/** The absolute form of a target is taken as its path and query (RFC 9112 §3.2.2). False: its host is none. */
export function toOriginForm(req: IncomingMessage): boolean {
  const [all, host = ''] = /^https?:\/\/([^/?#]*)/i.exec(req.url ?? '') ?? []
  if (all === undefined) return true
  const rest = req.url?.slice(all.length) ?? ''
  req.url = rest.startsWith('/') ? rest : `/${rest}`
  return isHost(host)
}

const plainPath = /^\/(?:[\w~-][\w.~-]*(?:\/[\w~-][\w.~-]*)*)?$/

/**
 * A path that the router and everybody before us read in the same way: no encoded characters, no empty or dot segments,
 * no backslash. No address of the router has any of these, so that every other spelling is nothing.
 */
export const isPlainPath = (path: string): boolean => plainPath.test(path)

const encodedSlash = /\\|%(?:25)*(?:2f|5c)/gi
const encodedDot = /%(?:25)*2e/gi

/** A path of somebody else's in which nothing leads elsewhere: no empty or dot segment, in whatever encoding. */
export function isUnambiguous(path: string): boolean {
  if (!/\/[/.]|[%\\]/.test(path)) return true
  return !/\/(?:\/|\.{1,2}(?:\/|$))/.test(path.replace(encodedSlash, '/').replace(encodedDot, '.'))
}

/** Every value of a header as it came: `req.headers` keeps the first Authorization alone and hides that there were two. */
export function allOf(req: IncomingMessage, lowerName: string): string[] {
  const found: string[] = []
  const raw = req.rawHeaders
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    if (name.length === lowerName.length && name.toLowerCase() === lowerName) found.push(raw[i + 1] ?? '')
  }
  return found
}
