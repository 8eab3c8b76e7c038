import { route } from '../../http/route.ts'
import { ok } from '../../kernel/result.ts'
import { getTokenUsage } from './actions.ts'
import { Usage, UsageQuery } from './shapes.ts'

export const usageRoutes = [
  route({
    id: 'getTokenUsage',
    method: 'get',
    path: '/api/v1/organizations/{org}/tokens/usage',
    summary: 'How often tokens were used, per day and per token',
    who: 'account',
    preview: 'token-insights',
    parameters: { org: ['org'] },
    query: UsageQuery,
    status: 200,
    reply: Usage,
    problems: ['invalid_request', 'not_found'],
    run: async ({ deps, caller, query }) => ok(await getTokenUsage(deps, caller, query.days)),
  }),
]
