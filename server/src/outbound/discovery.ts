import { type FetchJson, fetchFaults } from './fetch-json.ts'

export type Discovered = { ok: true; jwksUrl: string } | { ok: false; detail: string }

/** Where an issuer's metadata may stand: OpenID Connect Discovery 1.0 §4, then RFC 8414 §3.1. */
function metadataUrls(issuer: string): string[] {
  if (!URL.canParse(issuer) || /[?#]/.test(issuer)) return []
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}

/**
 * Finds a provider's JWKS URL from its issuer (E1, E7). The metadata's issuer must equal the asked one exactly (RFC 8414
 * §3.3): else a server could hand out its own keys for somebody else's name.
 */
export async function discover(issuer: string, fetchJson: FetchJson): Promise<Discovered> {
  let detail: string = fetchFaults.unreachable
  for (const url of metadataUrls(issuer)) {
    const fetched = await fetchJson(url)
    if (fetched.ok) {
      const { issuer: found, jwks_uri: jwksUrl } = fetched.document
      if (found !== issuer) return { ok: false, detail: 'The metadata there names another issuer.' }
      if (typeof jwksUrl !== 'string') return { ok: false, detail: 'The metadata there names no JWKS address.' }
      return { ok: true, jwksUrl }
    }
    detail = fetchFaults[fetched.code]
    // Only a server that answers can have the document at the other place.
    if (fetched.code !== 'status' && fetched.code !== 'not_json') break
  }
  return { ok: false, detail }
}
