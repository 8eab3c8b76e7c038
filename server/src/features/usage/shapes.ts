import * as z from 'zod'
import { accountName, day, id, sentTime, time } from '../../http/shapes.ts'

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

/** Uses that a verifier counted; together they may be many, and each is a plain number. */
export const UsageReport = z
  .array(
    z.strictObject({
      tokenId: id('tok'),
      day: day('A day, YYYY-MM-DD.'),
      count: z.int().min(1).max(1_000_000_000),
      lastUsedAt: time(),
    }),
  )
  .min(1)
  .max(1000)
  .meta({ id: 'UsageReport' })
