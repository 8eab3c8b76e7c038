import { jwksCache, validateJwtAccessToken } from 'oauth4webapi'
import { expect, test } from 'vitest'
import { judgeToken } from '../src/features/external-tokens/actions.ts'
import type { OAuthProvider } from '../src/features/oauth-providers/rules.ts'
import { readKeySet } from '../src/features/signing-keys/rules.ts'
import { encode, type Forgery, forge, jwkOf, keys } from './forge.ts'

/** Our verifier beside oauth4webapi's (RFC 9068), over the same tokens; each disagreement has its reason here. */
const nowSeconds = Math.floor(Date.now() / 1000)
const issuer = 'https://idp.example'
const jwks = {
  keys: [jwkOf(keys.rsa, { kid: 'rsa' }), jwkOf(keys.p256, { kid: 'p256' }), jwkOf(keys.ed, { kid: 'ed' })],
}
const algorithms = ['RS256', 'ES256', 'EdDSA'] as const
const provider: OAuthProvider = {
  id: 'idp_a',
  organizationId: 'org_a',
  issuer,
  jwksUrl: `${issuer}/jwks`,
  audiences: ['api'],
  algorithms,
  subjectClaim: 'sub',
  scopeClaim: 'scope',
  requireScope: false,
  clockToleranceSeconds: 30,
  maxLifetimeSeconds: 86_400,
  enabled: true,
}
const set = readKeySet(jwks)
const ourKeys = typeof set === 'string' ? expect.unreachable(set) : set
const ours = async (token: string) => {
  const find = async (iss: string) => (iss === issuer ? [{ provider, accountId: 'acc' }] : [])
  const parts = { keys: { of: () => ourKeys, newer: async () => ourKeys }, find, now: Date.now }
  return (await judgeToken(parts, token)).ok
}

const as = { issuer, jwks_uri: `${issuer}/jwks` }
const theirs = async (token: string) => {
  const options = { [jwksCache]: { jwks, uat: nowSeconds }, signingAlgorithms: [...algorithms] }
  try {
    const request = new Request('https://api.example', { headers: { authorization: `Bearer ${token}` } })
    await validateJwtAccessToken(as, request, 'api', options as Parameters<typeof validateJwtAccessToken>[3])
    return true
  } catch {
    return false
  }
}

const header = { alg: 'RS256', kid: 'rsa', typ: 'at+jwt' }
const claims = {
  iss: issuer,
  aud: 'api',
  sub: 'ada',
  iat: nowSeconds - 10,
  exp: nowSeconds + 600,
  jti: '1',
  client_id: 'c',
}
const odd = [
  undefined,
  null,
  '',
  'x',
  0,
  1,
  -1,
  1.5,
  nowSeconds + 100,
  nowSeconds - 100,
  nowSeconds * 1000,
  true,
  [],
  ['api'],
  ['api', 1],
  {},
  'api',
]
const headerOdd = [...odd, 'none', 'HS256', 'ES256', 'PS256', 'p256', 'JWT', 'AT+JWT', 'application/at+jwt', 'dpop+jwt']
const text = (it: unknown) => JSON.stringify(it)
const good = forge({ header, claims })
const raw = (claimsText: string | Buffer, how: Forgery = {}) => forge({ header, claims: claimsText, ...how })
const withMore = (more: string) => raw(`${text(claims).slice(0, -1)},${more}}`)

const cases: (readonly [name: string, token: string])[] = [
  ['good', good],
  ...['iss', 'aud', 'sub', 'iat', 'exp', 'nbf', 'jti', 'client_id', 'cnf'].flatMap((claim) =>
    odd.map((value) => [`${claim} ${text(value)}`, forge({ header, claims: { ...claims, [claim]: value } })] as const),
  ),
  ...['alg', 'kid', 'typ', 'crit', 'jwk', 'jku'].flatMap((name) =>
    headerOdd.map(
      (value) => [`${name} ${text(value)}`, forge({ header: { ...header, [name]: value }, claims })] as const,
    ),
  ),
  [
    'ES256 by its key',
    forge({ header: { ...header, alg: 'ES256', kid: 'p256' }, claims, alg: 'ES256', key: keys.p256.privateKey }),
  ],
  [
    'EdDSA by its key',
    forge({ header: { ...header, alg: 'EdDSA', kid: 'ed' }, claims, alg: 'EdDSA', key: keys.ed.privateKey }),
  ],
  ['a stranger’s key', forge({ header, claims, key: keys.otherRsa.privateKey })],
  ['padded', `${good}==`],
  ['bits left over', `${good.slice(0, -1)}${String.fromCharCode(good.charCodeAt(good.length - 1) + 1)}`],
  ['plain base64 in the signature', good.replace(/[^.]*$/, (it) => it.replaceAll('-', '+').replaceAll('_', '/'))],
  ['a fourth part', `${good}.x`],
  ['no signature', `${encode(header)}.${encode(claims)}.`],
  ['sub twice', withMore('"sub":"eve"')],
  ['a member twice at depth', withMore('"x":{"a":1,"a":2}')],
  ['byte-order mark', raw(`\uFEFF${text(claims)}`)],
  ['bad UTF-8', raw(Buffer.from(`${text(claims).slice(0, -1)},"x":"\xff"}`, 'latin1'))],
  ['NUL in a string', withMore('"x":"\\u0000"')],
  ['nests deeply', withMore(`"x":${'['.repeat(50)}${']'.repeat(50)}`)],
  ['over 16 KiB', withMore(`"x":"${'x'.repeat(20_000)}"`)],
]

/** Where we refuse what they accept, on purpose. */
const weRefuse: readonly (readonly [name: RegExp, because: string])[] = [
  [/^aud \["api",1\]$/, 'RFC 7519 §4.1.3: a list of audiences holds strings; they look for one of them only'],
  [/^sub ""$/, 'E2: an empty subject identifies nobody'],
  [/^iat (-?\d\.?\d?|\d{10,13})$/, 'E2: a lifetime of over 24 h; or issued in the future, which they do not look at'],
  [/^exp \d{13}$/, 'E2: expires absurdly far in the future (milliseconds); they bound no lifetime'],
  [/^cnf {}$/, 'E2: no cnf of any kind; they take an empty one as none'],
  [/^(padded|bits left over|plain base64 in the signature)$/, 'E2: one token has one text; they decode leniently'],
  [/twice/, 'E2: no duplicate members; JSON.parse keeps the last one'],
  [/^byte-order mark$/, 'RFC 8259 §8.1; their decoder drops it'],
  [/^bad UTF-8$/, 'RFC 7519 §7.2 wants UTF-8; their decoder puts U+FFFD in its place'],
  [/^NUL in a string$/, 'the database cannot hold it'],
  [/^nests deeply$/, 'the nesting is bounded'],
  [/^over 16 KiB$/, 'E2: the size is bounded'],
]

/** Where they refuse what we accept, on purpose: E2 asks less than RFC 9068, which many providers do not follow. */
const weAccept: readonly (readonly [name: RegExp, because: string])[] = [
  [/^iat undefined$/, 'RFC 9068 §2.2 requires iat, E2 does not; the lifetime then counts from now'],
  [/^jti /, 'RFC 9068 §2.2 requires jti, a string; we do not use it'],
  [/^client_id /, 'RFC 9068 §2.2 requires client_id, a string; providers name it azp, appid, cid, or not at all'],
  [/^typ (undefined|"JWT")$/, 'RFC 9068 §4 requires at+jwt; E2 also takes JWT and none'],
]

test('we disagree where we mean to, and nowhere else', async () => {
  const unexplained: string[] = []
  const used = new Set<RegExp>()
  for (const [name, token] of cases) {
    const [we, they] = [await ours(token), await theirs(token)]
    if (we === they) continue
    const reason = (we ? weAccept : weRefuse).find(([pattern]) => pattern.test(name))
    if (reason) used.add(reason[0])
    else unexplained.push(`${we ? 'we accept' : 'we refuse'}: ${name}`)
  }
  expect(unexplained).toEqual([])
  // A reason that explains nothing any more is no reason.
  expect([...weRefuse, ...weAccept].filter(([pattern]) => !used.has(pattern))).toEqual([])
})

test('there is much to agree on: both accept the good one and refuse most of the odd ones', async () => {
  const both = await Promise.all(cases.map(async ([, token]) => [await ours(token), await theirs(token)].join()))
  expect(both[0]).toBe('true,true')
  expect(both.filter((it) => it === 'false,false').length).toBeGreaterThan(100)
})
