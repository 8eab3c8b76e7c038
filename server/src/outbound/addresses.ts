import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Network = [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number]

/** What the operator lets us reach though it is not globally reachable, by http too (E7). */
export interface AllowedHosts {
  names: ReadonlySet<string>
  networks: readonly Network[]
}

export const noAllowedHosts: AllowedHosts = { names: new Set(), networks: [] }

const hostName = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?)*$/

/** Host names, addresses and CIDRs as the operator lists them; or the first entry that is none of these. */
export function readAllowedHosts(entries: readonly string[]): AllowedHosts | { wrong: string } {
  const names = new Set<string>()
  const networks: Network[] = []
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    const cidr = bits === undefined ? `${address}/${isIP(address) === 6 ? 128 : 32}` : entry
    if (isIP(address) && ipaddr.isValidCIDR(cidr)) networks.push(ipaddr.parseCIDR(cidr))
    else if (hostName.test(entry.toLowerCase()) && !/^[\d.]+$/.test(entry)) names.add(entry.toLowerCase())
    else return { wrong: entry }
  }
  return { names, networks }
}

const networks = (...cidrs: string[]) => cidrs.map((it) => ipaddr.parseCIDR(it))

/** Only this much of IPv6 is given out for the open internet (IANA, IPv6 Global Unicast). */
const globalIpv6 = networks('2000::/3')

/**
 * Beyond what `ipaddr.js` knows as special. IPv6 that carries an IPv4 address inside, and so leads wherever that leads:
 * compatible (RFC 4291), NAT64 (RFC 6052, 8215), 6to4 (RFC 3056), Teredo (RFC 4380). Then documentation (RFC 9637)
 * and the address at which a cloud's host answers its guests although it looks public.
 */
const forbidden = networks(
  ...['::/96', '::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '2002::/16', '2001::/23'],
  ...['2001:db8::/32', '3fff::/20', '168.63.129.16/32'],
)

const isIn = (address: ipaddr.IPv4 | ipaddr.IPv6, list: readonly Network[]) =>
  list.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))

const parsed = (address: string) => (isIP(address) && ipaddr.isValid(address) ? ipaddr.parse(address) : undefined)

/** Is this address, as the resolver or a URL parser writes it, one of the open internet? */
export function isGlobal(address: string): boolean {
  const it = parsed(address)
  if (it?.range() !== 'unicast' || isIn(it, forbidden)) return false
  return it.kind() === 'ipv4' || isIn(it, globalIpv6)
}

/** May a connection be made to this address (E7)? */
export function mayConnect(address: string, allowed: AllowedHosts): boolean {
  const it = parsed(address)
  return it !== undefined && (isGlobal(address) || isIn(it, allowed.networks))
}

/** Where a URL leads, once it was found fit to be fetched. */
export interface Target {
  url: URL
  /** Without the brackets of IPv6. */
  host: string
  /** The operator listed this very name, so whatever it resolves to is meant. */
  trusted: boolean
}

/**
 * A URL that an admin typed as a target, or undefined when it must not be fetched. The host is judged as the URL parser
 * (and so the connection) understands it: there are many ways to write 127.0.0.1.
 */
export function targetOf(text: string, allowed: AllowedHosts): Target | undefined {
  if (text.length > 2048 || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const address = parsed(host)
  const trusted = allowed.names.has(host)
  const listed = trusted || (address !== undefined && isIn(address, allowed.networks))
  if (host === '' || url.username || url.password || url.hash) return undefined
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && listed)) return undefined
  return address && !trusted && !mayConnect(host, allowed) ? undefined : { url, host, trusted }
}

/** The configuration has looked at every entry, so a wrong one is a bug. */
export function allowedHostsOf(entries: readonly string[] = []): AllowedHosts {
  const read = readAllowedHosts(entries)
  if ('wrong' in read) throw new Error(`Not a host: ${read.wrong}`)
  return read
}
