import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import * as z from 'zod'
import { type TokenScheme, tokenSchemes } from './http/token-schemes.ts'
import { readAllowedHosts } from './outbound/addresses.ts'

/* Variables that hold several values, separated by commas. */

export const quote = (text: unknown) =>
  JSON.stringify(String(text).length > 60 ? `${String(text).slice(0, 60)}…` : text)

export const list = (value: string) => value.split(',').map((entry) => entry.trim())

export const hasScheme = (value: string, ...schemes: string[]) =>
  schemes.includes(URL.parse(value)?.protocol.slice(0, -1) ?? '')

const toCidr = (entry: string) => (entry.includes('/') ? entry : `${entry}/${isIP(entry) === 6 ? 128 : 32}`)

/** No network of proxies is as wide as this. Who may claim any address gets around the limits against guessing. */
const isTooWide = (cidr: string) => ipaddr.parseCIDR(cidr)[1] < (cidr.includes(':') ? 7 : 8)

/** CIDRs or single addresses, separated by commas. */
export const proxies = z.string().transform((value, context) => {
  for (const entry of list(value)) {
    const isNetwork = isIP(entry.split('/')[0] ?? '') !== 0 && ipaddr.isValidCIDR(toCidr(entry))
    const message = !isNetwork
      ? `holds ${quote(entry)}, which is neither a network (10.0.0.0/8) nor an address`
      : isTooWide(toCidr(entry))
        ? `holds ${quote(entry)}, which trusts far too many: any client could forge its address`
        : undefined
    if (!message) continue
    context.addIssue({ code: 'custom', message })
    break
  }
  return list(value).map(toCidr)
})

/** Host names, addresses or CIDRs, separated by commas. A pasted URL may hold a password, so the value is not shown. */
export const jwksHosts = z.string().transform((value, context) => {
  const read = readAllowedHosts(list(value))
  if ('wrong' in read) {
    const entry = list(value).indexOf(read.wrong) + 1
    const message = `holds as entry ${entry} neither a host name, an address nor a network (10.0.0.0/8)`
    context.addIssue({ code: 'custom', message })
  }
  return list(value)
})

/** An origin as browsers send it (RFC 6454 §6.2): compared as a text, so another spelling of it would match nothing. */
const isOrigin = (value: string) =>
  hasScheme(value, 'http', 'https') && URL.parse(value)?.origin === value && !value.includes('*')

/** `*`, or origins separated by commas. A pasted URL may hold a password, so the value is not shown. */
export const corsOrigins = z.string().transform((value, context) => {
  const entries = list(value)
  const wrong = entries.findIndex((entry) => !isOrigin(entry) && !(entry === '*' && entries.length === 1))
  if (wrong >= 0) {
    const message = `holds as entry ${wrong + 1} no origin (https://app.example.com, without a path); * must be alone`
    context.addIssue({ code: 'custom', message })
  }
  return entries
})

const isTokenScheme = (text: string): text is TokenScheme => (tokenSchemes as readonly string[]).includes(text)

/** Separated by commas. */
export const tokenSchemeList = z.string().transform((value, context) => {
  const entries = list(value.toLowerCase())
  const wrong = entries.findIndex((entry) => !isTokenScheme(entry))
  if (wrong >= 0) {
    const message = `holds as entry ${wrong + 1} neither ${tokenSchemes.join(' nor ')} (Bearer is always accepted)`
    context.addIssue({ code: 'custom', message })
  }
  return entries.filter(isTokenScheme)
})
