import { queryOptions } from '@tanstack/react-query'
import { ask, listOptions } from '../../api'
import { getServiceAccount, listServiceAccounts } from '../../client/sdk.gen'
import type { GetServiceAccountResponse } from '../../client/types.gen'

export type ServiceAccount = GetServiceAccountResponse

export const serviceAccountsQuery = (org: string, search: string | undefined) =>
  listOptions(['organization', org, 'service-accounts', 'list', search], (paging) =>
    ask(listServiceAccounts({ path: { org }, query: { ...paging, ...(search && { search }) } })),
  )

export const serviceAccountQuery = (org: string, id: string) =>
  queryOptions({
    queryKey: ['organization', org, 'service-accounts', 'one', id],
    queryFn: () => ask(getServiceAccount({ path: { org, id } })),
  })
