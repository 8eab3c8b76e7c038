import * as z from 'zod'
import { route } from '../../http/route.ts'
import { keyOf, toPage } from '../../http/shapes.ts'
import { ok } from '../../kernel/result.ts'
import { createGroup, deleteGroup, getGroup, listGroups, updateGroup } from './actions.ts'
import { Group, GroupChange, GroupDeletion, GroupPage, GroupQuery, NewGroup } from './shapes.ts'

const path = '/api/v1/organizations/{org}/groups'
const all = { org: ['org'] } as const
const one = { org: ['org'], id: ['grp'] } as const

export const groupRoutes = [
  route({
    id: 'listGroups',
    method: 'get',
    path,
    summary: 'The groups',
    who: 'account',
    parameters: all,
    query: GroupQuery,
    status: 200,
    reply: GroupPage,
    problems: [],
    run: async ({ deps, caller, query: { limit, cursor, search } }) => {
      const after = cursor === undefined ? undefined : keyOf(cursor)
      return ok(toPage(await listGroups(deps, caller, { search, after, limit }), limit, (it) => it.id))
    },
  }),
  route({
    id: 'createGroup',
    method: 'post',
    path,
    summary: 'Create a group',
    who: 'admin',
    parameters: all,
    body: NewGroup,
    status: 201,
    reply: Group,
    problems: ['name_taken'],
    run: ({ deps, caller, body, facts }) => createGroup(deps, caller, facts, body),
  }),
  route({
    id: 'getGroup',
    method: 'get',
    path: `${path}/{id}`,
    summary: 'One group',
    who: 'account',
    parameters: one,
    status: 200,
    reply: Group,
    problems: ['not_found'],
    run: ({ deps, caller, path }) => getGroup(deps, caller, path.id),
  }),
  route({
    id: 'updateGroup',
    method: 'patch',
    path: `${path}/{id}`,
    summary: 'Rename or describe a group',
    who: 'admin',
    parameters: one,
    body: GroupChange,
    status: 200,
    reply: Group,
    problems: ['not_found', 'name_taken'],
    run: ({ deps, caller, path, body, facts }) => updateGroup(deps, caller, facts, { id: path.id, ...body }),
  }),
  route({
    id: 'deleteGroup',
    method: 'delete',
    path: `${path}/{id}`,
    summary: 'Delete a group; one that is selected in the settings only with confirm=true',
    who: 'admin',
    parameters: one,
    query: GroupDeletion,
    status: 204,
    reply: z.void(),
    problems: ['not_found', 'group_in_use', 'would_lock_out'],
    run: ({ deps, caller, path, query, facts }) =>
      deleteGroup(deps, caller, facts, { id: path.id, confirmed: query.confirm }),
  }),
]
