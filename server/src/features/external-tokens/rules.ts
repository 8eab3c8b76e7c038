import { type Check, type CheckOutcome, type Fault, firstFault, outcomesOf } from '../../kernel/checks.ts'
import type { ReadToken } from '../jws/rules.ts'
import { audiencesOf, isMeantFor, type OAuthProvider, subjectOf } from '../oauth-providers/rules.ts'

/** N2: why an external token is not good, in the order in which they decide. */
export const externalReasons = [
  'malformed',
  'untrusted_issuer',
  'ambiguous_organization',
  'provider_disabled',
  'unavailable',
  'invalid_signature',
  'invalid_claims',
  'expired',
  'unmapped_subject',
  'insufficient_scope',
] as const
export type ExternalReason = (typeof externalReasons)[number]

/** A provider of a token's issuer, and the account that the token's subject is mapped to there, if any (E3, E4). */
export interface Registered {
  provider: OAuthProvider
  accountId: string | undefined
}

/** A token beside the provider that it is held against. */
interface Held {
  jws: ReadToken
  provider: OAuthProvider
  nowSeconds: number
}

/** RFC 7515 §4.1.9: a media type whose `application/` may be left out; compared without case (RFC 2045 §5.1). */
function typeFault({ jws }: Held): string | undefined {
  const { typ } = jws.header
  if (typ === undefined) return undefined
  const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : undefined
  // RFC 8725 §3.11: tokens made for another purpose (logout, DPoP proofs, signed requests) name another type.
  return type === 'jwt' || type === 'at+jwt' ? undefined : 'The header’s typ is neither JWT nor at+jwt.'
}

function audienceFault({ jws, provider }: Held): string | undefined {
  if (audiencesOf(jws.claims.aud) === undefined) return 'aud is neither a string nor a list of strings.'
  return isMeantFor(provider, jws.claims.aud)
    ? undefined
    : 'aud names none of the provider’s audiences. Add it to the provider, or ask for the right audience.'
}

/** RFC 7519 §2: NumericDate, seconds since 1970, with or without a fraction. */
const isNumericDate = (it: unknown): it is number => typeof it === 'number' && Number.isFinite(it)
const isDateOrAbsent = (it: unknown) => it === undefined || isNumericDate(it)

function timesFault({ jws: { claims } }: Held): string | undefined {
  if (claims.exp === undefined) return 'There is no exp: a token that never expires is not accepted.'
  const wrong = ['exp', 'nbf', 'iat'].find((name) => !isDateOrAbsent(claims[name]))
  return wrong && `${wrong} is not a number of seconds.`
}

const isInFuture = (it: unknown, { nowSeconds, provider }: Held) =>
  isNumericDate(it) && it > nowSeconds + provider.clockToleranceSeconds
/** A lifetime counts from `iat`, which the check before bounds; without one from now. */
function lifetimeFault({ jws: { claims }, provider, nowSeconds }: Held): string | undefined {
  if (!isNumericDate(claims.exp)) return undefined
  const max = provider.maxLifetimeSeconds
  const since = isNumericDate(claims.iat) ? claims.iat : nowSeconds
  const tooLong = claims.exp - since > max
  return tooLong ? `Its lifetime is over the ${max} seconds that the provider allows.` : undefined
}

function subjectFault({ jws, provider }: Held): string | undefined {
  // RFC 7519 §4.1.2: sub is a string, also where another claim identifies the account.
  if (jws.claims.sub !== undefined && typeof jws.claims.sub !== 'string') return 'sub is not a string.'
  return subjectOf(provider, jws.claims) === undefined
    ? `The subject claim (${provider.subjectClaim}) is missing, empty or not a string.`
    : undefined
}

/** E2: the checks of a token whose signature is good, in the order in which they decide (N2); RFC 9068 §4, RFC 8725 §3. */
const claimsChecks: readonly Check<Held, 'invalid_claims' | 'expired'>[] = [
  { name: 'Type', reason: 'invalid_claims', fault: typeFault },
  {
    // RFC 3986 §6.2.1: simple string comparison, as RFC 8414 §3.3 wants of issuers; no slash is forgiven.
    name: 'Issuer',
    reason: 'invalid_claims',
    fault: ({ jws, provider }) =>
      jws.claims.iss === provider.issuer ? undefined : 'iss is not the provider’s issuer.',
  },
  { name: 'Audience', reason: 'invalid_claims', fault: audienceFault },
  { name: 'Times', reason: 'invalid_claims', fault: timesFault },
  {
    name: 'Not before',
    reason: 'invalid_claims',
    fault: (it) => (isInFuture(it.jws.claims.nbf, it) ? 'nbf is in the future.' : undefined),
  },
  {
    name: 'Issued at',
    reason: 'invalid_claims',
    fault: (it) => (isInFuture(it.jws.claims.iat, it) ? 'iat is in the future.' : undefined),
  },
  { name: 'Lifetime', reason: 'invalid_claims', fault: lifetimeFault },
  {
    // RFC 7800 §3.1: bound to a key whose proof we do not ask for; as a bearer token it may have been stolen.
    name: 'Bound to a key',
    reason: 'invalid_claims',
    fault: ({ jws }) => ('cnf' in jws.claims ? 'It is bound to a key (cnf), and no proof of it is taken.' : undefined),
  },
  { name: 'Subject', reason: 'invalid_claims', fault: subjectFault },
  {
    // RFC 7519 §4.1.4: now must be before exp.
    name: 'Expiration',
    reason: 'expired',
    fault: ({ jws: { claims }, provider, nowSeconds }) =>
      isNumericDate(claims.exp) && claims.exp + provider.clockToleranceSeconds <= nowSeconds
        ? 'It has expired.'
        : undefined,
  },
]

const held = (jws: ReadToken, provider: OAuthProvider, nowMs: number): Held => ({
  jws,
  provider,
  nowSeconds: nowMs / 1000,
})

/** E2: the first fault of claims and type; asked anew at each use, since time passes and providers change (E6). */
export const claimsFault = (jws: ReadToken, provider: OAuthProvider, nowMs: number) =>
  firstFault(claimsChecks, held(jws, provider, nowMs)) satisfies Fault<ExternalReason> | undefined

/** E8: every check of the claims with its outcome. */
export const claimsOutcomes = (jws: ReadToken, provider: OAuthProvider, nowMs: number): CheckOutcome[] =>
  outcomesOf(claimsChecks, held(jws, provider, nowMs))
