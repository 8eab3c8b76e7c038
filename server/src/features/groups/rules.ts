import { toNameKey } from '../../kernel/names.ts'
import { ok, type Result, refuse } from '../../kernel/result.ts'
import type { Role } from '../organizations/rules.ts'

export type GroupRole = 'member' | 'manager'

/** O6: an account is in at most this many groups. */
export const maxGroupsPerAccount = 100

/** O6: what is compared, since names of groups are unique whatever their spelling. */
export const groupNameKey = toNameKey

/** O6: an admin manages every group, a manager the group that they manage, nobody else any. */
export const mayManageGroup = (role: Role, roleInGroup: GroupRole | undefined): Result<void, 'forbidden'> =>
  role === 'admin' || roleInGroup === 'manager' ? ok(undefined) : refuse('forbidden')

/** O6: room for one more? `groupCount` counts the groups that the account is in now, without this one. */
export const mayJoinGroup = (groupCount: number): Result<void, 'invalid_request'> =>
  groupCount < maxGroupsPerAccount
    ? ok(undefined)
    : refuse('invalid_request', {
        errors: [{ path: 'accountId', message: `An account can be in at most ${maxGroupsPerAccount} groups.` }],
      })
