import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { NewAccountMapping } from '../src/features/account-mappings/shapes.ts'
import { checkToken, judgeToken } from '../src/features/external-tokens/actions.ts'
import { type OAuthProvider, subjectOf } from '../src/features/oauth-providers/rules.ts'
import { NewOAuthProvider } from '../src/features/oauth-providers/shapes.ts'
import { readKeySet } from '../src/features/signing-keys/rules.ts'
import type { JsonObject } from '../src/kernel/json-object.ts'
import { forge, jwkOf, keys } from './forge.ts'

const folder = join(import.meta.dirname, '../../docs/guides/oauth-providers')
const guides = readdirSync(folder).filter((file) => file !== 'README.md')
const now = () => Date.UTC(2026, 10, 24, 12)

/** The one JSON block that a guide ends with: the provider as it is to be registered, who is mapped, and a token. */
interface Sample {
  provider: unknown
  subject: string
  header: { alg: string; kid: string }
  claims: JsonObject
}

function sampleOf(guide: string): Sample {
  const blocks = [...readFileSync(join(folder, guide), 'utf8').matchAll(/^```json\n(.*?)^```$/gms)]
  expect(blocks).toHaveLength(1)
  return JSON.parse(blocks[0]?.[1] ?? '')
}

/** As the console and the API would register it: through the very shape of the request. */
function registered(sample: Sample): OAuthProvider {
  const { clockTolerance, maxLifetime, ...rest } = NewOAuthProvider.parse(sample.provider)
  const seconds = { clockToleranceSeconds: clockTolerance, maxLifetimeSeconds: maxLifetime }
  return { id: 'idp_guide', organizationId: 'org_guide', ...rest, ...seconds }
}

/** The sample is a token but for its times and its signature. */
function signed({ header, claims }: Sample, changed: JsonObject = {}): string {
  const seconds = now() / 1000
  return forge({ header, claims: { ...claims, iat: seconds - 10, exp: seconds + 290, ...changed } })
}

function partsOf(sample: Sample) {
  const set = readKeySet({ keys: [jwkOf(keys.rsa, { kid: sample.header.kid, use: 'sig' })] })
  if (typeof set === 'string') throw new Error(set)
  const provider = registered(sample)
  const accountIdOf = async (subject: string | undefined) => (subject === sample.subject ? 'svc_mapped' : undefined)
  const find = async (issuer: string, jws: { claims: JsonObject }) =>
    issuer === provider.issuer ? [{ provider, accountId: await accountIdOf(subjectOf(provider, jws.claims)) }] : []
  return { now, find, provider, accountIdOf, keys: { of: () => set, newer: async () => set } }
}

test('there is a guide for each provider that is promised', () =>
  expect(guides.sort()).toEqual([
    'auth0.md',
    'github-actions.md',
    'google.md',
    'keycloak.md',
    'kubernetes.md',
    'microsoft-entra-id.md',
    'okta.md',
  ]))

describe.each(guides)('%s', (guide) => {
  const sample = sampleOf(guide)
  const parts = partsOf(sample)

  test('its token is accepted by the provider as registered, for the mapped subject', async () => {
    // All of them sign with RS256 unless told otherwise, which is the only key here.
    expect(sample.header.alg).toBe('RS256')
    expect(await judgeToken(parts, signed(sample))).toMatchObject({
      ok: true,
      value: { accountId: 'svc_mapped', subject: sample.subject },
    })
  })

  test('its subject can be mapped as it stands', () =>
    expect(NewAccountMapping.shape.subject.parse(sample.subject)).toBe(sample.subject))

  test('for another audience it is refused, by the check of the audience alone', async () => {
    const token = signed(sample, { aud: 'https://another.example' })
    expect(await judgeToken(parts, token)).toMatchObject({ ok: false, reason: 'invalid_claims', name: 'Audience' })
    const { accepted, checks } = await checkToken(parts, token, parts)
    expect([accepted, checks.filter((it) => !it.passed).map((it) => it.name)]).toEqual([false, ['Audience']])
  })

  test('for another subject it is not mapped', async () => {
    const token = signed(sample, { [parts.provider.subjectClaim]: `${sample.subject}0` })
    expect(await judgeToken(parts, token)).toMatchObject({ ok: false, reason: 'unmapped_subject' })
  })

  test('with a slash more or less in its issuer it is not trusted', async () => {
    const { issuer } = parts.provider
    const other = issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`
    expect(await judgeToken(parts, signed(sample, { iss: other }))).toMatchObject({
      ok: false,
      reason: 'untrusted_issuer',
    })
  })

  test('names the pages that it was written from', () => {
    const text = readFileSync(join(folder, guide), 'utf8')
    const named = new Set([...text.matchAll(/^\[(\d)\]: https:\/\//gm)].map(([, number]) => number))
    const cited = new Set([...text.matchAll(/\]\[(\d)\]/g)].map(([, number]) => number))
    expect(named.size).toBeGreaterThan(0)
    expect(cited).toEqual(named)
  })
})
