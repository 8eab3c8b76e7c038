import * as z from 'zod'
import { accountName, page, paging, searchText } from '../../http/shapes.ts'

const role = z.enum(['member', 'manager'])

export const GroupMemberQuery = z.strictObject({ ...paging, search: searchText().optional() })

/** An account, with its role in the group. */
export const GroupMember = z.object({ account: accountName, role }).meta({ id: 'GroupMember' })

export const GroupMemberPage = page(GroupMember).meta({ id: 'GroupMemberPage' })

export const GroupMemberChange = z.strictObject({ role }).meta({ id: 'GroupMemberChange' })
