import * as z from 'zod'
import { accountName, freeText, id, nameText, page, paging, searchText, sentTime, time } from '../../http/shapes.ts'

const longestSeconds = 3652 * 24 * 60 * 60

/** When the secret expires: a moment, or seconds from now by the server's clock, which a client's clock may not match. */
const expiration = {
  expiresAt: time().nullable().optional(),
  expiresIn: z.int().min(1).max(longestSeconds).optional().describe('Seconds from now; instead of `expiresAt`.'),
}

const isOneExpiration = ({
  expiresAt,
  expiresIn,
}: {
  expiresAt?: Date | null | undefined
  expiresIn?: number | undefined
}) => expiresAt === undefined || expiresIn === undefined
const twoExpirations = { path: ['expiresIn'], message: 'Send expiresAt or expiresIn, not both.' }

export const NewToken = z
  .strictObject({
    name: nameText(100),
    description: freeText(500).default(''),
    ...expiration,
    accountId: id('mem', 'svc').optional(),
  })
  .refine(isOneExpiration, twoExpirations)
  .meta({ id: 'NewToken', examples: [{ name: 'CI deploy', expiresIn: 2_592_000 }] })

/** Refreshing asks for the expiration anew (T4). */
export const RefreshToken = z
  .strictObject(expiration)
  .refine(isOneExpiration, twoExpirations)
  .meta({ id: 'RefreshToken', examples: [{ expiresIn: 2_592_000 }] })

export const TokenChanges = z
  .strictObject({ name: nameText(100).optional(), description: freeText(500).optional() })
  .meta({ id: 'TokenChanges' })

export const tokenStates = ['active', 'suspended', 'expired'] as const

export const TokenQuery = z.strictObject({
  ...paging,
  accountId: z.union([z.literal('me'), id('mem', 'svc')]).optional(),
  state: z.enum(tokenStates).optional(),
  search: searchText().optional(),
})

export const Token = z
  .object({
    id: z.string(),
    accountId: z.string(),
    account: accountName,
    name: z.string(),
    description: z.string(),
    hint: z.string(),
    state: z.enum(tokenStates),
    createdAt: sentTime(),
    createdBy: accountName.nullable(),
    expiresAt: sentTime().nullable(),
    lastUsedAt: sentTime().nullable(),
  })
  .meta({ id: 'Token' })

export const TokenPage = page(Token).meta({ id: 'TokenPage' })

/** The only answer that ever holds a secret (T1). */
export const IssuedToken = z.object({ token: Token, secret: z.string() }).meta({ id: 'IssuedToken' })

export const AbilityQuery = z.strictObject({
  accountId: id('mem', 'svc')
    .optional()
    .describe('The account that the token would belong to; by default the own one.'),
})

export const Ability = z
  .object({
    allowed: z.boolean(),
    code: z.enum(['token_creation_disabled', 'token_creation_restricted', 'forbidden']).optional(),
    message: z.string().optional(),
    externalTokens: z.boolean(),
  })
  .meta({ id: 'TokenAbility' })

export const Nothing = z.void()
