import * as z from 'zod'
import { route } from '../../http/route.ts'
import { keyOf, toPage } from '../../http/shapes.ts'
import { ok } from '../../kernel/result.ts'
import { deleteGroupMember, listGroupMembers, putGroupMember } from './actions.ts'
import { GroupMember, GroupMemberChange, GroupMemberPage, GroupMemberQuery } from './shapes.ts'

const path = '/api/v1/organizations/{org}/groups/{id}/members'
const one = { org: ['org'], id: ['grp'], accountId: ['mem', 'svc'] } as const

export const groupMemberRoutes = [
  route({
    id: 'listGroupMembers',
    method: 'get',
    path,
    summary: 'The accounts of a group',
    who: 'account',
    parameters: { org: ['org'], id: ['grp'] },
    query: GroupMemberQuery,
    status: 200,
    reply: GroupMemberPage,
    problems: ['not_found'],
    run: async ({ deps, caller, path, query: { limit, cursor, search } }) => {
      const after = cursor === undefined ? undefined : keyOf(cursor)
      const found = await listGroupMembers(deps, caller, path.id, { search, after, limit })
      return found.ok ? ok(toPage(found.value, limit, (it) => it.account.id)) : found
    },
  }),
  route({
    id: 'putGroupMember',
    method: 'put',
    path: `${path}/{accountId}`,
    summary: 'Put an account into a group, or give it another role there',
    who: 'group_manager',
    parameters: one,
    body: GroupMemberChange,
    status: 200,
    reply: GroupMember,
    problems: ['not_found', 'invalid_request'],
    run: ({ deps, caller, path, body, facts }) =>
      putGroupMember(deps, caller, facts, { groupId: path.id, accountId: path.accountId, role: body.role }),
  }),
  route({
    id: 'deleteGroupMember',
    method: 'delete',
    path: `${path}/{accountId}`,
    summary: 'Take an account out of a group',
    who: 'group_manager',
    parameters: one,
    status: 204,
    reply: z.void(),
    problems: ['not_found', 'would_lock_out'],
    run: ({ deps, caller, path, facts }) =>
      deleteGroupMember(deps, caller, facts, { groupId: path.id, accountId: path.accountId }),
  }),
]
