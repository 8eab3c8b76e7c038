import { queryOptions } from '@tanstack/react-query'
import { ask } from '../../api'
import { getOrganization } from '../../client/sdk.gen'

export const organizationQuery = (org: string) =>
  queryOptions({
    queryKey: ['organization', org, 'itself'],
    queryFn: () => ask(getOrganization({ path: { org } })),
    staleTime: Number.POSITIVE_INFINITY,
  })
