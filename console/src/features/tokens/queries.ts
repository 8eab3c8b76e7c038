import { queryOptions } from '@tanstack/react-query'
import { ask, listOptions } from '../../api'
import { getToken, getTokenAbility, listTokens } from '../../client/sdk.gen'
import type { GetTokenAbilityResponse, GetTokenResponse, ListTokensData } from '../../client/types.gen'

export type Token = GetTokenResponse
export type Ability = GetTokenAbilityResponse
type Filter = Omit<NonNullable<ListTokensData['query']>, 'limit' | 'cursor'>

export const tokensQuery = (org: string, filter: Filter) =>
  listOptions(['organization', org, 'tokens', 'list', filter], (paging) =>
    ask(listTokens({ path: { org }, query: { ...filter, ...paging } })),
  )

export const tokenQuery = (org: string, id: string) =>
  queryOptions({
    queryKey: ['organization', org, 'tokens', 'one', id],
    queryFn: () => ask(getToken({ path: { org, id } })),
  })

/** Whether an account may create tokens, and if not, why: the server's own words. */
export const abilityQuery = (org: string, accountId: string) =>
  queryOptions({
    queryKey: ['organization', org, 'tokens', 'ability', accountId],
    queryFn: () => ask(getTokenAbility({ path: { org }, query: { accountId } })),
  })
