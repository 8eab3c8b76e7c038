import { describe, expect, test } from 'vitest'
import { encode, type Forgery, forge, jwkOf, keys, signatureOf } from '../../../test/forge.ts'
import { defaultAlgorithms, type OAuthProvider, subjectOf } from '../oauth-providers/rules.ts'
import { readKeySet } from '../signing-keys/rules.ts'
import { checkToken, type FindRegistered, judgeAgain, judgeToken, type Keys } from './actions.ts'
import type { ExternalReason } from './rules.ts'

const nowSeconds = 1_790_000_000
const now = () => nowSeconds * 1000
const issuer = 'https://idp.example/'
const base: OAuthProvider = {
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
const providers = {
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

const mapped: Record<string, readonly string[]> = {
  idp_a: ['ada', 'both', 'client é 王'],
  idp_b: ['bob', 'both'],
  idp_off: ['ada'],
  idp_down: ['ada'],
  idp_narrow: ['robot'],
  idp_c: ['cyd'],
}
const find: FindRegistered = async (iss, jws) =>
  Object.values(providers)
    .filter((it) => it.issuer === iss)
    .map((provider) => {
      const subject = subjectOf(provider, jws.claims)
      const known = subject !== undefined && mapped[provider.id]?.includes(subject)
      return { provider, accountId: known ? `acc_${subject}` : undefined }
    })

const setOf = (list: unknown[]) => {
  const set = readKeySet({ keys: list })
  if (typeof set === 'string') throw new Error(set)
  return set
}
const setA = setOf([
  { kty: 'RSA', n: 'bad', e: 'AQAB', kid: 'rsa' },
  jwkOf(keys.rsa, { kid: 'rsa' }),
  jwkOf(keys.p256, { kid: 'p256', use: 'sig', alg: 'ES256' }),
  jwkOf(keys.p384, { kid: 'p384' }),
  jwkOf(keys.p521, { kid: 'p521' }),
  jwkOf(keys.ed, { kid: 'ed' }),
])
const sets: Record<string, typeof setA | undefined> = {
  idp_a: setA,
  idp_off: setA,
  idp_narrow: setA,
  idp_c: setA,
  // Another organization's provider of the same issuer has a key of the same name (E7).
  idp_b: setOf([jwkOf(keys.otherRsa, { kid: 'rsa' })]),
}
const keysNow: Keys = { of: (it) => sets[it.id], newer: async (it) => sets[it.id] }
const parts = { keys: keysNow, find, now }

const header = { alg: 'RS256', kid: 'rsa', typ: 'JWT' }
const claims = { iss: issuer, aud: 'api', sub: 'ada', iat: nowSeconds - 10, exp: nowSeconds + 600 }
const good = forge({ header, claims })
const [goodHeader = '', goodClaims = '', goodSignature = ''] = good.split('.')
const withHeader = (more: object, how: Forgery = {}) => forge({ header: { ...header, ...more }, claims, ...how })
const withClaims = (more: object, how: Forgery = {}) => forge({ header, claims: { ...claims, ...more }, ...how })
const claimsText = (text: string | Buffer) => forge({ header, claims: text })
const headerText = (text: string | Buffer) => forge({ header: text, claims })
const without = (name: string) =>
  forge({ header, claims: Object.fromEntries(Object.entries(claims).filter(([it]) => it !== name)) })
const json = JSON.stringify(claims)
const more = (text: string) => `${json.slice(0, -1)},${text}}`
const by = (pair: 'p256' | 'p384' | 'p521' | 'ed' | 'otherRsa', alg: string, changed: object = {}) =>
  forge({ header: { alg, kid: pair, ...changed }, claims, alg, key: keys[pair].privateKey })
const narrow = (claimsChanged: object) =>
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
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
const flipped = (text: string, at: number) => `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
const restSign = (input: string) => `${input}.${signatureOf('RS256', keys.rsa.privateKey, input).toString('base64url')}`

type Row = [name: string, token: string, expected: ExternalReason | 'good', named?: string]
const rows: Row[] = [
  // Controls: what must pass.
  ['plain RS256', good, 'good'],
  ['named organization', good, 'good', 'org_a'],
  ['no typ', forge({ header: { alg: 'RS256', kid: 'rsa' }, claims }), 'good'],
  ['at+jwt', withHeader({ typ: 'at+jwt' }), 'good'],
  ['AT+JWT', withHeader({ typ: 'AT+JWT' }), 'good'],
  ['application/at+jwt', withHeader({ typ: 'application/at+jwt' }), 'good'],
  ['Application/JWT', withHeader({ typ: 'Application/JWT' }), 'good'],
  ['no kid', forge({ header: { alg: 'RS256' }, claims }), 'good'],
  ['PS256 with the RSA key', withHeader({ alg: 'PS256' }, { alg: 'PS256' }), 'good'],
  ['ES256', by('p256', 'ES256'), 'good'],
  ['ES384', by('p384', 'ES384'), 'good'],
  ['ES512', by('p521', 'ES512'), 'good'],
  ['EdDSA', by('ed', 'EdDSA'), 'good'],
  ['aud as a list', withClaims({ aud: ['other', 'api'] }), 'good'],
  ['second audience', withClaims({ aud: 'https://api.example' }), 'good'],
  ['no iat, no nbf', without('iat'), 'good'],
  ['nbf just within tolerance', withClaims({ nbf: nowSeconds + 30 }), 'good'],
  ['iat just within tolerance', withClaims({ iat: nowSeconds + 30 }), 'good'],
  ['exp just within tolerance', withClaims({ exp: nowSeconds - 29 }), 'good'],
  ['exp with a fraction', withClaims({ exp: nowSeconds + 0.5 }), 'good'],
  ['longest lifetime', withClaims({ iat: nowSeconds, exp: nowSeconds + 86_400 }), 'good'],
  ['subject of other scripts', withClaims({ sub: 'client é 王' }), 'good'],
  ['escaped member names', claimsText(json.replace('"sub"', '"s\\u0075b"')), 'good'],
  ['space in the JSON', claimsText(JSON.stringify(claims, null, 2)), 'good'],
  ['unknown header parameter', withHeader({ zzz: { a: [1] } }), 'good'],
  ['own public key in jwk is ignored', withHeader({ jwk: jwkOf(keys.rsa) }), 'good'],
  ['nesting that is allowed', claimsText(more(`"x":${nested(15)}`)), 'good'],
  ['same member in different objects', claimsText(more('"x":{"sub":1},"y":{"sub":2}')), 'good'],
  ['a value that reads like a member', claimsText(more('"x":["sub","sub"],"y":"iss"')), 'good'],
  ['__proto__ claims nothing', claimsText(more('"__proto__":{"cnf":{}}')), 'good'],
  ['other subject claim', narrow({}), 'good'],
  ['ambiguous subject, named', withClaims({ sub: 'both' }), 'good', 'org_a'],
  ['subject that one of two maps', withClaims({ sub: 'ada' }), 'good'],
  // Form.
  ['empty', '', 'malformed'],
  ['a dot', '.', 'malformed'],
  ['two dots', '..', 'malformed'],
  ['one part', goodHeader, 'malformed'],
  ['two parts', `${goodHeader}.${goodClaims}`, 'malformed'],
  ['four parts', `${good}.AAAA`, 'malformed'],
  ['five parts (JWE)', `${good}.AAAA.AAAA`, 'malformed'],
  ['a million dots', '.'.repeat(1_000_000), 'malformed'],
  ['1 MB', `${good}${'A'.repeat(1_000_000)}`, 'malformed'],
  ['over 16 KiB though signed', withClaims({ pad: 'x'.repeat(13_000) }), 'malformed'],
  ['leading space', ` ${good}`, 'malformed'],
  ['trailing newline', `${good}\n`, 'malformed'],
  ['space inside', `${goodHeader}. ${goodClaims}.${goodSignature}`, 'malformed'],
  ['padding', `${good}=`, 'malformed'],
  ['padding in the header', `${goodHeader}==.${goodClaims}.${goodSignature}`, 'malformed'],
  ['plain base64 alphabet', `${goodHeader}.${goodClaims}.${goodSignature.replace(/.$/, '+')}`, 'malformed'],
  ['slash in the signature', `${goodHeader}.${goodClaims}./${goodSignature.slice(1)}`, 'malformed'],
  [
    'stray bits at the end',
    `${good.slice(0, -1)}${String.fromCharCode(good.charCodeAt(good.length - 1) + 1)}`,
    'malformed',
  ],
  ['a length that no bytes have', `${good.slice(0, -1)}`, 'malformed'],
  ['NUL', `${goodHeader}\0.${goodClaims}.${goodSignature}`, 'malformed'],
  ['not ASCII', `${goodHeader}é.${goodClaims}.${goodSignature}`, 'malformed'],
  ['full-width letters', `Ａ${good}`, 'malformed'],
  ['percent encoding', good.replaceAll('.', '%2E'), 'malformed'],
  ['empty signature', `${goodHeader}.${goodClaims}.`, 'malformed'],
  ['empty header', `.${goodClaims}.${goodSignature}`, 'malformed'],
  ['empty claims', `${goodHeader}..${goodSignature}`, 'malformed'],
  ['flattened JSON serialization', JSON.stringify({ protected: goodHeader, payload: goodClaims }), 'malformed'],
  // Header.
  ['header is no JSON', headerText('{alg:RS256}'), 'malformed'],
  ['header with a BOM', headerText(`\uFEFF${JSON.stringify(header)}`), 'malformed'],
  ['header in UTF-16', headerText(Buffer.from(JSON.stringify(header), 'utf16le')), 'malformed'],
  ['header with bad UTF-8', headerText(Buffer.from('{"alg":"RS256","x":"\xff"}', 'latin1')), 'malformed'],
  ['header with an overlong slash', headerText(Buffer.from('{"alg":"RS256","x":"\xc0\xaf"}', 'latin1')), 'malformed'],
  ['header is a list', headerText('[]'), 'malformed'],
  ['header is null', headerText('null'), 'malformed'],
  ['header is a string', headerText('"RS256"'), 'malformed'],
  ['header with trailing text', headerText(`${JSON.stringify(header)}x`), 'malformed'],
  ['header with a comment', headerText('{"alg":"RS256"/**/}'), 'malformed'],
  ['header with a trailing comma', headerText('{"alg":"RS256",}'), 'malformed'],
  ['alg twice', headerText('{"alg":"none","alg":"RS256"}'), 'malformed'],
  ['alg twice, once escaped', headerText('{"alg":"RS256","\\u0061lg":"RS256"}'), 'malformed'],
  ['twice deep in the header', headerText('{"alg":"RS256","jwk":{"a":1,"a":1}}'), 'malformed'],
  ['header nests too deeply', headerText(`{"alg":"RS256","x":${nested(16)}}`), 'malformed'],
  ['no alg', headerText('{"typ":"JWT"}'), 'malformed'],
  ['alg is a number', withHeader({ alg: 256 }), 'malformed'],
  ['alg is a list', withHeader({ alg: ['RS256'] }), 'malformed'],
  ['alg is null', withHeader({ alg: null }), 'malformed'],
  ['alg is empty', withHeader({ alg: '' }), 'malformed'],
  ['none', `${encode({ alg: 'none' })}.${goodClaims}.`, 'malformed'],
  ['none with a signature', withHeader({ alg: 'none' }), 'malformed'],
  ['None', withHeader({ alg: 'None' }), 'malformed'],
  ['nOnE', withHeader({ alg: 'nOnE' }), 'malformed'],
  ['unknown crit', withHeader({ crit: ['exp'] }), 'malformed'],
  ['b64 in crit', withHeader({ crit: ['b64'], b64: false }), 'malformed'],
  ['empty crit', withHeader({ crit: [] }), 'malformed'],
  ['crit is null', withHeader({ crit: null }), 'malformed'],
  ['kid is a number', withHeader({ kid: 1 }), 'malformed'],
  ['kid is an object', withHeader({ kid: {} }), 'malformed'],
  ['kid is null', withHeader({ kid: null }), 'malformed'],
  // Claims set.
  ['claims are no JSON', claimsText('iss=x'), 'malformed'],
  ['claims are a list', claimsText(`[${json}]`), 'malformed'],
  ['claims are a number', claimsText('1'), 'malformed'],
  ['claims with a BOM', claimsText(`\uFEFF${json}`), 'malformed'],
  ['claims with bad UTF-8', claimsText(Buffer.from(more('"x":"\xe9"'), 'latin1')), 'malformed'],
  ['surrogates encoded in UTF-8', claimsText(Buffer.from(more('"x":"\xed\xa0\x80"'), 'latin1')), 'malformed'],
  ['sub twice', claimsText(more('"sub":"eve"')), 'malformed'],
  ['sub twice, once escaped', claimsText(more('"su\\u0062":"eve"')), 'malformed'],
  ['exp twice with equal values', claimsText(more(`"exp":${claims.exp}`)), 'malformed'],
  ['a member twice at depth', claimsText(more('"act":{"sub":"a","b":[{"c":1,"c":2}]}')), 'malformed'],
  ['claims nest too deeply', claimsText(more(`"x":${nested(16)}`)), 'malformed'],
  ['thousands of nested lists', claimsText(more(`"x":${nested(4_000)}`)), 'malformed'],
  ['a hundred thousand nested lists', claimsText(more(`"x":${nested(100_000)}`)), 'malformed'],
  ['nested lists that never close', claimsText('['.repeat(8_000)), 'malformed'],
  ['lone surrogate', claimsText(more('"x":"\\ud800"')), 'malformed'],
  ['NUL in a string', claimsText(more('"x":"a\\u0000b"')), 'malformed'],
  ['control character in a string', claimsText(more('"x":"a\nb"')), 'malformed'],
  ['NaN', claimsText(json.replace(/"exp":\d+/, '"exp":NaN')), 'malformed'],
  ['number with a plus', claimsText(json.replace(/"exp":/, '"exp":+')), 'malformed'],
  ['unterminated string', claimsText(`${json.slice(0, -1)},"x":"`), 'malformed'],
  ['two claims sets', claimsText(json + json), 'malformed'],
  // Issuer and organization.
  ['unknown issuer', withClaims({ iss: 'https://evil.example' }), 'untrusted_issuer'],
  ['issuer without its slash', withClaims({ iss: issuer.slice(0, -1) }), 'untrusted_issuer'],
  ['issuer in capitals', withClaims({ iss: issuer.toUpperCase() }), 'untrusted_issuer'],
  ['issuer with a space', withClaims({ iss: `${issuer} ` }), 'untrusted_issuer'],
  ['issuer with a default port', withClaims({ iss: 'https://idp.example:443/' }), 'untrusted_issuer'],
  ['issuer in a list', withClaims({ iss: [issuer] }), 'untrusted_issuer'],
  ['issuer is a number', withClaims({ iss: 1 }), 'untrusted_issuer'],
  ['issuer is null', withClaims({ iss: null }), 'untrusted_issuer'],
  ['issuer is an object', withClaims({ iss: { toString: issuer } }), 'untrusted_issuer'],
  ['no issuer', without('iss'), 'untrusted_issuer'],
  [
    'only a duplicate issuer in the header',
    forge({ header: { ...header, iss: issuer }, claims: { ...claims, iss: undefined } }),
    'untrusted_issuer',
  ],
  ['issuer of another organization alone', good, 'untrusted_issuer', 'org_off'],
  ['an organization without providers', good, 'untrusted_issuer', 'org_none'],
  ['both organizations map the subject', withClaims({ sub: 'both' }), 'ambiguous_organization'],
  ['ambiguity decides before signature', flipped(withClaims({ sub: 'both' }), 500), 'ambiguous_organization'],
  ['disabled provider', withClaims({ iss: 'https://off.example' }), 'provider_disabled'],
  [
    'disabled before signature',
    withClaims({ iss: 'https://off.example' }, { key: keys.otherRsa.privateKey }),
    'provider_disabled',
  ],
  ['mapped at a disabled provider', withClaims({ aud: 'c', sub: 'cyd' }), 'provider_disabled'],
  ['no keys to be had', withClaims({ iss: 'https://down.example' }), 'unavailable'],
  ['no keys, though expired', withClaims({ iss: 'https://down.example', exp: 1 }), 'unavailable'],
  // Signature.
  ['signed by a stranger', forge({ header, claims, key: keys.otherRsa.privateKey }), 'invalid_signature'],
  ['one bit of the signature', flipped(good, good.length - 100), 'invalid_signature'],
  ['short signature', `${goodHeader}.${goodClaims}.AAAA`, 'invalid_signature'],
  [
    'signature of other claims',
    `${goodHeader}.${encode({ ...claims, sub: 'both2' })}.${goodSignature}`,
    'invalid_signature',
  ],
  ['signature of another header', `${encode({ ...header, x: 1 })}.${goodClaims}.${goodSignature}`, 'invalid_signature'],
  ['unknown kid', withHeader({ kid: 'new' }), 'invalid_signature'],
  ['empty kid', withHeader({ kid: '' }), 'invalid_signature'],
  ['kid of another kind of key', withHeader({ kid: 'p256' }), 'invalid_signature'],
  ['kid as a path', withHeader({ kid: '../../dev/null' }), 'invalid_signature'],
  ['kid as SQL', withHeader({ kid: "' or 1=1 --" }), 'invalid_signature'],
  ['kid __proto__', withHeader({ kid: '__proto__' }), 'invalid_signature'],
  ['alg __proto__', withHeader({ alg: '__proto__' }), 'invalid_signature'],
  [
    'HS256 with the public key as secret',
    withHeader({ alg: 'HS256' }, { alg: 'HS256', key: keys.rsa.publicKey }),
    'invalid_signature',
  ],
  ['HS512', withHeader({ alg: 'HS512' }, { alg: 'HS512', key: keys.rsa.publicKey }), 'invalid_signature'],
  ['RS384 is not allowed', withHeader({ alg: 'RS384' }, { alg: 'RS384' }), 'invalid_signature'],
  ['rs256', withHeader({ alg: 'rs256' }), 'invalid_signature'],
  ['RS256 with a space', withHeader({ alg: 'RS256 ' }), 'invalid_signature'],
  ['RS1', withHeader({ alg: 'RS1' }), 'invalid_signature'],
  ['an invented algorithm', withHeader({ alg: 'X' }), 'invalid_signature'],
  ['alg says PS256, signed RS256', withHeader({ alg: 'PS256' }), 'invalid_signature'],
  ['alg says RS256, signed PS256', withHeader({}, { alg: 'PS256' }), 'invalid_signature'],
  ['ES256 with the RSA key', withHeader({ alg: 'ES256' }), 'invalid_signature'],
  [
    'ES384 by the P-256 key',
    forge({ header: { alg: 'ES384', kid: 'p256' }, claims, alg: 'ES384', key: keys.p256.privateKey }),
    'invalid_signature',
  ],
  [
    'ES256 of zeros (CVE-2022-21449)',
    `${encode({ alg: 'ES256', kid: 'p256' })}.${goodClaims}.${encode(Buffer.alloc(64))}`,
    'invalid_signature',
  ],
  [
    'own key in jwk',
    forge({ header: { ...header, kid: 'mine', jwk: jwkOf(keys.otherRsa) }, claims, key: keys.otherRsa.privateKey }),
    'invalid_signature',
  ],
  [
    'own key in jwk, without kid',
    forge({ header: { alg: 'RS256', jwk: jwkOf(keys.otherRsa) }, claims, key: keys.otherRsa.privateKey }),
    'invalid_signature',
  ],
  [
    'jku',
    forge({ header: { ...header, jku: 'https://evil.example/jwks' }, claims, key: keys.otherRsa.privateKey }),
    'invalid_signature',
  ],
  [
    'x5u',
    forge({ header: { ...header, x5u: 'https://evil.example/c' }, claims, key: keys.otherRsa.privateKey }),
    'invalid_signature',
  ],
  ['x5c', forge({ header: { ...header, x5c: ['AAAA'] }, claims, key: keys.otherRsa.privateKey }), 'invalid_signature'],
  [
    'key of another provider with the same kid',
    forge({ header, claims, key: keys.otherRsa.privateKey }),
    'invalid_signature',
    'org_a',
  ],
  ['our key at a provider that has another', withClaims({ sub: 'bob' }), 'invalid_signature', 'org_b'],
  [
    'algorithm of another provider',
    forge({ header, claims: { ...claims, iss: 'https://narrow.example', azp: 'robot' } }),
    'invalid_signature',
  ],
  ['bad signature decides before expiry', flipped(withClaims({ exp: 1 }), 500), 'invalid_signature'],
  ['unmapped subject with a bad signature', flipped(withClaims({ sub: 'nobody' }), 500), 'invalid_signature'],
  [
    'alg EdDSA with garbage',
    `${encode({ alg: 'EdDSA' })}.${goodClaims}.${encode(Buffer.alloc(64, 1))}`,
    'invalid_signature',
  ],
  // Claims.
  ['typ dpop+jwt', withHeader({ typ: 'dpop+jwt' }), 'invalid_claims'],
  ['typ logout+jwt', withHeader({ typ: 'logout+jwt' }), 'invalid_claims'],
  ['typ JOSE', withHeader({ typ: 'JOSE' }), 'invalid_claims'],
  ['typ is empty', withHeader({ typ: '' }), 'invalid_claims'],
  ['typ is a number', withHeader({ typ: 1 }), 'invalid_claims'],
  ['typ is null', withHeader({ typ: null }), 'invalid_claims'],
  ['typ text/jwt', withHeader({ typ: 'text/jwt' }), 'invalid_claims'],
  ['other audience', withClaims({ aud: 'other' }), 'invalid_claims'],
  ['audience in other case', withClaims({ aud: 'API' }), 'invalid_claims'],
  ['audience as a prefix', withClaims({ aud: 'api/x' }), 'invalid_claims'],
  ['empty list of audiences', withClaims({ aud: [] }), 'invalid_claims'],
  ['audience in a nested list', withClaims({ aud: [['api']] }), 'invalid_claims'],
  ['audience beside a number', withClaims({ aud: ['api', 1] }), 'invalid_claims'],
  ['audience as an object', withClaims({ aud: { api: true } }), 'invalid_claims'],
  ['audience null', withClaims({ aud: null }), 'invalid_claims'],
  ['no audience', without('aud'), 'invalid_claims'],
  ['audiences in one string', withClaims({ aud: 'api other' }), 'invalid_claims'],
  ['no exp', without('exp'), 'invalid_claims'],
  ['exp as a string', withClaims({ exp: String(claims.exp) }), 'invalid_claims'],
  ['exp null', withClaims({ exp: null }), 'invalid_claims'],
  ['exp true', withClaims({ exp: true }), 'invalid_claims'],
  ['exp as a list', withClaims({ exp: [claims.exp] }), 'invalid_claims'],
  ['exp infinite', claimsText(json.replace(/"exp":\d+/, '"exp":1e999')), 'invalid_claims'],
  ['exp in milliseconds', withClaims({ exp: claims.exp * 1000 }), 'invalid_claims'],
  ['exp a second too far', withClaims({ iat: nowSeconds, exp: nowSeconds + 86_401 }), 'invalid_claims'],
  [
    'exp too far without iat',
    claimsText(`{"iss":"${issuer}","aud":"api","sub":"ada","exp":${nowSeconds + 90_000}}`),
    'invalid_claims',
  ],
  [
    'long lifetime that is nearly over',
    withClaims({ iat: nowSeconds - 86_400, exp: nowSeconds + 1 }),
    'invalid_claims',
  ],
  ['nbf in the future', withClaims({ nbf: nowSeconds + 31 }), 'invalid_claims'],
  ['nbf as a string', withClaims({ nbf: '1' }), 'invalid_claims'],
  ['nbf null', withClaims({ nbf: null }), 'invalid_claims'],
  ['nbf as an object', withClaims({ nbf: {} }), 'invalid_claims'],
  ['iat in the future', withClaims({ iat: nowSeconds + 31 }), 'invalid_claims'],
  ['iat as a string', withClaims({ iat: `${claims.iat}` }), 'invalid_claims'],
  ['iat null', withClaims({ iat: null }), 'invalid_claims'],
  ['cnf with a thumbprint', withClaims({ cnf: { jkt: 'x' } }), 'invalid_claims'],
  ['cnf null', withClaims({ cnf: null }), 'invalid_claims'],
  ['empty cnf', withClaims({ cnf: {} }), 'invalid_claims'],
  ['no sub', without('sub'), 'invalid_claims'],
  ['sub is empty', withClaims({ sub: '' }), 'invalid_claims'],
  ['sub is a number', withClaims({ sub: 1 }), 'invalid_claims'],
  ['sub is a list', withClaims({ sub: ['ada'] }), 'invalid_claims'],
  ['sub is an object', withClaims({ sub: { ada: 1 } }), 'invalid_claims'],
  ['sub is null', withClaims({ sub: null }), 'invalid_claims'],
  ['sub wrong, though another claim counts', narrow({ sub: 7 }), 'invalid_claims'],
  ['subject claim missing, though sub is there', narrow({ azp: undefined, sub: 'robot' }), 'invalid_claims'],
  ['over the provider’s own lifetime', narrow({ exp: nowSeconds + 61 }), 'invalid_claims'],
  ['wrong claims decide before expiry', withClaims({ exp: 1, iat: 0, cnf: {} }), 'invalid_claims'],
  // Expiration, mapping.
  ['expired', withClaims({ iat: nowSeconds - 700, exp: nowSeconds - 100 }), 'expired'],
  ['expired at this very moment', withClaims({ exp: nowSeconds - 30 }), 'expired'],
  ['expired at this very moment, no tolerance', narrow({ iat: nowSeconds - 60, exp: nowSeconds }), 'expired'],
  ['expired in 1970', withClaims({ iat: 0, exp: 0 }), 'expired'],
  ['negative exp', withClaims({ iat: undefined, exp: -1 }), 'expired'],
  ['expiry decides before mapping', withClaims({ sub: 'nobody', exp: nowSeconds - 60 }), 'expired'],
  ['nobody’s subject', withClaims({ sub: 'nobody' }), 'unmapped_subject'],
  ['subject in other case', withClaims({ sub: 'Ada' }), 'unmapped_subject'],
  ['subject with a space', withClaims({ sub: 'ada ' }), 'unmapped_subject'],
  ['subject in another normal form', withClaims({ sub: 'client e\u0301 王' }), 'unmapped_subject'],
  ['subject __proto__', withClaims({ sub: '__proto__' }), 'unmapped_subject'],
  ['email never identifies', withClaims({ sub: 'nobody', email: 'ada', name: 'ada' }), 'unmapped_subject'],
  ['subject of another organization, named', withClaims({ sub: 'bob' }), 'unmapped_subject', 'org_a'],
]

const reasonOf = async (token: string, named?: string) => {
  const judged = await judgeToken(parts, token, named)
  return judged.ok ? 'good' : judged.reason
}

describe('N2: crafted tokens, each with its exact reason', () => {
  test(`there are ${rows.length} of them, under names of their own`, () => {
    expect(rows.length).toBeGreaterThanOrEqual(120)
    expect(new Set(rows.map(([name]) => name)).size).toBe(rows.length)
  })

  test.each(rows)('%s', async (_name, token, expected, named) => expect(await reasonOf(token, named)).toBe(expected))
})

describe('a good token', () => {
  test('carries its account, the key that signed it, and when it ends', async () => {
    expect(await judgeToken(parts, good)).toMatchObject({
      ok: true,
      value: {
        accountId: 'acc_ada',
        subject: 'ada',
        provider: base,
        thumbprint: setA.keys[0]?.thumbprint,
        refusedFromMs: (claims.exp + 30) * 1000,
      },
    })
  })

  test('E7: a key that the set does not have yet is looked for once; a bad signature is no reason to', async () => {
    let looked = 0
    const keysGrowing: Keys = {
      of: () => setOf([jwkOf(keys.p256, { kid: 'p256' })]),
      newer: async () => {
        looked++
        return setA
      },
    }
    expect((await judgeToken({ ...parts, keys: keysGrowing }, good)).ok).toBe(true)
    expect(looked).toBe(1)
    expect((await judgeToken({ ...parts, keys: keysGrowing }, flipped(by('p256', 'ES256'), 300))).ok).toBe(false)
    expect(looked).toBe(1)
  })

  test('E2: nothing is fetched and nobody is asked for a token whose issuer is not registered or not a string', async () => {
    const untouched: Keys = {
      of: () => expect.unreachable('keys were asked for'),
      newer: () => expect.unreachable('keys were asked for'),
    }
    const judged = await judgeToken({ ...parts, keys: untouched }, withClaims({ iss: 'https://evil.example' }))
    expect(judged).toMatchObject({ ok: false, reason: 'untrusted_issuer' })
  })

  test('several keys without a name are tried, up to four', async () => {
    const without = forge({ header: { alg: 'RS256' }, claims })
    const others = Array.from({ length: 3 }, (_, i) => jwkOf(keys.otherRsa, { kid: `${i}` }))
    const among = (list: object[]) => ({ ...parts, keys: { of: () => setOf(list), newer: keysNow.newer } })
    expect((await judgeToken(among([...others, jwkOf(keys.rsa)]), without)).ok).toBe(true)
    expect((await judgeToken(among([...others, others[0] ?? {}, jwkOf(keys.rsa)]), without)).ok).toBe(false)
  })
})

describe('E6, E7: a token that was verified before', () => {
  const again = async (
    provider: OAuthProvider,
    set = sets.idp_a,
    accountId: string | undefined = 'x',
    nowMs = now(),
  ) => {
    const judged = await judgeToken(parts, good)
    if (!judged.ok) throw new Error(judged.detail)
    return judgeAgain(judged.value, { provider, accountId }, set, nowMs)?.reason
  }

  test('stays good while all stays as it was', async () => expect(await again(base)).toBeUndefined())
  test('is refused as soon as its provider is disabled', async () =>
    expect(await again({ ...base, enabled: false })).toBe('provider_disabled'))
  test('is refused when its key left the set', async () =>
    expect(await again(base, setOf([jwkOf(keys.otherRsa, { kid: 'rsa' })]))).toBe('invalid_signature'))
  test('is refused when its algorithm is no longer allowed', async () =>
    expect(await again({ ...base, algorithms: ['ES256'] })).toBe('invalid_signature'))
  test('is refused when its audience was taken away', async () =>
    expect(await again({ ...base, audiences: ['other'] })).toBe('invalid_claims'))
  test('is refused once it expires', async () =>
    expect(await again(base, setA, 'x', (claims.exp + 30) * 1000)).toBe('expired'))
  test('is good until the last millisecond', async () =>
    expect(await again(base, setA, 'x', (claims.exp + 30) * 1000 - 1)).toBeUndefined())
})

describe('E8: check a token', () => {
  const check = (token: string, provider: OAuthProvider = base) =>
    checkToken(parts, token, {
      provider,
      accountIdOf: async (subject) => (mapped[provider.id]?.includes(subject) ? `acc_${subject}` : undefined),
    })
  const failed = async (token: string) => (await check(token)).checks.filter((it) => !it.passed).map((it) => it.name)

  test('a good one passes every check and names its account', async () => {
    const { accepted, checks, accountId } = await check(good)
    expect([accepted, accountId, checks.every((it) => it.passed && it.detail === '')]).toEqual([true, 'acc_ada', true])
    expect(checks.length).toBeGreaterThan(20)
  })

  test('all that is wrong with the claims is told at once', async () => {
    const token = withClaims(
      { iss: 'https://x', aud: 'x', exp: 1, iat: 0, cnf: {}, sub: '' },
      { key: keys.otherRsa.privateKey },
    )
    expect(await failed(token)).toEqual([
      'Signature',
      'Issuer',
      'Audience',
      'Bound to a key',
      'Subject',
      'Expiration',
      'Account mapping',
    ])
  })

  test('a fault of form ends the list, since nothing after it can be read', async () => {
    const { checks } = await check(claimsText('x'))
    expect(checks.map((it) => it.name)).toEqual(['Size', 'Form', 'Header', 'Claims set'])
    expect(checks.at(-1)).toMatchObject({ passed: false, detail: 'It is not JSON.' })
  })

  test('accepts what the gate accepts and refuses what it refuses, for every crafted token of this provider', async () => {
    for (const [name, token, expected, named] of rows) {
      if (
        named !== 'org_a' &&
        !['good', 'malformed', 'invalid_claims', 'expired', 'unmapped_subject'].includes(expected)
      )
        continue
      const provider = token.length < 20_000 && readIssuer(token) === 'https://narrow.example' ? providers.narrow : base
      expect([name, (await check(token, provider)).accepted]).toEqual([name, expected === 'good'])
    }
  })
})

function readIssuer(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).iss
  } catch {
    return undefined
  }
}

test('a token re-encoded with the same bytes is another text, and only one text is good', async () => {
  expect(await reasonOf(restSign(`${goodHeader}.${goodClaims}`))).toBe('good')
  expect(await reasonOf(restSign(`${goodHeader}=.${goodClaims}`))).toBe('malformed')
})
