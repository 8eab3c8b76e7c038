import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  audiencesOf,
  defaultAlgorithms,
  defaultMaxLifetimeSeconds,
  isMeantFor,
  maxProviders,
  mayAddProvider,
  mayChangeSubjectClaim,
  mayShareAudience,
  type OAuthProvider,
  providerFor,
  subjectOf,
} from './rules.ts'

const provider = (id: string, more: Partial<OAuthProvider> = {}): OAuthProvider => ({
  id,
  organizationId: `org_${id}`,
  issuer: 'https://idp.example',
  jwksUrl: 'https://idp.example/jwks',
  audiences: ['api'],
  algorithms: ['RS256'],
  subjectClaim: 'sub',
  scopeClaim: 'scope',
  requireScope: false,
  clockToleranceSeconds: 30,
  maxLifetimeSeconds: 86_400,
  enabled: true,
  ...more,
})
const claims = { iss: 'https://idp.example', aud: 'api', sub: 'ada' }
const choose = (known: OAuthProvider[], mapped: string[], named?: string, it: object = claims) => {
  const choice = providerFor(it as typeof claims, known, new Set(mapped), named)
  return choice.ok ? choice.value.id : choice.code
}

describe('E4: which provider', () => {
  const all = [provider('a'), provider('b'), provider('c', { enabled: false }), provider('d', { audiences: ['other'] })]

  test.each([
    ['the only one that maps the subject', ['a'], undefined, 'a'],
    ['disabled and other audiences do not count', ['a', 'c', 'd'], undefined, 'a'],
    ['several that map it', ['a', 'b'], undefined, 'ambiguous_organization'],
    ['several, but one is named', ['a', 'b'], 'org_b', 'b'],
    ['named, though another maps it', ['a'], 'org_b', 'b'],
    ['none maps it: one that is enabled and meant, for the reason', [], undefined, 'a'],
    ['mapped at a disabled one alone: that is the reason', ['c'], undefined, 'c'],
    ['named organization without a provider of that issuer', ['a'], 'org_z', 'untrusted_issuer'],
  ])('%s', (_name, mapped, named, expected) => expect(choose(all, mapped, named)).toBe(expected))

  describe('when none counts, the one with the least amiss gives the reason, wherever it stands', () => {
    const off = { enabled: false }
    const elsewhere = { audiences: ['other'] }
    const ranked = [
      provider('mapped', off),
      provider('enabled and meant'),
      provider('meant', off),
      provider('enabled', elsewhere),
      provider('any', { ...off, ...elsewhere }),
    ]
    test.each(ranked.map((it, i) => [it.id, i] as const))('%s', (id, i) => {
      const left = ranked.slice(i)
      expect(choose(left, ['mapped'])).toBe(id)
      expect(choose(left.toReversed(), ['mapped'])).toBe(id)
    })

    test('mapped for another audience is not mapped for this one', () => {
      const known = [provider('elsewhere', elsewhere), provider('here')]
      expect(choose(known, ['elsewhere'])).toBe('here')
    })
  })

  test('the one that counts is chosen, though a disabled one that maps the subject stands before it', () => {
    expect(choose([provider('off', { enabled: false }), provider('on')], ['off', 'on'])).toBe('on')
  })

  test('issuers are compared exactly', () => {
    for (const iss of ['https://idp.example/', 'HTTPS://idp.example', 'https://idp.example ', 7, null, undefined])
      expect(choose(all, ['a'], undefined, { ...claims, iss })).toBe('untrusted_issuer')
  })

  test('no organization disturbs another’s tokens by registering its issuer, in whatever number and order', () => {
    const stranger = fc.record({ enabled: fc.boolean(), audiences: fc.constantFrom(['api'], ['other'], ['api', 'x']) })
    fc.assert(
      fc.property(fc.array(stranger), fc.nat(), (strangers, place) => {
        const known = strangers.map((it, i) => provider(`s${i}`, it))
        known.splice(place % (known.length + 1), 0, provider('mine'))
        expect(choose(known, ['mine'])).toBe('mine')
      }),
    )
  })

  test('what is chosen has the issuer, and the organization that was named', () => {
    const any = fc.record({
      issuer: fc.constantFrom('https://idp.example', 'https://other.example'),
      organizationId: fc.constantFrom('org_1', 'org_2'),
      audiences: fc.subarray(['api', 'x']),
      enabled: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(any, fc.boolean())),
        fc.constantFrom('org_1', 'org_2', undefined),
        (list, named) => {
          const known = list.map(([it], i) => provider(`p${i}`, it))
          const mapped = new Set(list.flatMap(([, is], i) => (is ? [`p${i}`] : [])))
          const choice = providerFor(claims, known, mapped, named)
          if (!choice.ok) return
          expect(choice.value.issuer).toBe(claims.iss)
          if (named) expect(choice.value.organizationId).toBe(named)
        },
      ),
    )
  })
})

describe('E1: what an organization may register', () => {
  const some = fc.record({
    issuer: fc.constantFrom('https://a.example', 'https://a.example/', 'https://b.example'),
    audiences: fc.subarray(['x', 'y', 'X'], { minLength: 1 }),
  })

  test('providers that pass one after another never share issuer and an audience', () => {
    fc.assert(
      fc.property(fc.array(some, { maxLength: 12 }), (wanted) => {
        const kept: (typeof wanted)[number][] = []
        for (const it of wanted) if (mayShareAudience(it, kept).ok) kept.push(it)
        const pairs = kept.flatMap((it) => it.audiences.map((audience) => `${it.issuer} ${audience}`))
        expect(new Set(pairs).size).toBe(pairs.length)
        for (const it of wanted.filter((one) => !kept.includes(one))) expect(mayShareAudience(it, kept).ok).toBe(false)
      }),
    )
  })

  test.each<[what: string, others: { issuer: string; audiences: string[] }[], may: boolean]>([
    ['nobody', [], true],
    ['another issuer with the same audience', [{ issuer: 'https://b.example', audiences: ['x'] }], true],
    ['the same issuer with another audience', [{ issuer: 'https://a.example', audiences: ['y', 'X'] }], true],
    ['the same issuer with one of the audiences', [{ issuer: 'https://a.example', audiences: ['y', 'x'] }], false],
    [
      'one of several that shares',
      [
        { issuer: 'https://a.example', audiences: ['z'] },
        { issuer: 'https://a.example', audiences: ['x'] },
      ],
      false,
    ],
  ])('beside %s', (_, others, may) => {
    const said = mayShareAudience({ issuer: 'https://a.example', audiences: ['x', 'w'] }, others)
    expect(said.ok ? true : said.code).toBe(may || 'provider_conflict')
  })

  test('refusals name the field or the rule', () => {
    expect(mayAddProvider(maxProviders)).toMatchObject({
      code: 'invalid_request',
      errors: [{ path: 'issuer', message: expect.stringContaining('20') }],
    })
    expect(mayChangeSubjectClaim(1)).toMatchObject({
      code: 'provider_in_use',
      detail: expect.stringContaining('mappings'),
    })
  })

  test('left out: two usual algorithms, and tokens that live for a day', () => {
    expect(defaultAlgorithms).toEqual(['RS256', 'ES256'])
    expect(defaultMaxLifetimeSeconds).toBe(86_400)
  })

  test.each([
    [0, true],
    [maxProviders - 1, true],
    [maxProviders, false],
    [maxProviders + 1, false],
  ])('beside %i others: %s', (present, may) => expect(mayAddProvider(present).ok).toBe(may))

  test('another subject claim, while nobody is mapped alone', () =>
    expect([0, 1, 2].map((mappings) => mayChangeSubjectClaim(mappings).ok)).toEqual([true, false, false]))
})

test('audiences: a string or a list of strings, and nothing else', () => {
  expect([audiencesOf('a'), audiencesOf(['a', 'b']), audiencesOf([])]).toEqual([['a'], ['a', 'b'], []])
  for (const it of [undefined, null, 1, {}, ['a', 1], [['a']]]) expect(audiencesOf(it)).toBeUndefined()
  expect(isMeantFor({ audiences: ['api'] }, ['x', 'api'])).toBe(true)
  expect(isMeantFor({ audiences: [''] }, undefined)).toBe(false)
})

test('the subject is a claim of the token itself, never something that every object has', () => {
  for (const subjectClaim of ['constructor', 'toString', '__proto__', 'x'])
    expect(subjectOf({ subjectClaim }, {})).toBeUndefined()
  for (const sub of ['', 1, null, ['a'], {}]) expect(subjectOf({ subjectClaim: 'sub' }, { sub })).toBeUndefined()
  expect(subjectOf({ subjectClaim: '__proto__' }, JSON.parse('{"__proto__":"eve"}'))).toBe('eve')
})
