import type { IncomingMessage } from 'node:http'

/** A request target as a path and a raw query; the absolute form is taken too (RFC 9112 §3.2.2). */
export interface Target {
  path: string
  query: string
}

const authority = /^https?:\/\/[^/?]*/i

export function targetOf(req: IncomingMessage): Target {
  let url = req.url ?? '/'
  if (url.charCodeAt(0) !== 47) url = url.replace(authority, '') || '/'
  const at = url.indexOf('?')
  return at < 0 ? { path: url, query: '' } : { path: url.slice(0, at), query: url.slice(at + 1) }
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
