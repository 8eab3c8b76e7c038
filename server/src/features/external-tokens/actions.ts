import { compactVerify } from 'jose'
import { isStorable } from '../../db/lookups.ts'
import { type CheckOutcome, type Fault, outcomesUntilFault } from '../../kernel/checks.ts'
import { formOutcomes, type Jws, type ReadToken, readJws } from '../jws/rules.ts'
import { maxIssuerLength, type OAuthProvider, providerFor, subjectOf } from '../oauth-providers/rules.ts'
import { type KeySet, keysFor, type SigningKey } from '../signing-keys/rules.ts'
import { claimsFault, claimsOutcomes, type ExternalReason, type Registered } from './rules.ts'

/** What verification asks of the keys' cache (E7); `signing-keys/actions.ts` has it. */
export interface Keys {
  /** The provider's present set, or undefined when none may serve (`unavailable`). */
  of: (provider: OAuthProvider) => KeySet | undefined | Promise<KeySet | undefined>
  /** As `of`, after a look for newer keys if the bounds on fetching allow one: for a key that the set does not have. */
  newer: (provider: OAuthProvider) => Promise<KeySet | undefined>
}

/** Enabled or not, in every organization; `subjectOf(provider, jws.claims)` is the subject to look up for each. */
export type FindRegistered = (issuer: string, jws: Jws) => Promise<readonly Registered[]>

export interface VerifiedToken {
  jws: Jws
  provider: OAuthProvider
  subject: string
  accountId: string
  /** RFC 7638: what is remembered counts only while this key is in the provider's present set (E7). */
  thumbprint: string
  /** Unix milliseconds; the first at which it is refused, clock tolerance included. */
  refusedFromMs: number
}

/** `provider` where one was found; the subject where the signature is good. */
export type Judged =
  | { ok: true; value: VerifiedToken }
  | ({ ok: false; provider?: OAuthProvider; subject?: string } & Fault<ExternalReason>)

export interface VerifyParts {
  keys: Keys
  find: FindRegistered
  /** Unix milliseconds. */
  now: () => number
}

interface IssuerMemory {
  subjectClaims: (issuer: string) => readonly string[] | undefined
  keepSubjectClaims: (issuer: string, claims: readonly string[]) => void
}

/**
 * The claims that can be a subject at an issuer. The issuer comes first: a token of an issuer that nobody registered costs
 * one small look-up, and none while that is remembered. (E4)
 */
export const createIssuerLookup =
  (
    memory: IssuerMemory,
    lease: { readonly holds: boolean; readonly epoch: number },
    lookups: { findSubjectClaims: (issuer: string) => Promise<readonly string[]> },
  ) =>
  async (issuer: string): Promise<readonly string[]> => {
    if (issuer.length > maxIssuerLength || !isStorable(issuer)) return []
    const known = lease.holds ? memory.subjectClaims(issuer) : undefined
    if (known) return known
    const { epoch } = lease
    const found = await lookups.findSubjectClaims(issuer)
    // What was read while a change passed may be older than the change. (N3)
    if (lease.epoch === epoch) memory.keepSubjectClaims(issuer, found)
    return found
  }

/** Without a name several keys may have signed; trying many would let one token cost as much as many. */
const maxTries = 4

const no = (name: string, reason: ExternalReason, detail: string, provider?: OAuthProvider) =>
  ({ ok: false, name, reason, detail, ...(provider && { provider }) }) as const

async function signerAmong(jws: Jws, keys: readonly SigningKey[]): Promise<SigningKey | undefined> {
  const { alg } = jws.header
  for (const key of keys.slice(0, maxTries)) {
    try {
      await compactVerify(jws.compact, key.publicKey, { algorithms: [alg] })
      return key
    } catch {
      // A signature that this key did not make, or a key that fails by itself: another may still be the right one.
    }
  }
  return undefined
}

type Signed = { ok: true; key: SigningKey } | ReturnType<typeof no>

/** E2: an algorithm allowed for the provider, a key of the provider's own set and no other, and a good signature. */
export async function verifySignature(jws: Jws, provider: OAuthProvider, keys: Keys): Promise<Signed> {
  const { alg, kid } = jws.header
  const set = await keys.of(provider)
  if (!set) return unavailable(provider)
  if (!(provider.algorithms as readonly string[]).includes(alg))
    return no('Algorithm', 'invalid_signature', 'Its algorithm is not allowed for this provider.', provider)
  let found = keysFor(set, alg, kid)
  // Only a key of another name is a reason to look for newer ones: a bad signature alone never makes us fetch.
  if (found.length === 0) found = keysFor((await keys.newer(provider)) ?? set, alg, kid)
  if (found.length === 0)
    return no('Key', 'invalid_signature', 'The provider has no key of that name for that algorithm.', provider)
  const key = await signerAmong(jws, found)
  return key ? { ok: true, key } : no('Signature', 'invalid_signature', 'The signature is not good.', provider)
}

const unavailable = (provider: OAuthProvider) =>
  no('Keys', 'unavailable', 'The provider’s keys cannot be had at the moment.', provider)

const disabled = (provider: OAuthProvider) =>
  no('Provider', 'provider_disabled', 'The provider is disabled. Enable it to accept its tokens.', provider)

const chooseFaults = {
  untrusted_issuer: 'No provider with exactly this issuer is registered.',
  ambiguous_organization: 'Several providers accept this token. Name the organization (IB-Context).',
} as const

function choose(jws: Jws, registered: readonly Registered[], named: string | undefined) {
  const mapped = new Set(registered.filter((it) => it.accountId !== undefined).map((it) => it.provider.id))
  const known = registered.map((it) => it.provider)
  const choice = providerFor(jws.claims, known, mapped, named)
  if (!choice.ok) return no('Provider', choice.code, chooseFaults[choice.code])
  const accountId = registered.find((it) => it.provider === choice.value)?.accountId
  return { ok: true, provider: choice.value, accountId } as const
}

/**
 * Judges an external token (E2, E4), giving N2's reasons in N2's order: form, issuer, organization, provider, keys,
 * signature, claims, expiration, mapping. Scope comes after, once account and role are known (`effectiveRole`).
 */
export async function judgeToken(parts: VerifyParts, compact: string, named?: string): Promise<Judged> {
  const read = readJws(compact)
  if (!read.ok) return read
  const jws = read.value
  const { iss } = jws.claims
  // No look-up, and no fetch, for what can't be an issuer.
  const registered = typeof iss === 'string' ? await parts.find(iss, jws) : []
  const chosen = choose(jws, registered, named)
  if (!chosen.ok) return chosen
  const { provider, accountId } = chosen
  if (!provider.enabled) return disabled(provider)
  const signed = await verifySignature(jws, provider, parts.keys)
  if (!signed.ok) return signed
  const subject = subjectOf(provider, jws.claims) ?? ''
  const fault = claimsFault(jws, provider, parts.now())
  if (fault) return { ok: false, provider, subject, ...fault }
  if (accountId === undefined) return { ...unmapped(provider), subject }
  const refusedFromMs = (Number(jws.claims.exp) + provider.clockToleranceSeconds) * 1000
  return { ok: true, value: { jws, provider, subject, accountId, thumbprint: signed.key.thumbprint, refusedFromMs } }
}

const unmapped = (provider: OAuthProvider) =>
  no('Account mapping', 'unmapped_subject', 'No account is mapped to this subject. Add a mapping.', provider)

/**
 * Whether a token that was verified before is still good (E6, E7): `set` is the provider's present one and has its key;
 * and all but the signature is asked anew of the provider as it is now. In the same tick, for decisions from memory.
 */
export function judgeAgain(
  before: { jws: ReadToken; thumbprint: string },
  { provider, accountId }: Registered,
  set: KeySet | undefined,
  nowMs: number,
): Fault<ExternalReason> | undefined {
  if (!provider.enabled) return disabled(provider)
  if (!set) return unavailable(provider)
  const { alg, kid } = before.jws.header
  const allowed = (provider.algorithms as readonly string[]).includes(alg)
  if (!allowed || !keysFor(set, alg, kid).some((it) => it.thumbprint === before.thumbprint))
    return no('Key', 'invalid_signature', 'The provider no longer has the key that signed it.')
  return claimsFault(before.jws, provider, nowMs) ?? (accountId === undefined ? unmapped(provider) : undefined)
}

/** E8: an admin's token against one provider, every check with its outcome; nothing of it is kept. */
export async function checkToken(
  parts: Pick<VerifyParts, 'keys' | 'now'>,
  compact: string,
  { provider, accountIdOf }: { provider: OAuthProvider; accountIdOf: (subject: string) => Promise<string | undefined> },
): Promise<{ accepted: boolean; checks: CheckOutcome[]; accountId?: string; jws?: Jws }> {
  const form = formOutcomes(compact)
  const read = readJws(compact)
  if (!read.ok) return { accepted: false, checks: form }
  const jws = read.value
  const enabled = outcome('Provider', provider.enabled, disabled(provider).detail)
  const signature = signatureOutcomes(await verifySignature(jws, provider, parts.keys))
  const claims = claimsOutcomes(jws, provider, parts.now())
  const subject = subjectOf(provider, jws.claims)
  const accountId = subject === undefined ? undefined : await accountIdOf(subject)
  const mapping = outcome('Account mapping', accountId !== undefined, unmapped(provider).detail)
  const checks = [...form, enabled, ...signature, ...claims, mapping]
  return { accepted: checks.every((it) => it.passed), checks, jws, ...(accountId !== undefined && { accountId }) }
}

const outcome = (name: string, passed: boolean, detail: string): CheckOutcome => ({
  name,
  passed,
  detail: passed ? '' : detail,
})

const signatureSteps = ['Keys', 'Algorithm', 'Key', 'Signature'] as const

/** The steps of `verifySignature` up to the one that failed: each rests on those before. */
const signatureOutcomes = (signed: Signed): CheckOutcome[] =>
  outcomesUntilFault(
    signatureSteps.map((name) => ({
      name,
      reason: 'invalid_signature',
      fault: (it: Signed) => (!it.ok && it.name === name ? it.detail : undefined),
    })),
    signed,
  )
