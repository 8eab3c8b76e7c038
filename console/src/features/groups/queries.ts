import { queryOptions } from '@tanstack/react-query'
import { ask, listOptions } from '../../api'
import { getGroup, listGroupMembers, listGroups } from '../../client/sdk.gen'
import type { GetGroupResponse, ListGroupMembersResponse } from '../../client/types.gen'

export type Group = GetGroupResponse
export type GroupMember = ListGroupMembersResponse['items'][number]

export const groupsQuery = (org: string, search: string | undefined) =>
  listOptions(['organization', org, 'groups', 'list', search], (paging) =>
    ask(listGroups({ path: { org }, query: { ...paging, ...(search && { search }) } })),
  )

export const groupQuery = (org: string, id: string) =>
  queryOptions({
    queryKey: ['organization', org, 'groups', 'one', id],
    queryFn: () => ask(getGroup({ path: { org, id } })),
  })

export const groupMembersQuery = (org: string, id: string) =>
  listOptions(['organization', org, 'groups', 'members', id], (paging) =>
    ask(listGroupMembers({ path: { org, id }, query: paging })),
  )

/** All of them, for pickers, which search as fast as one types. */
export const allGroupsQuery = (org: string) =>
  queryOptions({
    queryKey: ['organization', org, 'groups', 'all'],
    queryFn: async () => {
      const all: Group[] = []
      let cursor: string | null = ''
      while (cursor !== null) {
        const page: { items: Group[]; nextCursor: string | null } = await ask(
          listGroups({ path: { org }, query: { limit: '200', ...(cursor && { cursor }) } }),
        )
        all.push(...page.items)
        cursor = page.nextCursor
      }
      return all
    },
  })
