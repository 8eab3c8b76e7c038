import { route } from '../../http/route.ts'
import { organization } from '../../http/shapes.ts'
import { ok } from '../../kernel/result.ts'
import { getInstance, getOrganization, renameOrganization } from './actions.ts'
import { Instance, OrganizationChange } from './shapes.ts'

const path = '/api/v1/organizations/{org}'
const parameters = { org: ['org'] } as const

export const organizationRoutes = [
  route({
    id: 'getInstance',
    method: 'get',
    path: '/api/v1/instance',
    summary: 'What the console must know before anybody has signed in',
    who: 'anyone',
    parameters: {},
    status: 200,
    reply: Instance,
    problems: [],
    run: async ({ deps }) => ok(await getInstance(deps)),
  }),
  route({
    id: 'getOrganization',
    method: 'get',
    path,
    summary: 'The organization',
    who: 'account',
    parameters,
    status: 200,
    reply: organization,
    problems: [],
    run: async ({ deps, caller }) => ok(await getOrganization(deps, caller)),
  }),
  route({
    id: 'renameOrganization',
    method: 'patch',
    path,
    summary: 'Rename the organization',
    who: 'admin',
    parameters,
    body: OrganizationChange,
    status: 200,
    reply: organization,
    problems: [],
    run: ({ deps, caller, body, facts }) => renameOrganization(deps, caller, facts, body.name),
  }),
]
