import { queryOptions } from '@tanstack/react-query'
import { ask } from '../../api'
import { getChangeImpact } from '../../client/sdk.gen'
import type { GetChangeImpactData, GetChangeImpactResponse } from '../../client/types.gen'

export type Impact = GetChangeImpactResponse
export type IntendedChange = GetChangeImpactData['body']['change']

/** What a removal would do (P9). Asked again on each opening of the dialog. */
export const changeImpactQuery = (org: string, change: IntendedChange) =>
  queryOptions({
    queryKey: ['organization', org, 'impact', change],
    queryFn: () => ask(getChangeImpact({ path: { org }, body: { change } })),
    staleTime: 0,
    gcTime: 0,
  })
