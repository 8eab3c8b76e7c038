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

/** A provider that was just added is being asked for its keys: looked at again until they are there, soon and then seldom. */
const firstLooks = 10
const soonMs = 1500
const seldomMs = 10_000
export const awaitsKeys = ({ keys: { fetchedAt, lastError } }: OAuthProvider) => !fetchedAt && !lastError
/** When to look again, if at all. */
export const nextLook = (awaited: boolean, looks: number) => awaited && (looks < firstLooks ? soonMs : seldomMs)

export const providerQuery = (org: string, id: string) =>
  queryOptions({
    queryKey: ['organization', org, 'oauth-providers', 'one', id],
    queryFn: () => ask(getOAuthProvider({ path: { org, id } })),
    refetchInterval: ({ state: { data, dataUpdateCount } }) =>
      nextLook(data !== undefined && awaitsKeys(data), dataUpdateCount),
  })
