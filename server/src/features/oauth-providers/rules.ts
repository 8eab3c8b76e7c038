import { invalid, ok, type Result, refuse } from '../../kernel/result.ts'

/** Signature algorithms that a provider may be allowed (E1): asymmetric ones, by the names of RFC 7518 §3.1 and RFC 8037. */
export const signatureAlgorithms = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
] as const
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number]

export const defaultAlgorithms: readonly SignatureAlgorithm[] = ['RS256', 'ES256']
/** E2: over this a token's lifetime is absurd, unless its provider allows more. */
export const defaultMaxLifetimeSeconds = 24 * 60 * 60
export const defaultClockToleranceSeconds = 30
export const maxClockToleranceSeconds = 60

/** E1: claims that people can change, or that move from one person to another, never identify an account. */
export const forbiddenSubjectClaims = ['email', 'name', 'preferred_username', 'upn'] as const

export const maxProviders = 20
/** No provider has a longer issuer, so a token with one is of nobody's. */
export const maxIssuerLength = 500

/** E1: an organization has so many providers at most, so that one token is held against a few alone. */
export const mayAddProvider = (present: number): Result<void, 'invalid_request'> =>
  present < maxProviders
    ? ok(undefined)
    : invalid('issuer', `An organization has at most ${maxProviders} OAuth providers. Delete one first.`)

/** An organization's OAuth provider as the checks need it (E1). */
export interface OAuthProvider {
  id: string
  organizationId: string
  issuer: string
  jwksUrl: string
  audiences: readonly string[]
  algorithms: readonly SignatureAlgorithm[]
  subjectClaim: string
  scopeClaim: string
  requireScope: boolean
  clockToleranceSeconds: number
  maxLifetimeSeconds: number
  enabled: boolean
}

/** E1: two providers of one organization never share issuer and an audience, enabled or not: a token would fit both. */
export function mayShareAudience(
  wanted: Pick<OAuthProvider, 'issuer' | 'audiences'>,
  others: readonly Pick<OAuthProvider, 'issuer' | 'audiences'>[],
): Result<void, 'provider_conflict'> {
  const shared = others
    .filter((it) => it.issuer === wanted.issuer)
    .some((it) => it.audiences.some((audience) => wanted.audiences.includes(audience)))
  if (!shared) return ok(undefined)
  return refuse('provider_conflict', { detail: 'Another provider of this issuer has one of these audiences.' })
}

/** E1: another subject claim would give the mapped accounts to whoever has their subjects there. */
export const mayChangeSubjectClaim = (mappings: number): Result<void, 'provider_in_use'> =>
  mappings === 0
    ? ok(undefined)
    : refuse('provider_in_use', { detail: 'Delete the account mappings of this provider first.' })

/** The audiences that a token names (RFC 7519 §4.1.3: one string, or an array of strings); undefined for anything else. */
export function audiencesOf(aud: unknown): readonly string[] | undefined {
  if (typeof aud === 'string') return [aud]
  return Array.isArray(aud) && aud.every((it) => typeof it === 'string') ? aud : undefined
}

/** E2: one of the token's audiences is, exactly, one of the provider's. */
export const isMeantFor = (provider: Pick<OAuthProvider, 'audiences'>, aud: unknown): boolean =>
  audiencesOf(aud)?.some((it) => provider.audiences.includes(it)) ?? false

/** What identifies the account at this provider: the claim of that name, if it is a non-empty string (E2, E3). */
export function subjectOf(provider: Pick<OAuthProvider, 'subjectClaim'>, claims: Readonly<Record<string, unknown>>) {
  const subject = Object.hasOwn(claims, provider.subjectClaim) ? claims[provider.subjectClaim] : undefined
  return typeof subject === 'string' && subject !== '' ? subject : undefined
}

/** How well a provider fits a token that none accepts: the one with the least amiss gives the reason. */
const fits = [
  (it: OAuthProvider, aud: unknown, mapped: boolean) => mapped && isMeantFor(it, aud),
  (it: OAuthProvider, aud: unknown) => it.enabled && isMeantFor(it, aud),
  (it: OAuthProvider, aud: unknown) => isMeantFor(it, aud),
  (it: OAuthProvider) => it.enabled,
  () => true,
]

/**
 * E4: the provider to verify a token against. `known` are all registered providers, of any organization, that may fit;
 * `mapped` holds the ids of those that map the token's subject, which takes no fetch to know. Only enabled providers
 * that match issuer and audience and map the subject count, so no organization disturbs another's tokens by
 * registering its issuer; several are refused, never guessed. When none counts the one with the least amiss is chosen,
 * and one of the later checks then gives its reason: the token is refused in any case.
 */
export function providerFor(
  claims: Readonly<Record<string, unknown>>,
  known: readonly OAuthProvider[],
  mapped: ReadonlySet<string>,
  namedOrganizationId?: string,
): Result<OAuthProvider, 'untrusted_issuer' | 'ambiguous_organization'> {
  const ofIssuer = known.filter(
    (it) =>
      it.issuer === claims.iss && (namedOrganizationId === undefined || it.organizationId === namedOrganizationId),
  )
  const candidates = ofIssuer.filter((it) => it.enabled && isMeantFor(it, claims.aud) && mapped.has(it.id))
  if (candidates.length > 1) return refuse('ambiguous_organization')
  const [only] = candidates
  if (only) return ok(only)
  for (const fit of fits) {
    const best = ofIssuer.find((it) => fit(it, claims.aud, mapped.has(it.id)))
    if (best) return ok(best)
  }
  return refuse('untrusted_issuer')
}
