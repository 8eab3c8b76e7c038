import { describe, expect, test } from 'vitest'
import { rows } from '../../../test/crafted-tokens.ts'
import {
  base,
  by,
  claims,
  claimsText,
  flipped,
  good,
  goodClaims,
  goodHeader,
  keysNow,
  mapped,
  now,
  parts,
  providers,
  restSign,
  setA,
  setOf,
  sets,
  withClaims,
} from '../../../test/external-world.ts'
import { forge, jwkOf, keys } from '../../../test/forge.ts'
import type { OAuthProvider } from '../oauth-providers/rules.ts'
import { checkToken, judgeAgain, judgeToken, type Keys } from './actions.ts'

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
