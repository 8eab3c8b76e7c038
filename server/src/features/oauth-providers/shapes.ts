import * as z from 'zod'
import { accountName, exactText, nameText, page, paging, role, sentTime } from '../../http/shapes.ts'
import {
  defaultAlgorithms,
  defaultClockToleranceSeconds,
  defaultMaxLifetimeSeconds,
  forbiddenSubjectClaims,
  maxClockToleranceSeconds,
  maxIssuerLength,
  signatureAlgorithms,
} from './rules.ts'

/** OpenID Connect Discovery 1.0 §3, RFC 8414 §2: an issuer is a URL without query and fragment; no slash is added or taken. */
const issuer = () =>
  exactText(maxIssuerLength).refine((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:'
    return isWeb && url.host !== '' && url.username === '' && url.password === '' && !/[?#\s]/.test(text)
  }, 'Enter the issuer as the provider writes it: an https address without ? and #.')

const jwksUrl = () => exactText(1000).refine((text) => URL.canParse(text), 'Enter an https address.')
const unique = (list: readonly string[]) => new Set(list).size === list.length
const audiences = () =>
  z
    .array(exactText(500))
    .min(1, 'Enter at least one audience.')
    .max(20, 'At most 20 audiences.')
    .refine(unique, 'An audience stands there twice.')
const algorithms = () =>
  z
    .array(z.enum(signatureAlgorithms))
    .min(1, 'Choose at least one algorithm.')
    .max(signatureAlgorithms.length)
    .refine(unique, 'An algorithm stands there twice.')
const subjectClaim = () =>
  exactText(100).refine(
    (text) => !(forbiddenSubjectClaims as readonly string[]).includes(text),
    'Choose a claim that never changes and is never given to somebody else: not email, name, preferred_username or upn.',
  )
const clockTolerance = () => z.int().min(0).max(maxClockToleranceSeconds)
const maxLifetime = () =>
  z
    .int()
    .min(60)
    .max(365 * 24 * 60 * 60)

export const OAuthProviderQuery = z.strictObject(paging)

export const NewOAuthProvider = z
  .strictObject({
    name: nameText(100),
    issuer: issuer(),
    jwksUrl: jwksUrl(),
    audiences: audiences(),
    algorithms: algorithms().default([...defaultAlgorithms]),
    subjectClaim: subjectClaim().default('sub'),
    scopeClaim: exactText(100).default('scope'),
    requireScope: z.boolean().default(false),
    clockTolerance: clockTolerance().default(defaultClockToleranceSeconds),
    maxLifetime: maxLifetime().default(defaultMaxLifetimeSeconds),
    enabled: z.boolean().default(true),
  })
  .meta({ id: 'NewOAuthProvider' })

/** E1: the issuer is fixed, so it is no field here. */
export const OAuthProviderChange = z
  .strictObject({
    name: nameText(100).optional(),
    jwksUrl: jwksUrl().optional(),
    audiences: audiences().optional(),
    algorithms: algorithms().optional(),
    subjectClaim: subjectClaim().optional(),
    scopeClaim: exactText(100).optional(),
    requireScope: z.boolean().optional(),
    clockTolerance: clockTolerance().optional(),
    maxLifetime: maxLifetime().optional(),
    enabled: z.boolean().optional(),
  })
  .meta({ id: 'OAuthProviderChange' })

export const OAuthProvider = z
  .object({
    id: z.string(),
    name: z.string(),
    issuer: z.string(),
    jwksUrl: z.string(),
    audiences: z.array(z.string()),
    algorithms: z.array(z.enum(signatureAlgorithms)),
    subjectClaim: z.string(),
    scopeClaim: z.string(),
    requireScope: z.boolean(),
    clockTolerance: z.int(),
    maxLifetime: z.int(),
    enabled: z.boolean(),
    createdAt: sentTime(),
    /** What goes with the provider when it is deleted (E6). */
    mappingCount: z.int(),
    keys: z.object({ fetchedAt: sentTime().nullable(), count: z.int(), lastError: z.string().nullable() }),
  })
  .meta({ id: 'OAuthProvider' })

export const OAuthProviderPage = page(OAuthProvider).meta({ id: 'OAuthProviderPage' })

/** Far over what is looked at (E2), so that a long token is told so by the list of checks. */
export const TokenToCheck = z
  .strictObject({ token: z.string().min(1, 'Paste a token.') })
  .meta({ id: 'TokenToCheck', examples: [{ token: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjaS1yb2JvdCJ9.EXAMPLE' }] })

export const TokenChecks = z
  .object({
    accepted: z.boolean(),
    checks: z.array(z.object({ name: z.string(), passed: z.boolean(), detail: z.string() })),
    account: accountName.optional(),
    /** With which the token acts (E5). */
    role: role.optional(),
  })
  .meta({ id: 'TokenChecks' })

export const IssuerToDiscover = z.strictObject({ issuer: issuer() }).meta({ id: 'IssuerToDiscover' })
export const DiscoveredIssuer = z.object({ jwksUrl: z.string() }).meta({ id: 'DiscoveredIssuer' })
