import * as z from 'zod'
import { page, paging, role, searchText, sentTime } from '../../http/shapes.ts'

const status = z.enum(['invited', 'joined'])

export const MemberQuery = z.strictObject({
  ...paging,
  status: status.optional(),
  role: role.optional(),
  search: searchText().optional(),
})

export const Member = z
  .object({
    id: z.string(),
    name: z.string(),
    /** O7: left out where the reader may not see it. */
    email: z.string().optional(),
    role,
    status,
    groups: z.array(z.object({ id: z.string(), name: z.string(), role: z.enum(['member', 'manager']) })),
    joinedAt: sentTime().nullable(),
    invitation: z.object({ id: z.string(), expiresAt: sentTime() }).optional(),
  })
  .meta({ id: 'Member' })

export const MemberPage = page(Member).meta({ id: 'MemberPage' })

export const MemberChange = z.strictObject({ role }).meta({ id: 'MemberChange' })
