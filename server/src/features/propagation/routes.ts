import { route } from '../../http/route.ts'
import { ok } from '../../kernel/result.ts'
import { getPropagation } from './actions.ts'
import { Propagation } from './shapes.ts'

export const propagationRoutes = [
  route({
    id: 'getSettingsPropagation',
    method: 'get',
    path: '/api/v1/organizations/{org}/settings/propagation',
    summary: 'Where the last save has taken effect',
    who: 'admin',
    parameters: { org: ['org'] },
    status: 200,
    reply: Propagation,
    problems: [],
    run: async ({ deps, caller }) => ok(await getPropagation(deps, caller)),
  }),
]
