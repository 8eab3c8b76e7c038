import { queryOptions } from '@tanstack/react-query'
import { ask, listOptions } from '../../api'
import { getOAuthProvider, listOAuthProviders } from '../../client/sdk.gen'
import type { CheckTokenResponse, GetOAuthProviderResponse } from '../../client/types.gen'

export type OAuthProvider = GetOAuthProviderResponse
export type TokenChecks = CheckTokenResponse

/** An organization has at most twenty, so the first page is the list. */
export const providersQuery = (org: string) =>
  listOptions(['organization', org, 'oauth-providers', 'list'], (paging) =>
    ask(listOAuthProviders({ path: { org }, query: paging })),
  )

/** A provider that was just added is asked for its keys meanwhile: looked at again until they are there, for a while. */
const firstLooks = 10
const isAwaited = ({ fetchedAt, lastError }: OAuthProvider['keys']) => !fetchedAt && !lastError

export const providerQuery = (org: string, id: string) =>
  queryOptions({
    queryKey: ['organization', org, 'oauth-providers', 'one', id],
    queryFn: () => ask(getOAuthProvider({ path: { org, id } })),
    refetchInterval: ({ state: { data, dataUpdateCount } }) =>
      data && isAwaited(data.keys) && dataUpdateCount < firstLooks ? 1500 : false,
  })
