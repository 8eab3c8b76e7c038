import { route } from '../../http/route.ts'
import { organization } from '../../http/shapes.ts'
import { ok } from '../../kernel/result.ts'
import { completeSetup, getSetup } from './actions.ts'
import { NewSetup, Setup } from './shapes.ts'

const path = '/api/v1/setup/{secret}'
const parameters = { secret: 'secret' } as const

export const setupRoutes = [
  route({
    id: 'getSetup',
    method: 'get',
    path,
    summary: 'Is this set-up link good?',
    who: 'anyone',
    parameters,
    status: 200,
    reply: Setup,
    problems: ['not_found'],
    run: ({ deps, path }) => getSetup(deps, path.secret),
  }),
  route({
    id: 'completeSetup',
    method: 'post',
    path,
    summary: 'Found the first organization and sign its admin in',
    who: 'anyone',
    parameters,
    body: NewSetup,
    status: 201,
    reply: organization,
    problems: ['not_found', 'invalid_request'],
    run: async ({ deps, path, body, facts, headers }) => {
      const done = await completeSetup(deps, { ...body, secret: path.secret }, { facts, headers })
      return done.ok ? { ...ok(done.value.organization), extras: { cookies: done.value.cookies } } : done
    },
  }),
]
