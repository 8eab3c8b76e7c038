import * as z from 'zod'
import { nameText, newPassword, sentTime } from '../../http/shapes.ts'

export const FreshStart = z
  .object({
    state: z.enum(['available', 'waiting', 'ready', 'stopped']),
    /** When it can be completed; only while it waits or is ready. */
    readyAt: sentTime().optional(),
  })
  .meta({ id: 'FreshStart' })

export const OpenInvitation = z
  .object({
    organization: z.object({ id: z.string(), name: z.string(), slug: z.string() }),
    email: z.string(),
    expiresAt: sentTime(),
    /** Null where the link was shown to someone: it does not tell whether the person exists (O13). */
    userExists: z.boolean().nullable(),
    /** Null where the link cannot replace the credentials of an existing person (O12). */
    freshStart: FreshStart.nullable(),
  })
  .meta({ id: 'OpenInvitation' })

/** `{}` from the invited person, signed in; name and password from somebody new (O3). */
export const Acceptance = z
  .strictObject({ name: nameText(100).optional(), password: newPassword().optional() })
  .meta({ id: 'Acceptance' })
