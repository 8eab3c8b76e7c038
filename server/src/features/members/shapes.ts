import * as z from 'zod'
import { mailStatus, page, paging, role, searchText, sentTime } from '../../http/shapes.ts'

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
    /** Whether a mailed link or the operator proved that the address is theirs; for admins, of joined members. */
    emailProven: z.boolean().optional(),
    /** From when on a mailed invitation can replace the person's sign-in, if that was requested; for admins. */
    freshStartAt: sentTime().optional(),
    invitation: z
      .object({ id: z.string(), expiresAt: sentTime(), expired: z.boolean(), mail: mailStatus() })
      .optional(),
  })
  .meta({ id: 'Member' })

export const MemberPage = page(Member).meta({ id: 'MemberPage' })

export const MemberChange = z.strictObject({ role }).meta({ id: 'MemberChange' })
