import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { type Judged, judgeToken, type VerifyParts } from '../../server/src/features/external-tokens/actions.ts'
import {
  type OAuthProvider,
  type SignatureAlgorithm,
  subjectOf,
} from '../../server/src/features/oauth-providers/rules.ts'
import { readKeySet } from '../../server/src/features/signing-keys/rules.ts'

/**
 * An external token that nobody has seen before: the whole judgement, all that it looks up in memory, beside
 * `jose.jwtVerify` with the same key and what strictness it offers. Both get the same tokens, in turn.
 */
const alg = process.env.ALG as SignatureAlgorithm
const rounds = Number(process.env.ROUNDS)
/** Short rounds, since other people's work runs on the same machine: what disturbs one of a pair disturbs the other. */
const perRound = 20
const warmUp = 100

const pair =
  alg === 'RS256'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' })
const set = readKeySet({ keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'bench', use: 'sig', alg }] })
if (typeof set === 'string') throw new Error(set)
const publicKey = set.keys[0]?.publicKey as KeyObject

const provider: OAuthProvider = {
  id: 'idp_bench',
  organizationId: 'org_bench',
  issuer: 'https://login.example.com/tenant/v2.0',
  jwksUrl: 'https://login.example.com/tenant/keys',
  audiences: ['https://api.example.com'],
  algorithms: ['RS256', 'ES256'],
  subjectClaim: 'sub',
  scopeClaim: 'scope',
  requireScope: false,
  clockToleranceSeconds: 30,
  maxLifetimeSeconds: 86_400,
  enabled: true,
}
const registered = new Map([[provider.issuer, provider]])
const mapped = new Map([['nightly-import', 'svc_bench']])
const parts: VerifyParts = {
  keys: { of: () => set, newer: async () => set },
  find: async (issuer, jws) => {
    const known = registered.get(issuer)
    return known ? [{ provider: known, accountId: mapped.get(subjectOf(known, jws.claims) ?? '') }] : []
  },
  now: Date.now,
}

/** As large as those of well-known providers (`docs/guides/oauth-providers`). */
const newToken = (number: number) =>
  new SignJWT({
    azp: 'nightly-import',
    scope: 'hub:use profile',
    tid: '8f3c1d2e-5b6a-4c7d-9e8f-0a1b2c3d4e5f',
    roles: ['Hub.Use'],
    ver: '2.0',
  })
    .setProtectedHeader({ alg, kid: 'bench', typ: 'JWT' })
    .setIssuer(provider.issuer)
    .setAudience(provider.audiences[0] ?? '')
    .setSubject('nightly-import')
    .setJti(`${number}`)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(pair.privateKey)

const strict = {
  issuer: provider.issuer,
  audience: [...provider.audiences],
  algorithms: [...provider.algorithms],
  requiredClaims: ['sub', 'exp', 'iat'],
  clockTolerance: provider.clockToleranceSeconds,
  maxTokenAge: provider.maxLifetimeSeconds,
  typ: 'JWT',
}

async function micros(tokens: readonly string[], verify: (token: string) => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  for (const token of tokens) await verify(token)
  return ((performance.now() - startedAt) * 1000) / tokens.length
}

const ours = async (token: string) => {
  const judged: Judged = await judgeToken(parts, token)
  if (!judged.ok) throw new Error(judged.detail)
}
const bare = (token: string) => jwtVerify(token, publicKey, strict)

const tokens: string[] = []
for (let i = 0; i < (warmUp + rounds) * perRound; i += 1) tokens.push(await newToken(i))
const taken: { ours: number; bare: number }[] = []
for (let round = 0; round < warmUp + rounds; round += 1) {
  const some = tokens.slice(round * perRound, (round + 1) * perRound)
  // Who goes first finds the processor as the other left it, so they take turns at that too.
  const first = round % 2 === 0 ? await micros(some, ours) : undefined
  const beside = await micros(some, bare)
  const measured = { ours: first ?? (await micros(some, ours)), bare: beside }
  if (round >= warmUp) taken.push(measured)
}
process.send?.({ port: 0, taken })
process.on('disconnect', () => process.exit())
