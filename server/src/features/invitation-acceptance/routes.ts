import * as z from 'zod'
import { route } from '../../http/route.ts'
import { organization } from '../../http/shapes.ts'
import { ok } from '../../kernel/result.ts'
import { acceptInvitation, getInvitation, startAfresh } from './actions.ts'
import { Acceptance, FreshStart, OpenInvitation } from './shapes.ts'

const path = '/api/v1/invitations/{secret}'
const parameters = { secret: 'secret' } as const

export const invitationAcceptanceRoutes = [
  route({
    id: 'getInvitation',
    method: 'get',
    path,
    summary: 'What an invitation link opens',
    who: 'anyone',
    parameters,
    status: 200,
    reply: OpenInvitation,
    problems: ['not_found'],
    run: ({ deps, path }) => getInvitation(deps, path.secret),
  }),
  route({
    id: 'acceptInvitation',
    method: 'post',
    path: `${path}/accept`,
    summary: 'Accept an invitation',
    who: 'anyone',
    parameters,
    body: Acceptance,
    status: 200,
    reply: organization,
    problems: ['not_found', 'sign_in_required', 'invalid_request'],
    run: async ({ deps, caller, path, body, facts, headers }) => {
      const acceptance = { ...body, secret: path.secret, signedIn: caller }
      const done = await acceptInvitation(deps, acceptance, { facts, headers })
      return done.ok ? { ...ok(done.value.organization), extras: { cookies: done.value.cookies } } : done
    },
  }),
  route({
    id: 'startAfresh',
    method: 'post',
    path: `${path}/fresh-start`,
    summary: 'Ask to replace the sign-in of a person whose address is not proven, after 24 hours',
    who: 'anyone',
    parameters,
    body: z.strictObject({}),
    status: 200,
    reply: FreshStart,
    problems: ['not_found'],
    run: ({ deps, path, facts }) => startAfresh(deps, path.secret, facts),
  }),
]
