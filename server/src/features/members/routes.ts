import * as z from 'zod'
import { route } from '../../http/route.ts'
import { keyOf, toPage } from '../../http/shapes.ts'
import { ok } from '../../kernel/result.ts'
import { changeMemberRole, getMember, listMembers, removeMember } from './actions.ts'
import { Member, MemberChange, MemberPage, MemberQuery } from './shapes.ts'

const path = '/api/v1/organizations/{org}/members'
const one = { org: ['org'], id: ['mem'] } as const

export const memberRoutes = [
  route({
    id: 'listMembers',
    method: 'get',
    path,
    summary: 'The members, joined and invited',
    who: 'account',
    parameters: { org: ['org'] },
    query: MemberQuery,
    status: 200,
    reply: MemberPage,
    problems: [],
    run: async ({ deps, caller, query: { limit, cursor, ...filter } }) => {
      const after = cursor === undefined ? undefined : keyOf(cursor)
      return ok(toPage(await listMembers(deps, caller, { ...filter, after, limit }), limit, (it) => it.id))
    },
  }),
  route({
    id: 'getMember',
    method: 'get',
    path: `${path}/{id}`,
    summary: 'One member',
    who: 'account',
    parameters: one,
    status: 200,
    reply: Member,
    problems: ['not_found'],
    run: ({ deps, caller, path }) => getMember(deps, caller, path.id),
  }),
  route({
    id: 'changeMemberRole',
    method: 'patch',
    path: `${path}/{id}`,
    summary: 'Give a member another role',
    who: 'admin',
    parameters: one,
    body: MemberChange,
    status: 200,
    reply: Member,
    problems: ['not_found', 'last_admin'],
    run: ({ deps, caller, path, body, facts }) =>
      changeMemberRole(deps, caller, facts, { id: path.id, role: body.role }),
  }),
  route({
    id: 'removeMember',
    method: 'delete',
    path: `${path}/{id}`,
    summary: 'Remove a member: revokes their tokens and ends their access',
    who: 'admin',
    parameters: one,
    status: 204,
    reply: z.void(),
    problems: ['not_found', 'last_admin'],
    run: ({ deps, caller, path, facts }) => removeMember(deps, caller, facts, path.id),
  }),
]
