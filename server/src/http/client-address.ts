import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Entries of X-Forwarded-For that are looked at; a longer chain is nobody's real one. */
const maxHops = 20

/** An address as proxies write it: with a port, in brackets, with a zone, IPv4 inside IPv6. Undefined when it is none. */
function addressOf(text: string): Address | undefined {
  const bare = text
    .trim()
    .replace(/^\[([^\]]*)\](?::\d+)?$/, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
    .replace(/%.*$/, '')
  // Node's test first: ipaddr.js also reads octal, hexadecimal and short forms.
  return isIP(bare) === 0 ? undefined : ipaddr.process(bare)
}

function contains(networks: readonly [Address, number][], address: Address): boolean {
  return networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))
}

const networksOf = (trustedProxies: readonly string[]) =>
  trustedProxies.map((cidr): [Address, number] =>
    cidr.includes('/') ? ipaddr.parseCIDR(cidr) : [ipaddr.parse(cidr), cidr.includes(':') ? 128 : 32],
  )

/** Is a peer one of the trusted proxies? */
export function trusts(trustedProxies: readonly string[]): (peer: string | undefined) => boolean {
  const networks = networksOf(trustedProxies)
  return (peer) => {
    const address = networks.length === 0 ? undefined : addressOf(peer ?? '')
    return address !== undefined && contains(networks, address)
  }
}

export interface Client {
  address: string | null
  /** The last proxy said that the client came by https. */
  secure: boolean
  /** The peer is one of our proxies: its request id is kept. */
  trustedPeer: boolean
}

/**
 * Who asks, through trusted proxies only. X-Forwarded-For is walked from the right, since each proxy appends what it
 * saw itself and all that stands left of the first stranger is that stranger's own word.
 */
export function clientAddresses(trustedProxies: readonly string[]): (req: IncomingMessage) => Client {
  const networks = networksOf(trustedProxies)
  return (req) => {
    const peer = addressOf(req.socket.remoteAddress ?? '')
    if (!peer) return { address: null, secure: false, trustedPeer: false }
    if (!contains(networks, peer)) return { address: peer.toString(), secure: false, trustedPeer: false }
    let client = peer
    const hops = String(req.headers['x-forwarded-for'] ?? '').split(',')
    for (const hop of hops.slice(-maxHops).reverse()) {
      const address = addressOf(hop)
      if (!address) break
      client = address
      if (!contains(networks, address)) break
    }
    const scheme = String(req.headers['x-forwarded-proto'] ?? '')
      .split(',')
      .at(-1)
    return { address: client.toString(), secure: scheme?.trim().toLowerCase() === 'https', trustedPeer: true }
  }
}

/** An IPv6 client is its /64, since it chooses the rest itself; who has no address shares one count with all who have none. */
export function clientOf(address: string | null): string {
  if (address === null || !ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString()
  return `${parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`
}
