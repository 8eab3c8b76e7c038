import * as z from 'zod'
import { route } from '../../http/route.ts'
import { organization } from '../../http/shapes.ts'
import { ok } from '../../kernel/result.ts'
import { acceptInvitation, createInvitations, getInvitation, resendInvitation, withdrawInvitation } from './actions.ts'
import { Acceptance, Invitation, Invitations, NewInvitations, OpenInvitation } from './shapes.ts'

const path = '/api/v1/organizations/{org}/invitations'
const opened = '/api/v1/invitations/{secret}'
const one = { org: ['org'], id: ['inv'] } as const

export const invitationRoutes = [
  route({
    id: 'createInvitations',
    method: 'post',
    path,
    summary: 'Invite people by email',
    who: 'admin',
    parameters: { org: ['org'] },
    body: NewInvitations,
    rationed: { as: 'inviting', amount: ({ emails }) => emails.length },
    status: 201,
    reply: Invitations,
    problems: ['invalid_request'],
    run: ({ deps, caller, body, facts }) => createInvitations(deps, caller, facts, body),
  }),
  route({
    id: 'resendInvitation',
    method: 'post',
    path: `${path}/{id}/resend`,
    summary: 'Send an invitation again; its earlier link is void',
    who: 'admin',
    parameters: one,
    rationed: { as: 'inviting' },
    status: 200,
    reply: Invitation,
    problems: ['not_found'],
    run: ({ deps, caller, path, facts }) => resendInvitation(deps, caller, facts, path.id),
  }),
  route({
    id: 'withdrawInvitation',
    method: 'delete',
    path: `${path}/{id}`,
    summary: 'Withdraw an invitation',
    who: 'admin',
    parameters: one,
    status: 204,
    reply: z.void(),
    problems: ['not_found'],
    run: ({ deps, caller, path, facts }) => withdrawInvitation(deps, caller, facts, path.id),
  }),
  route({
    id: 'getInvitation',
    method: 'get',
    path: opened,
    summary: 'What an invitation link opens',
    who: 'anyone',
    parameters: { secret: 'secret' },
    status: 200,
    reply: OpenInvitation,
    problems: ['not_found'],
    run: ({ deps, path }) => getInvitation(deps, path.secret),
  }),
  route({
    id: 'acceptInvitation',
    method: 'post',
    path: `${opened}/accept`,
    summary: 'Accept an invitation',
    who: 'anyone',
    parameters: { secret: 'secret' },
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
]
