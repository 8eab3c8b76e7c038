import * as z from 'zod'
import { accountName, nameText, page, paging, role, searchText, sentTime } from '../../http/shapes.ts'
import { hasAtSign } from '../../kernel/names.ts'

/** The name is the account's `username`, which for members is their email address: it must not pass for one. */
const name = () =>
  nameText(100).refine((text) => !hasAtSign(text), 'Leave out the @: it would read as an email address.')

export const ServiceAccountQuery = z.strictObject({ ...paging, search: searchText().optional() })

export const NewServiceAccount = z
  .strictObject({ name: name(), role: role.default('member') })
  .meta({ id: 'NewServiceAccount' })

export const ServiceAccountChange = z
  .strictObject({ name: name().optional(), role: role.optional() })
  .meta({ id: 'ServiceAccountChange' })

export const ServiceAccount = z
  .object({
    id: z.string(),
    name: z.string(),
    role,
    createdAt: sentTime(),
    createdBy: accountName.nullable(),
    groups: z.array(z.object({ id: z.string(), name: z.string(), role: z.enum(['member', 'manager']) })),
  })
  .meta({ id: 'ServiceAccount' })

export const ServiceAccountPage = page(ServiceAccount).meta({ id: 'ServiceAccountPage' })
