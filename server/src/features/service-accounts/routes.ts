import * as z from 'zod'
import { route } from '../../http/route.ts'
import { keyOf, toPage } from '../../http/shapes.ts'
import { ok } from '../../kernel/result.ts'
import {
  createServiceAccount,
  deleteServiceAccount,
  getServiceAccount,
  listServiceAccounts,
  updateServiceAccount,
} from './actions.ts'
import {
  NewServiceAccount,
  ServiceAccount,
  ServiceAccountChange,
  ServiceAccountPage,
  ServiceAccountQuery,
} from './shapes.ts'

const path = '/api/v1/organizations/{org}/service-accounts'
const all = { org: ['org'] } as const
const one = { org: ['org'], id: ['svc'] } as const

export const serviceAccountRoutes = [
  route({
    id: 'listServiceAccounts',
    method: 'get',
    path,
    summary: 'The service accounts',
    who: 'account',
    parameters: all,
    query: ServiceAccountQuery,
    status: 200,
    reply: ServiceAccountPage,
    problems: [],
    run: async ({ deps, caller, query: { limit, cursor, search } }) => {
      const after = cursor === undefined ? undefined : keyOf(cursor)
      return ok(toPage(await listServiceAccounts(deps, caller, { search, after, limit }), limit, (it) => it.id))
    },
  }),
  route({
    id: 'createServiceAccount',
    method: 'post',
    path,
    summary: 'Create a service account',
    who: 'admin',
    parameters: all,
    body: NewServiceAccount,
    status: 201,
    reply: ServiceAccount,
    problems: [],
    run: ({ deps, caller, body, facts }) => createServiceAccount(deps, caller, facts, body),
  }),
  route({
    id: 'getServiceAccount',
    method: 'get',
    path: `${path}/{id}`,
    summary: 'One service account',
    who: 'account',
    parameters: one,
    status: 200,
    reply: ServiceAccount,
    problems: ['not_found'],
    run: ({ deps, caller, path }) => getServiceAccount(deps, caller, path.id),
  }),
  route({
    id: 'updateServiceAccount',
    method: 'patch',
    path: `${path}/{id}`,
    summary: 'Rename a service account, or give it another role',
    who: 'admin',
    parameters: one,
    body: ServiceAccountChange,
    status: 200,
    reply: ServiceAccount,
    problems: ['not_found'],
    run: ({ deps, caller, path, body, facts }) => updateServiceAccount(deps, caller, facts, { id: path.id, ...body }),
  }),
  route({
    id: 'deleteServiceAccount',
    method: 'delete',
    path: `${path}/{id}`,
    summary: 'Delete a service account: revokes its tokens and ends its access',
    who: 'admin',
    parameters: one,
    status: 204,
    reply: z.void(),
    problems: ['not_found'],
    run: ({ deps, caller, path, facts }) => deleteServiceAccount(deps, caller, facts, path.id),
  }),
]
