import * as z from 'zod'
import { emailAddress, id, mailStatus, role, sentTime } from '../../http/shapes.ts'
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
    /** The link to hand over; only where no mail is configured. */
    acceptUrl: z.string().optional(),
    mail: mailStatus(),
  })
  .meta({ id: 'Invitation' })

export const Invitations = z.object({ invitations: z.array(Invitation) }).meta({ id: 'Invitations' })

export const InvitationLink = z.object({ acceptUrl: z.string(), expiresAt: sentTime() }).meta({ id: 'InvitationLink' })
