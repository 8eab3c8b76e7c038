import * as z from 'zod'
import { accountName, sentTime } from '../../http/shapes.ts'

export const UsageQuery = z.strictObject({ days: z.enum(['7', '30', '90']).default('30').transform(Number) })

export const Usage = z
  .object({
    days: z.array(z.object({ date: z.string(), count: z.int() })),
    tokens: z.array(
      z.object({
        tokenId: z.string(),
        name: z.string(),
        account: accountName,
        count: z.int(),
        lastUsedAt: sentTime().nullable(),
      }),
    ),
  })
  .meta({ id: 'TokenUsage' })
