import * as z from 'zod'
import { emailAddress, id, nameText, newPassword, role, sentTime } from '../../http/shapes.ts'
import { maxGroupsPerAccount } from '../groups/rules.ts'

const maxEmails = 100

export const NewInvitations = z
  .strictObject({
    emails: z.array(emailAddress()).min(1, 'Enter at least one address.').max(maxEmails),
    role,
    groupIds: z
      .array(id('grp'))
      .max(maxGroupsPerAccount)
      .refine((ids) => new Set(ids).size === ids.length, 'Name each group once.')
      .default([]),
  })
  .meta({ id: 'NewInvitations' })

export const Invitation = z
  .object({
    id: z.string(),
    accountId: z.string(),
    email: z.string(),
    role,
    expiresAt: sentTime(),
    /** The link to hand over; only where no mail carried it. */
    acceptUrl: z.string().optional(),
  })
  .meta({ id: 'Invitation' })

export const Invitations = z.object({ invitations: z.array(Invitation) }).meta({ id: 'Invitations' })

export const OpenInvitation = z
  .object({
    organization: z.object({ id: z.string(), name: z.string(), slug: z.string() }),
    email: z.string(),
    expiresAt: sentTime(),
    userExists: z.boolean(),
  })
  .meta({ id: 'OpenInvitation' })

/** `{}` from the invited person, signed in; name and password from somebody new (O3). */
export const Acceptance = z
  .strictObject({ name: nameText(100).optional(), password: newPassword().optional() })
  .meta({ id: 'Acceptance' })
