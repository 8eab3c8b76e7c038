import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { ask } from '../../api'
import { getTokenUsage, listTokens } from '../../client/sdk.gen'
import type { GetTokenUsageResponse } from '../../client/types.gen'
import type { Token } from '../tokens/queries'

export type Usage = GetTokenUsageResponse
export type UsedToken = Usage['tokens'][number]

export const periods = ['7', '30', '90'] as const
export type Period = (typeof periods)[number]

export const usageQuery = (org: string, days: Period) =>
  queryOptions({
    queryKey: ['organization', org, 'tokens', 'usage', days],
    queryFn: () => ask(getTokenUsage({ path: { org }, query: { days } })),
    placeholderData: keepPreviousData,
  })

const mostPages = 10

export type Looked = { tokens: Token[]; complete: boolean }

/** The tokens that open something today, so many of them as a person could look through. */
export const activeTokensQuery = (org: string) =>
  queryOptions({
    queryKey: ['organization', org, 'tokens', 'list', 'active'],
    queryFn: async (): Promise<Looked> => {
      const tokens: Token[] = []
      let cursor: string | null = ''
      for (let page = 0; page < mostPages && cursor !== null; page++) {
        const query = { state: 'active', limit: '200', ...(cursor && { cursor }) } as const
        const answer: { items: Token[]; nextCursor: string | null } = await ask(listTokens({ path: { org }, query }))
        tokens.push(...answer.items)
        cursor = answer.nextCursor
      }
      return { tokens, complete: cursor === null }
    },
  })
