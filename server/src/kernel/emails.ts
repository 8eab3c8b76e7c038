/** Longest address, in octets (RFC 5321 §4.5.3.1.3 with the angle brackets left out). */
export const maxEmailOctets = 254

/**
 * The form that is stored and compared. Addresses compare without case and surrounding space, and a letter has one
 * encoding, whether it was typed with its accent or composed of two characters (RFC 6532 §3.1).
 */
export const canonicalizeEmail = (text: string): string => text.trim().normalize('NFC').toLowerCase().normalize('NFC')

// Characters beyond ASCII that can be seen (RFC 6531 §3.3): no spaces, controls or ignorable characters.
const visible = String.raw`[^\x00-\x7f\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]`
const atom = String.raw`(?:[a-z0-9!#$%&'*+/=?^_\x60{|}~-]|${visible})+`
const label = String.raw`[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}\u00b7\u30fb-]*[\p{L}\p{N}\p{M}])?`
const address = new RegExp(String.raw`^${atom}(?:\.${atom})*@(${label}(?:\.${label})+)$`, 'u')

const asciiLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const topLabel = /^(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})$/

/** The domain as DNS knows it (RFC 5890), or undefined where it is none. */
function toAsciiDomain(domain: string): string | undefined {
  const url = `http://${domain}`
  return URL.canParse(url) ? new URL(url).hostname : undefined
}

function isDomain(domain: string): boolean {
  const ascii = toAsciiDomain(domain)
  if (ascii === undefined || ascii.length > 253) return false
  const labels = ascii.split('.')
  return labels.every((part) => asciiLabel.test(part)) && topLabel.test(labels.at(-1) ?? '')
}

/**
 * Whether a canonical text is an email address: a dot-atom and a domain name (RFC 5322 §3.4.1), both in any script
 * (RFC 6531). Compatibility forms are refused: a full-width letter would pass for another person's address.
 */
export function isEmailAddress(canonical: string): boolean {
  if (canonical.length > maxEmailOctets) return false
  if (new TextEncoder().encode(canonical).length > maxEmailOctets) return false
  const [, domain] = address.exec(canonical) ?? []
  return domain !== undefined && canonical.normalize('NFKC') === canonical && isDomain(domain)
}
