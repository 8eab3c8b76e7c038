import * as z from 'zod'
import { accountName, role, sentTime } from '../../http/shapes.ts'

export const Me = z
  .object({
    user: z
      .object({
        id: z.string(),
        name: z.string(),
        email: z.string(),
        emailProven: z.boolean(),
        /** From when on a mailed invitation can replace this person's sign-in, if that was requested (O12). */
        freshStartAt: sentTime().optional(),
      })
      .optional(),
    account: accountName.extend({ role }).meta({ id: 'OwnAccount' }).optional(),
    organizations: z.array(
      z.object({ id: z.string(), name: z.string(), slug: z.string(), accountId: z.string(), role }),
    ),
  })
  .meta({ id: 'Me' })
