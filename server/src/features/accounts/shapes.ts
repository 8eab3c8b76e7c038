import * as z from 'zod'
import { accountName, role } from '../../http/shapes.ts'

export const Me = z
  .object({
    user: z.object({ id: z.string(), name: z.string(), email: z.string() }).optional(),
    account: accountName.extend({ role }).meta({ id: 'OwnAccount' }).optional(),
    organizations: z.array(
      z.object({ id: z.string(), name: z.string(), slug: z.string(), accountId: z.string(), role }),
    ),
  })
  .meta({ id: 'Me' })
