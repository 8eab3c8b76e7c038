import { createHmac, timingSafeEqual } from 'node:crypto'

/** Cookies bear `__Host-` when they are served over https: the browser then pins them to this very host (RFC 6265bis §4.1.3.2). */
export const cookiePrefix = (publicUrl: string): string =>
  publicUrl.startsWith('https:') ? '__Host-portcullis' : 'portcullis'

const signature = (value: string, secret: string) => createHmac('sha256', secret).update(value).digest('base64')

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** A cookie's value signed anew if one of the older secrets had signed it, else as it is. */
function signedAnew(text: string, current: string, older: readonly string[]): string {
  const whole = decoded(text)
  const dot = whole?.lastIndexOf('.') ?? -1
  if (whole === undefined || dot < 1) return text
  const [value, seal] = [whole.slice(0, dot), whole.slice(dot + 1)]
  if (!older.some((secret) => same(seal, signature(value, secret)))) return text
  return encodeURIComponent(`${value}.${signature(value, current)}`)
}

/**
 * Better Auth verifies cookies with its newest secret alone, so a new PORTCULLIS_SECRET would sign everybody out.
 * A cookie that an older secret signed is therefore handed over as if the newest had; the browser gets it in that form
 * when the session next rolls on.
 */
export function cookiesForNewestSecret(
  headers: Headers,
  prefix: string,
  [current, ...older]: readonly [string, ...string[]],
): string | null {
  const cookies = headers.get('cookie')
  if (cookies === null || older.length === 0) return cookies
  return cookies
    .split(';')
    .map((pair) => {
      const equals = pair.indexOf('=')
      const name = pair.slice(0, equals).trim()
      return name.startsWith(`${prefix}.`)
        ? `${name}=${signedAnew(pair.slice(equals + 1).trim(), current, older)}`
        : pair
    })
    .join(';')
}
