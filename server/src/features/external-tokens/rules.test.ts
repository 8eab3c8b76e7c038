import { describe, expect, test } from 'vitest'
import type { OAuthProvider } from '../oauth-providers/rules.ts'
import { claimsFault, claimsOutcomes } from './rules.ts'

describe('E2: type and claims of a token whose signature is good', () => {
  const provider: OAuthProvider = {
    id: 'idp_1',
    organizationId: 'org_1',
    issuer: 'https://id.example',
    jwksUrl: 'https://id.example/jwks',
    audiences: ['api', 'other'],
    algorithms: ['RS256'],
    subjectClaim: 'sub',
    scopeClaim: 'scope',
    requireScope: false,
    clockToleranceSeconds: 30,
    maxLifetimeSeconds: 3600,
    enabled: true,
  }
  const now = 1_800_000_000
  const good = { iss: 'https://id.example', aud: 'api', sub: 'ada', iat: now - 10, exp: now + 600 }
  /** The name of the first check that fails, and its reason. */
  const faultOf = (claims: object, header: object = {}, by = provider, nowMs = now * 1000) => {
    const jws = { header: { alg: 'RS256', ...header }, claims: { ...good, ...claims } }
    const fault = claimsFault(jws as never, by, nowMs)
    return fault && `${fault.name}: ${fault.reason}`
  }

  test('nothing is amiss with a plain one', () => expect(faultOf({})).toBeUndefined())

  test.each<[typ: unknown, passes: boolean]>([
    [undefined, true],
    ['JWT', true],
    ['at+jwt', true],
    ['AT+JWT', true],
    ['application/at+jwt', true],
    ['Application/JWT', true],
    ['logout+jwt', false],
    ['dpop+jwt', false],
    ['x/application/jwt', false],
    ['jwtapplication/', false],
    ['', false],
    [null, false],
    [['JWT'], false],
  ])('typ %j passes: %s', (typ, passes) => {
    expect(faultOf({}, { typ })).toBe(passes ? undefined : 'Type: invalid_claims')
  })

  test.each<[what: string, claims: object, fault: string | undefined]>([
    ['another issuer', { iss: 'https://id.example/' }, 'Issuer: invalid_claims'],
    ['no issuer', { iss: undefined }, 'Issuer: invalid_claims'],
    ['another audience', { aud: 'console' }, 'Audience: invalid_claims'],
    ['one of several audiences', { aud: ['console', 'other'] }, undefined],
    ['no audience', { aud: undefined }, 'Audience: invalid_claims'],
    ['an audience that is a number', { aud: 1 }, 'Audience: invalid_claims'],
    ['audiences of which one is a number', { aud: ['api', 1] }, 'Audience: invalid_claims'],
    ['no expiration', { exp: undefined }, 'Times: invalid_claims'],
    ['an expiration as text', { exp: String(now + 600) }, 'Times: invalid_claims'],
    ['an endless expiration', { exp: Number.POSITIVE_INFINITY }, 'Times: invalid_claims'],
    ['an expiration of null', { exp: null }, 'Times: invalid_claims'],
    ['an iat as text', { iat: '1' }, 'Times: invalid_claims'],
    ['an nbf as text', { nbf: '1' }, 'Times: invalid_claims'],
    ['no iat', { iat: undefined }, undefined],
    ['nbf at the tolerance', { nbf: now + 30 }, undefined],
    ['nbf beyond the tolerance', { nbf: now + 30.001 }, 'Not before: invalid_claims'],
    ['iat at the tolerance', { iat: now + 30 }, undefined],
    ['iat beyond the tolerance', { iat: now + 31 }, 'Issued at: invalid_claims'],
    ['the longest lifetime', { iat: now, exp: now + 3600 }, undefined],
    ['a longer lifetime', { iat: now, exp: now + 3601 }, 'Lifetime: invalid_claims'],
    ['the longest lifetime from now, without iat', { iat: undefined, exp: now + 3600 }, undefined],
    ['a longer one from now, without iat', { iat: undefined, exp: now + 3601 }, 'Lifetime: invalid_claims'],
    ['a key that it is bound to', { cnf: { jkt: 'x' } }, 'Bound to a key: invalid_claims'],
    ['a cnf of null', { cnf: null }, 'Bound to a key: invalid_claims'],
    ['no subject', { sub: undefined }, 'Subject: invalid_claims'],
    ['an empty subject', { sub: '' }, 'Subject: invalid_claims'],
    ['a subject that is a number', { sub: 7 }, 'Subject: invalid_claims'],
    ['the last moment of the tolerance', { exp: now - 29.999 }, undefined],
    ['the first moment after it', { exp: now - 30 }, 'Expiration: expired'],
  ])('%s', (_, claims, fault) => {
    expect(faultOf(claims)).toBe(fault)
  })

  test('another claim than sub may be the subject, and sub must be text all the same', () => {
    const by = { ...provider, subjectClaim: 'oid' }
    expect(faultOf({ oid: 'x', sub: undefined }, {}, by)).toBeUndefined()
    expect(faultOf({ oid: 'x', sub: 7 }, {}, by)).toBe('Subject: invalid_claims')
    expect(faultOf({ oid: 7 }, {}, by)).toBe('Subject: invalid_claims')
  })

  test('N2: what is amiss besides being expired is told first', () => {
    expect(faultOf({ exp: now - 100, aud: 'console' })).toBe('Audience: invalid_claims')
    expect(faultOf({ exp: now - 100, sub: '' })).toBe('Subject: invalid_claims')
  })

  test('E8: every check is listed with its outcome, those that fail with a sentence, whatever fails before them', () => {
    const jws = { header: { alg: 'RS256', typ: 'x' }, claims: { nbf: now + 600, iat: now + 600, exp: 'x', cnf: {} } }
    const outcomes = claimsOutcomes(jws as never, provider, now * 1000)
    expect(outcomes.map(({ name, passed }) => `${name} ${passed}`)).toEqual([
      'Type false',
      'Issuer false',
      'Audience false',
      'Times false',
      'Not before false',
      'Issued at false',
      'Lifetime true',
      'Bound to a key false',
      'Subject false',
      'Expiration true',
    ])
    for (const { passed, detail } of outcomes) expect(detail).toMatch(passed ? /^$/ : /\w+ .*\.$/)
  })

  test('E8: the sentence names what must be changed', () => {
    const sentences = (claims: object, by = provider) =>
      claimsOutcomes({ header: { alg: 'RS256' }, claims: { ...good, ...claims } } as never, by, now * 1000)
        .filter((it) => !it.passed)
        .map((it) => it.detail)
    expect(sentences({ aud: 1 })).toEqual(['aud is neither a string nor a list of strings.'])
    expect(sentences({ aud: 'console' })).toEqual([expect.stringContaining('Add it to the provider')])
    // A text that looks like a number is no time, and has no lifetime to be judged.
    expect(sentences({ exp: '9999999999' })).toEqual(['exp is not a number of seconds.'])
    expect(sentences({ iat: 'x' })).toEqual(['iat is not a number of seconds.'])
    expect(sentences({ nbf: 'x' })).toEqual(['nbf is not a number of seconds.'])
    expect(sentences({ exp: 'x' })).toEqual(['exp is not a number of seconds.'])
    expect(sentences({ exp: now + 9_000 })).toEqual(['Its lifetime is over the 3600 seconds that the provider allows.'])
    expect(sentences({}, { ...provider, subjectClaim: 'oid' })).toEqual([
      'The subject claim (oid) is missing, empty or not a string.',
    ])
  })
})
