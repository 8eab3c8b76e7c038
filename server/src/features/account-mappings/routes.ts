import * as z from 'zod'
import { route } from '../../http/route.ts'
import { keyOf, toPage } from '../../http/shapes.ts'
import { ok } from '../../kernel/result.ts'
import { createAccountMapping, deleteAccountMapping, listAccountMappings, updateAccountMapping } from './actions.ts'
import {
  AccountMapping,
  AccountMappingChange,
  AccountMappingPage,
  AccountMappingQuery,
  NewAccountMapping,
} from './shapes.ts'

const path = '/api/v1/organizations/{org}/account-mappings'
const all = { org: ['org'] } as const
const one = { org: ['org'], id: ['map'] } as const

export const accountMappingRoutes = [
  route({
    id: 'listAccountMappings',
    method: 'get',
    path,
    summary: 'The account mappings, of one account or one provider if asked so',
    who: 'admin',
    parameters: all,
    query: AccountMappingQuery,
    status: 200,
    reply: AccountMappingPage,
    problems: ['invalid_request'],
    run: async ({ deps, caller, query: { limit, cursor, ...of } }) => {
      const after = cursor === undefined ? undefined : keyOf(cursor)
      const found = await listAccountMappings(deps, caller, { ...of, after, limit })
      return found.ok ? ok(toPage(found.value, limit, (it) => it.id)) : found
    },
  }),
  route({
    id: 'createAccountMapping',
    method: 'post',
    path,
    summary: 'Map an account to its subject at an OAuth provider',
    who: 'admin',
    parameters: all,
    body: NewAccountMapping,
    status: 201,
    reply: AccountMapping,
    problems: ['invalid_request', 'mapping_exists', 'subject_taken'],
    run: ({ deps, caller, body, facts }) => createAccountMapping(deps, caller, facts, body),
  }),
  route({
    id: 'updateAccountMapping',
    method: 'patch',
    path: `${path}/{id}`,
    summary: 'Give an account mapping another display name',
    who: 'admin',
    parameters: one,
    body: AccountMappingChange,
    status: 200,
    reply: AccountMapping,
    problems: ['not_found'],
    run: ({ deps, caller, path, body, facts }) => updateAccountMapping(deps, caller, facts, { id: path.id, ...body }),
  }),
  route({
    id: 'deleteAccountMapping',
    method: 'delete',
    path: `${path}/{id}`,
    summary: 'Delete an account mapping: tokens of that subject stop at once',
    who: 'admin',
    parameters: one,
    status: 204,
    reply: z.void(),
    problems: ['not_found'],
    run: ({ deps, caller, path, facts }) => deleteAccountMapping(deps, caller, facts, path.id),
  }),
]
