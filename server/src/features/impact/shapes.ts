import * as z from 'zod'
import { accountName, id, sentTime } from '../../http/shapes.ts'

export const IntendedChange = z
  .strictObject({
    change: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('group_deletion'), groupId: id('grp') }),
      z.strictObject({ kind: z.literal('group_removal'), groupId: id('grp'), accountId: id('mem', 'svc') }),
      z.strictObject({ kind: z.literal('account_removal'), accountId: id('mem', 'svc') }),
      z.strictObject({ kind: z.literal('provider_removal'), providerId: id('idp') }),
    ]),
  })
  .meta({ id: 'IntendedChange' })

export const Impact = z
  .object({
    accounts: z.object({ losingCreation: z.int(), gainingCreation: z.int() }),
    tokens: z.object({
      suspended: z.int(),
      restored: z.int(),
      suspendedUsedLast24h: z.int(),
      stillSuspended: z.int(),
      revoked: z.int(),
      revokedUsedLast24h: z.int(),
    }),
    externalSubjects: z.int().describe('Mapped subjects of OAuth providers whose tokens stop working.'),
    examples: z
      .array(
        z.object({
          tokenId: z.string(),
          name: z.string(),
          account: accountName,
          lastUsedAt: sentTime().nullable(),
          change: z.enum(['suspended', 'restored', 'revoked']),
        }),
      )
      .describe('The first ten affected tokens by name; empty for callers that may not see them.'),
    warnings: z.array(z.object({ code: z.enum(['no_external_access']), message: z.string() })),
  })
  .meta({ id: 'Impact' })
