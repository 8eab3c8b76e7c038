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
  beforeStop: z.unknown().optional().describe('Read-only: taken so that what was read can be sent back, and ignored.'),
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
  .meta({
    id: 'NewSettings',
    examples: [
      { apiTokens: { creation: 'groups', groupIds: ['grp_01k9x7v5c3e8tb6r2mqz4h0nds'], suspendOutsideGroups: true } },
    ],
  })

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
