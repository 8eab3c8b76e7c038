import { type Check, type CheckOutcome, firstFault, outcomesUntilFault } from '../../kernel/checks.ts'
import { type JsonObject, type JsonReading, readJsonObject } from '../../kernel/json-object.ts'

/** The longest token that is looked at (E2); in characters, which are bytes in the only form that passes. */
export const maxJwsLength = 16 * 1024
/** Deeper than any claim of a known provider, and far from what exhausts a parser. */
export const maxJwsDepth = 16

/** A compact JWS (RFC 7515 §7.1) whose form is good; nothing in it has been verified. */
export interface Jws {
  /** As it was presented. */
  compact: string
  header: JsonObject & { readonly alg: string; readonly kid?: string }
  claims: JsonObject
}

/** What is kept of a token that was verified: all but its text. */
export type ReadToken = Pick<Jws, 'header' | 'claims'>

/** A token on its way to a `Jws`; each part is read when a check first asks for it. */
interface Draft {
  compact: string
  parts: readonly string[]
  header: () => JsonReading
  claims: () => JsonReading
}

/** RFC 7515 §2: base64url without padding; and canonical, so that one token has one text (and one hash) only. */
export const isCanonicalBase64url = (text: string): boolean =>
  Buffer.from(text, 'base64url').toString('base64url') === text

const once = <T>(make: () => T): (() => T) => {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function draftOf(compact: string): Draft {
  const parts = compact.length > maxJwsLength ? [] : compact.split('.', 6)
  const read = (index: number) => once(() => readJsonObject(Buffer.from(parts[index] ?? '', 'base64url'), maxJwsDepth))
  return { compact, parts, header: read(0), claims: read(1) }
}

const headerOf = (it: Draft): JsonObject => {
  const reading = it.header()
  return reading.ok ? reading.value : {}
}
const detailOf = (reading: JsonReading): string | undefined => (reading.ok ? undefined : reading.detail)

function formFault({ parts }: Draft): string | undefined {
  if (parts.length === 5) return 'It is an encrypted token (JWE, five parts); send a signed one.'
  if (parts.length !== 3) return 'It is not three parts with dots between them (compact JWS).'
  if (!parts.every(isCanonicalBase64url)) return 'A part is not base64url in its one canonical form.'
  return parts.includes('') ? 'A part is empty.' : undefined
}

function algorithmFault(it: Draft): string | undefined {
  const { alg } = headerOf(it)
  if (typeof alg !== 'string' || alg === '') return 'The header names no algorithm (alg).'
  // RFC 7515 names are case-sensitive; libraries were fooled by "None" (RFC 8725 §2.1), so no spelling of it passes.
  return alg.toLowerCase() === 'none' ? 'The token is not signed (alg is none).' : undefined
}

/** `malformed` of N2: everything about a token's form, before any cryptography and any look-up, cheapest first (E2). */
const formChecks: readonly Check<Draft, 'malformed'>[] = [
  {
    name: 'Size',
    reason: 'malformed',
    fault: (it) => (it.compact.length > maxJwsLength ? `It is longer than ${maxJwsLength} characters.` : undefined),
  },
  { name: 'Form', reason: 'malformed', fault: formFault },
  { name: 'Header', reason: 'malformed', fault: (it) => detailOf(it.header()) },
  { name: 'Claims set', reason: 'malformed', fault: (it) => detailOf(it.claims()) },
  { name: 'Algorithm named', reason: 'malformed', fault: algorithmFault },
  {
    // RFC 7515 §4.1.11: what must be understood and is not makes the token invalid; we understand no extension.
    name: 'Critical extensions',
    reason: 'malformed',
    fault: (it) => ('crit' in headerOf(it) ? 'The header demands extensions (crit) that are not known.' : undefined),
  },
  {
    // RFC 7515 §4.1.4: a string.
    name: 'Key name',
    reason: 'malformed',
    fault: (it) =>
      ['string', 'undefined'].includes(typeof headerOf(it).kid) ? undefined : 'The key name (kid) is not a string.',
  },
]

/** Reads a token strictly (E2, RFC 8725 §3): a `Jws`, or the first fault of its form. Bounded, whatever it is given. */
export function readJws(
  compact: string,
): { ok: true; value: Jws } | { ok: false; name: string; reason: 'malformed'; detail: string } {
  const draft = draftOf(compact)
  const fault = firstFault(formChecks, draft)
  if (fault) return { ok: false, ...fault }
  const claims = draft.claims()
  return {
    ok: true,
    value: { compact, header: headerOf(draft) as Jws['header'], claims: claims.ok ? claims.value : {} },
  }
}

/** Which way a credential goes: a compact JWS has dots, a managed token (T9) has none. */
export const looksLikeJws = (text: string): boolean => text.includes('.')

/** E8: the checks of form with their outcomes, up to the first that fails, since each rests on those before. */
export const formOutcomes = (compact: string): CheckOutcome[] => outcomesUntilFault(formChecks, draftOf(compact))
