import { route } from '../../http/route.ts'
import { getMe } from './actions.ts'
import { Me } from './shapes.ts'

export const accountRoutes = [
  route({
    id: 'getMe',
    method: 'get',
    path: '/api/v1/me',
    summary: 'Who asks, and the organizations that they belong to',
    who: 'signed_in',
    parameters: {},
    status: 200,
    reply: Me,
    problems: ['unauthenticated'],
    run: ({ deps, caller }) => getMe(deps, caller),
  }),
]
