import * as z from 'zod'
import { accountName, id, sentTime } from '../../http/shapes.ts'

const maxSelectedGroups = 1000

const apiTokens = z.strictObject({
  creation: z.enum(['all', 'groups', 'none']),
  groupIds: z
    .array(id('grp'))
    .max(maxSelectedGroups)
    .refine((ids) => new Set(ids).size === ids.length, 'Name each group once.')
    .default([]),
  suspendOutsideGroups: z.boolean().default(false),
})

/** What a save and a question for the impact send; what is left out means empty and off (P6). */
export const NewSettings = z
  .strictObject({
    apiTokens,
    beforeStopVersion: z
      .int()
      .optional()
      .describe(
        'The version of `beforeStop` that this save restores: only then may `groups` be saved without a group (P13).',
      ),
  })
  .meta({ id: 'NewSettings' })

const savedTokenCreation = z.object({
  creation: z.enum(['all', 'groups', 'none']),
  groupIds: z.array(z.string()).readonly(),
  suspendOutsideGroups: z.boolean(),
})

export const Settings = z
  .object({
    apiTokens: savedTokenCreation.extend({
      beforeStop: savedTokenCreation
        .extend({ version: z.int() })
        .nullable()
        .describe(
          'What was in force before creation became `none`, less groups deleted since; null in other modes (P13).',
        ),
    }),
    version: z.int(),
    updatedAt: sentTime(),
    updatedBy: accountName.nullable(),
  })
  .meta({ id: 'Settings' })

export const Impact = z
  .object({
    accounts: z.object({ losingCreation: z.int(), gainingCreation: z.int() }),
    tokens: z.object({ suspended: z.int(), restored: z.int(), suspendedUsedLast24h: z.int(), stillSuspended: z.int() }),
    examples: z.array(
      z.object({
        tokenId: z.string(),
        name: z.string(),
        account: accountName,
        lastUsedAt: sentTime().nullable(),
        change: z.enum(['suspended', 'restored']),
      }),
    ),
    warnings: z.array(z.object({ code: z.enum(['no_external_access']), message: z.string() })),
  })
  .meta({ id: 'SettingsImpact' })
