import { queryOptions } from '@tanstack/react-query'
import { ask } from '../../api'
import { getSetup } from '../../client/sdk.gen'

export const setupQuery = (secret: string) =>
  queryOptions({ queryKey: ['setup', secret], queryFn: () => ask(getSetup({ path: { secret } })), retry: false })
