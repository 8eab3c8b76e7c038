import * as z from 'zod'
import { route } from '../../http/route.ts'
import { createInvitations, resendInvitation, showInvitationLink, withdrawInvitation } from './actions.ts'
import { Invitation, InvitationLink, Invitations, NewInvitations } from './shapes.ts'

const path = '/api/v1/organizations/{org}/invitations'
const one = { org: ['org'], id: ['inv'] } as const

export const invitationRoutes = [
  route({
    id: 'createInvitations',
    method: 'post',
    path,
    summary: 'Invite people by email',
    description: 'Where no mail is configured, `acceptUrl` of each invitation holds the link to hand over.',
    who: 'admin',
    parameters: { org: ['org'] },
    body: NewInvitations,
    rationed: { as: 'inviting', amount: ({ emails }) => emails.length },
    status: 201,
    reply: Invitations,
    problems: ['invalid_request', 'too_many_requests'],
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
    problems: ['not_found', 'too_many_requests'],
    run: ({ deps, caller, path, facts }) => resendInvitation(deps, caller, facts, path.id),
  }),
  route({
    id: 'showInvitationLink',
    method: 'post',
    path: `${path}/{id}/link`,
    summary: 'Show a new invitation link; the link that was sent by email is void',
    who: 'admin',
    parameters: one,
    rationed: { as: 'inviting' },
    status: 200,
    reply: InvitationLink,
    problems: ['not_found'],
    run: ({ deps, caller, path, facts }) => showInvitationLink(deps, caller, { facts, id: path.id }),
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
]
