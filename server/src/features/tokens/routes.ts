import { route } from '../../http/route.ts'
import { keyOf, toPage } from '../../http/shapes.ts'
import { ok } from '../../kernel/result.ts'
import { createToken, deleteToken, getAbility, getToken, listTokens, refreshToken, updateToken } from './actions.ts'
import { toExpiration } from './rules.ts'
import {
  Ability,
  AbilityQuery,
  IssuedToken,
  NewToken,
  Nothing,
  RefreshToken,
  Token,
  TokenChanges,
  TokenPage,
  TokenQuery,
} from './shapes.ts'

const path = '/api/v1/organizations/{org}/tokens'
const ofOrganization = { org: ['org'] } as const
const ofToken = { org: ['org'], id: ['tok'] } as const

export const tokenRoutes = [
  route({
    id: 'listTokens',
    method: 'get',
    path,
    summary: 'Own tokens; for admins all of the organization',
    who: 'account',
    parameters: ofOrganization,
    query: TokenQuery,
    status: 200,
    reply: TokenPage,
    problems: ['forbidden', 'invalid_request'],
    run: async ({ deps, caller, query: { cursor, ...query } }) => {
      const before = cursor === undefined ? undefined : keyOf(cursor)
      const tokens = await listTokens(deps, caller, { ...query, before })
      return tokens.ok ? ok(toPage(tokens.value, query.limit, (it) => it.id)) : tokens
    },
  }),
  route({
    id: 'createToken',
    method: 'post',
    path,
    summary: 'Create a token; its secret is in this answer alone',
    description:
      'Members create tokens of their own; admins also for a service account, named by `accountId`. ' +
      'Whether the caller may create one now, and if not, why, is answered by `getTokenAbility`.',
    who: 'account',
    parameters: ofOrganization,
    body: NewToken,
    status: 201,
    reply: IssuedToken,
    problems: ['forbidden', 'invalid_request', 'token_creation_disabled', 'token_creation_restricted'],
    run: ({ deps, caller, facts, body: { name, description, accountId, ...expiration } }) => {
      const expiresAt = toExpiration(expiration, deps.now())
      return createToken(deps, caller, facts, { name, description, accountId, expiresAt })
    },
  }),
  route({
    id: 'getTokenAbility',
    method: 'get',
    path: `${path}/ability`,
    summary: 'May a token be created, and if not, why',
    who: 'account',
    parameters: ofOrganization,
    query: AbilityQuery,
    status: 200,
    reply: Ability,
    problems: ['forbidden', 'invalid_request'],
    run: ({ deps, caller, query }) => getAbility(deps, caller, query.accountId),
  }),
  route({
    id: 'getToken',
    method: 'get',
    path: `${path}/{id}`,
    summary: 'One token',
    who: 'account',
    parameters: ofToken,
    status: 200,
    reply: Token,
    problems: ['not_found'],
    run: ({ deps, caller, path: { id } }) => getToken(deps, caller, id),
  }),
  route({
    id: 'updateToken',
    method: 'patch',
    path: `${path}/{id}`,
    summary: 'Change a token’s name or description',
    who: 'account',
    parameters: ofToken,
    body: TokenChanges,
    status: 200,
    reply: Token,
    problems: ['not_found'],
    run: ({ deps, caller, facts, path: { id }, body }) => updateToken(deps, caller, facts, id, body),
  }),
  route({
    id: 'refreshToken',
    method: 'post',
    path: `${path}/{id}/refresh`,
    summary: 'Replace a token’s secret; the old one stops at once',
    description: 'The token keeps its id. The new secret is in this answer only.',
    who: 'account',
    parameters: ofToken,
    body: RefreshToken,
    status: 200,
    reply: IssuedToken,
    problems: ['not_found', 'forbidden', 'invalid_request', 'token_creation_disabled', 'token_creation_restricted'],
    run: ({ deps, caller, facts, path: { id }, body }) =>
      refreshToken(deps, caller, facts, id, toExpiration(body, deps.now())),
  }),
  route({
    id: 'deleteToken',
    method: 'delete',
    path: `${path}/{id}`,
    summary: 'Revoke a token for good',
    who: 'account',
    parameters: ofToken,
    status: 204,
    reply: Nothing,
    problems: ['not_found'],
    run: ({ deps, caller, facts, path: { id } }) => deleteToken(deps, caller, facts, id),
  }),
]
