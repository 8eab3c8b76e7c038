import type { Tone } from '../../ui/tag'
import type { OAuthProvider, TokenChecks } from './queries'

export const stateOf = ({ enabled }: Pick<OAuthProvider, 'enabled'>): { label: string; tone: Tone } =>
  enabled ? { label: 'Enabled', tone: 'good' } : { label: 'Disabled', tone: 'calm' }

const count = (number: number, one: string, many: string) => `${number.toLocaleString()} ${number === 1 ? one : many}`

export const countKeys = (number: number) => count(number, 'key', 'keys')
export const countMappings = (number: number) => count(number, 'account mapping', 'account mappings')

/** What refusing a provider's tokens means, before it is done. */
export function whoLosesAccess(mappingCount: number): string {
  if (mappingCount === 0) return 'No account is mapped to it, so nobody loses access.'
  return `${countMappings(mappingCount)} ${mappingCount === 1 ? 'loses' : 'lose'} access to the API.`
}

const units: [seconds: number, one: string, many: string][] = [
  [86_400, 'day', 'days'],
  [3600, 'hour', 'hours'],
  [60, 'minute', 'minutes'],
  [1, 'second', 'seconds'],
]

/** In the largest unit of which it is two or more, and whole: 86,400 seconds are 24 hours. */
export function duration(seconds: number): string {
  const [size, one, many] = units.find(([size]) => seconds % size === 0 && seconds / size >= 2) ?? units.at(-1)!
  return count(seconds / size, one, many)
}

/** In the order in which people meet them. */
export const algorithms: OAuthProvider['algorithms'] = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
]

/** What an admin does about a check that failed, where the server's sentence names no place. */
const advice: Record<string, string> = {
  Size: 'Ask the provider to put fewer claims into the token.',
  Form: 'Paste the access token itself. Some providers give out tokens that only they can read, unless an audience is asked for.',
  'Claims set': 'Paste the access token itself, and all of it.',
  'Algorithm named': 'Have the provider sign access tokens, with one of the algorithms that are allowed here.',
  Keys: 'See the keys of this provider, and refresh them.',
  Algorithm: 'Allow the algorithm in the settings of this provider, or choose another one at the provider.',
  Key: 'Refresh the keys. If that doesn’t help, the token is from another provider or its JWKS URL is another one.',
  Signature: 'Copy the token again, and all of it. It may also be from another provider.',
  Type: 'This may be an ID token or a logout token; send the access token.',
  Issuer: 'A provider’s issuer is fixed here. If the token’s issuer is right, add a provider with that issuer.',
  Times: 'Have the provider set them as RFC 9068 wants.',
  'Not before': 'Compare the clocks, or allow more clock tolerance in the settings of this provider.',
  'Issued at': 'Compare the clocks, or allow more clock tolerance in the settings of this provider.',
  Lifetime: 'Shorten it at the provider, or allow a longer lifetime in the settings of this provider.',
  'Bound to a key': 'Have the provider issue plain bearer tokens for this audience.',
  Subject: 'Choose another subject claim in the settings of this provider, or have the provider set this one.',
  Expiration: 'Get a fresh token and check that one.',
}

export const adviceFor = ({ name, passed }: TokenChecks['checks'][number]): string | undefined =>
  passed ? undefined : advice[name]

export function summaryOf({ accepted, checks }: TokenChecks): string {
  if (accepted) return 'This token is accepted'
  const failed = checks.filter(({ passed }) => !passed).length
  return failed === 1 ? 'This token is refused: one check failed' : `This token is refused: ${failed} checks failed`
}
