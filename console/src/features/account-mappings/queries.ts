import { ask, listOptions } from '../../api'
import { listAccountMappings } from '../../client/sdk.gen'
import type { ListAccountMappingsData, ListAccountMappingsResponse } from '../../client/types.gen'

export type AccountMapping = ListAccountMappingsResponse['items'][number]
type Filter = Omit<NonNullable<ListAccountMappingsData['query']>, 'limit' | 'cursor'>

export const mappingsQuery = (org: string, filter: Filter) =>
  listOptions(['organization', org, 'account-mappings', filter], (paging) =>
    ask(listAccountMappings({ path: { org }, query: { ...filter, ...paging } })),
  )
