import type { FindRegistered, Keys } from '../src/features/external-tokens/actions.ts'
import { defaultAlgorithms, type OAuthProvider, subjectOf } from '../src/features/oauth-providers/rules.ts'
import { readKeySet } from '../src/features/signing-keys/rules.ts'
import { type Forgery, forge, jwkOf, keys, signatureOf } from './forge.ts'

/** Providers of several organizations, their keys, who is mapped, and tokens that differ from a good one in one thing. */
export const nowSeconds = 1_790_000_000
export const now = () => nowSeconds * 1000
export const issuer = 'https://idp.example/'
export const base: OAuthProvider = {
  id: 'idp_a',
  organizationId: 'org_a',
  issuer,
  jwksUrl: 'https://idp.example/jwks',
  audiences: ['api', 'https://api.example'],
  algorithms: [...defaultAlgorithms, 'PS256', 'ES384', 'ES512', 'EdDSA'],
  subjectClaim: 'sub',
  scopeClaim: 'scope',
  requireScope: false,
  clockToleranceSeconds: 30,
  maxLifetimeSeconds: 86_400,
  enabled: true,
}
export const providers = {
  a: base,
  off: { ...base, id: 'idp_off', organizationId: 'org_off', issuer: 'https://off.example', enabled: false },
  down: { ...base, id: 'idp_down', organizationId: 'org_a', issuer: 'https://down.example' },
  narrow: {
    ...base,
    id: 'idp_narrow',
    issuer: 'https://narrow.example',
    algorithms: ['ES256'],
    subjectClaim: 'azp',
    maxLifetimeSeconds: 60,
    clockToleranceSeconds: 0,
  },
  b: { ...base, id: 'idp_b', organizationId: 'org_b', audiences: ['api', 'b'] },
  c: { ...base, id: 'idp_c', organizationId: 'org_c', audiences: ['c'], enabled: false },
} satisfies Record<string, OAuthProvider>

export const mapped: Record<string, readonly string[]> = {
  idp_a: ['ada', 'both', 'client é 王'],
  idp_b: ['bob', 'both'],
  idp_off: ['ada'],
  idp_down: ['ada'],
  idp_narrow: ['robot'],
  idp_c: ['cyd'],
}
export const find: FindRegistered = async (iss, jws) =>
  Object.values(providers)
    .filter((it) => it.issuer === iss)
    .map((provider) => {
      const subject = subjectOf(provider, jws.claims)
      const known = subject !== undefined && mapped[provider.id]?.includes(subject)
      return { provider, accountId: known ? `acc_${subject}` : undefined }
    })

export const setOf = (list: unknown[]) => {
  const set = readKeySet({ keys: list })
  if (typeof set === 'string') throw new Error(set)
  return set
}
export const setA = setOf([
  { kty: 'RSA', n: 'bad', e: 'AQAB', kid: 'rsa' },
  jwkOf(keys.rsa, { kid: 'rsa' }),
  jwkOf(keys.p256, { kid: 'p256', use: 'sig', alg: 'ES256' }),
  jwkOf(keys.p384, { kid: 'p384' }),
  jwkOf(keys.p521, { kid: 'p521' }),
  jwkOf(keys.ed, { kid: 'ed' }),
])
export const sets: Record<string, typeof setA | undefined> = {
  idp_a: setA,
  idp_off: setA,
  idp_narrow: setA,
  idp_c: setA,
  // Another organization's provider of the same issuer has a key of the same name (E7).
  idp_b: setOf([jwkOf(keys.otherRsa, { kid: 'rsa' })]),
}
export const keysNow: Keys = { of: (it) => sets[it.id], newer: async (it) => sets[it.id] }
export const parts = { keys: keysNow, find, now }

export const header = { alg: 'RS256', kid: 'rsa', typ: 'JWT' }
export const claims = { iss: issuer, aud: 'api', sub: 'ada', iat: nowSeconds - 10, exp: nowSeconds + 600 }
export const good = forge({ header, claims })
export const [goodHeader = '', goodClaims = '', goodSignature = ''] = good.split('.')
export const withHeader = (more: object, how: Forgery = {}) => forge({ header: { ...header, ...more }, claims, ...how })
export const withClaims = (more: object, how: Forgery = {}) => forge({ header, claims: { ...claims, ...more }, ...how })
export const claimsText = (text: string | Buffer) => forge({ header, claims: text })
export const headerText = (text: string | Buffer) => forge({ header: text, claims })
export const without = (name: string) =>
  forge({ header, claims: Object.fromEntries(Object.entries(claims).filter(([it]) => it !== name)) })
export const json = JSON.stringify(claims)
export const more = (text: string) => `${json.slice(0, -1)},${text}}`
export const by = (pair: 'p256' | 'p384' | 'p521' | 'ed' | 'otherRsa', alg: string, changed: object = {}) =>
  forge({ header: { alg, kid: pair, ...changed }, claims, alg, key: keys[pair].privateKey })
export const narrow = (claimsChanged: object) =>
  forge({
    header: { alg: 'ES256', kid: 'p256' },
    claims: {
      iss: 'https://narrow.example',
      aud: 'api',
      sub: 'x',
      azp: 'robot',
      iat: nowSeconds,
      exp: nowSeconds + 60,
      ...claimsChanged,
    },
    alg: 'ES256',
    key: keys.p256.privateKey,
  })
export const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
export const flipped = (text: string, at: number) =>
  `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
export const restSign = (input: string) =>
  `${input}.${signatureOf('RS256', keys.rsa.privateKey, input).toString('base64url')}`
