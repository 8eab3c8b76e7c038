import { route } from '../../http/route.ts'
import { NewSettings } from '../settings/shapes.ts'
import { getChangeImpact, getSettingsImpact } from './actions.ts'
import { Impact, IntendedChange } from './shapes.ts'

const organization = '/api/v1/organizations/{org}'
const parameters = { org: ['org'] } as const

export const impactRoutes = [
  route({
    id: 'getSettingsImpact',
    method: 'post',
    path: `${organization}/settings/impact`,
    summary: 'What a change of the settings would do, before it is saved',
    who: 'admin',
    parameters,
    body: NewSettings,
    changes: false,
    status: 200,
    reply: Impact,
    problems: ['invalid_request'],
    run: ({ deps, caller, body }) => getSettingsImpact(deps, caller, body.apiTokens),
  }),
  route({
    id: 'getChangeImpact',
    method: 'post',
    path: `${organization}/impact`,
    summary: 'What a removal would do to accounts and tokens, before it is made',
    who: 'account',
    parameters,
    body: IntendedChange,
    changes: false,
    status: 200,
    reply: Impact,
    problems: ['forbidden', 'not_found'],
    run: ({ deps, caller, body }) => getChangeImpact(deps, caller, body.change),
  }),
]
