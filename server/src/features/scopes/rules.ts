import { ok, type Result, refuse } from '../../kernel/result.ts'
import type { OAuthProvider } from '../oauth-providers/rules.ts'
import type { Role } from '../organizations/rules.ts'

const strongestFirst: readonly Role[] = ['admin', 'member']

/** The words of a scope claim; undefined when the claim is present and is not a scope at all. */
function toWords(claim: unknown): readonly string[] | undefined {
  const texts = claim === undefined ? [] : Array.isArray(claim) ? claim : [claim]
  if (!texts.every((text) => typeof text === 'string')) return undefined
  // RFC 6749 §3.3 separates by spaces; commas are a common slip, and an unread role would widen access.
  return texts.flatMap((text) => text.split(/[\s,]+/)).filter((word) => word !== '')
}

/** One spelling for comparison: no compatibility forms, no upper case, and every dash (U+2010, U+2013, …) as a hyphen. */
const toComparable = (text: string) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{Pd}_]/gu, '-')
    .replace(/\p{Cf}/gu, '')

/** A whole UUID, not a part of a longer run of hexadecimal digits. */
const wholeUuid = /(?<![0-9a-f])[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}(?![0-9a-f])/g

/** A UUID or a part of one: parts of two neighbouring groups with their hyphen, or 28 to 36 digits without hyphens. */
const uuidLike = new RegExp(
  [
    '[0-9a-f]{8}-[0-9a-f]',
    '[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]',
    '[0-9a-f]-[0-9a-f]{12}(?![0-9a-f])',
    '(?<![0-9a-f])[0-9a-f]{28,36}(?![0-9a-f])',
  ].join('|'),
)

const toDigits = (text: string) => text.replaceAll('-', '')

/** Long enough that no ordinary word of a scope holds it by chance. */
const fragmentLength = 8

/**
 * Does this word name a role, in whatever spelling (`role:<uuid>`, `urn:uuid:…`, in braces or quotes, cut short)? A
 * word that looks like a role must never be skipped, since a token without a role has all rights of its account. (E5)
 */
function namesRole(word: string, roleIds: readonly string[], prefix: string): boolean {
  if (prefix !== '' && word.startsWith(toComparable(prefix))) return true
  if (uuidLike.test(word)) return true
  const digits = toDigits(word)
  return roleIds.some((id) => {
    const own = toDigits(id)
    return digits.includes(own.slice(0, fragmentLength)) || digits.includes(own.slice(-fragmentLength))
  })
}

/** The UUIDs that the words naming a role contain; undefined when no word names a role. */
function toNamedRoles(words: readonly string[], roleIds: readonly string[], prefix: string): string[] | undefined {
  const naming = words.map(toComparable).filter((word) => namesRole(word, roleIds, prefix))
  return naming.length === 0 ? undefined : naming.flatMap((word) => (word.match(wholeUuid) ?? []).map(toDigits))
}

/** E5: the role that a request acts with: the highest one named that is not above the account's own. */
export function effectiveRole(
  provider: Pick<OAuthProvider, 'scopeClaim' | 'requireScope'> & { rolePrefix?: string },
  claims: Readonly<Record<string, unknown>>,
  roleIds: Readonly<Record<Role, string>>,
  accountRole: Role,
): Result<Role, 'insufficient_scope'> {
  const words = toWords(Object.hasOwn(claims, provider.scopeClaim) ? claims[provider.scopeClaim] : undefined)
  if (words === undefined) return refuse('insufficient_scope')
  const own = strongestFirst.map((role) => roleIds[role].toLowerCase())
  const named = toNamedRoles(words, own, provider.rolePrefix ?? '')
  if (named === undefined) return provider.requireScope ? refuse('insufficient_scope') : ok(accountRole)
  const held = strongestFirst.slice(strongestFirst.indexOf(accountRole))
  const role = held.find((candidate) => named.includes(toDigits(roleIds[candidate].toLowerCase())))
  return role ? ok(role) : refuse('insufficient_scope')
}
