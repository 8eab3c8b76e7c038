import { lookup, Resolver } from 'node:dns/promises'

/** Every address of a host name; throws, or gives none, when it has none. */
export type Resolve = (host: string, trusted: boolean) => Promise<readonly string[]>

/**
 * Names that an admin typed are asked of DNS itself, never of the operator's hosts file, and outside the thread pool,
 * where one name whose servers are silent would hold up everybody's files and passwords. Names that the operator
 * listed are resolved as the machine does.
 */
export const resolveHost: Resolve = async (host, trusted) => {
  if (trusted) return (await lookup(host, { all: true })).map((it) => it.address)
  const resolver = new Resolver({ timeout: 2000, tries: 2 })
  const found = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
  return found.flatMap((it) => (it.status === 'fulfilled' ? it.value : []))
}
