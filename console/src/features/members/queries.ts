import { queryOptions } from '@tanstack/react-query'
import { ask, listOptions } from '../../api'
import { getInvitation, getMember, listMembers } from '../../client/sdk.gen'
import type {
  CreateInvitationsResponse,
  GetInvitationResponse,
  GetMemberResponse,
  ListMembersData,
} from '../../client/types.gen'

export type Member = GetMemberResponse
export type Invitation = CreateInvitationsResponse['invitations'][number]
export type OpenInvitation = GetInvitationResponse
export type MemberFilter = Omit<NonNullable<ListMembersData['query']>, 'limit' | 'cursor'>

export const membersQuery = (org: string, filter: MemberFilter) =>
  listOptions(['organization', org, 'members', 'list', filter], (paging) =>
    ask(listMembers({ path: { org }, query: { ...filter, ...paging } })),
  )

export const memberQuery = (org: string, id: string) =>
  queryOptions({
    queryKey: ['organization', org, 'members', 'one', id],
    queryFn: () => ask(getMember({ path: { org, id } })),
  })

export const invitationQuery = (secret: string) =>
  queryOptions({
    queryKey: ['invitation', secret],
    queryFn: () => ask(getInvitation({ path: { secret } })),
    retry: false,
  })
