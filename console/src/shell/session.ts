import { queryOptions, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { ask } from '../api'
import { getInstance, getMe } from '../client/sdk.gen'
import type { GetMeResponse } from '../client/types.gen'

export type Membership = GetMeResponse['organizations'][number]

export const meQuery = queryOptions({ queryKey: ['me'], queryFn: () => ask(getMe()), staleTime: 30_000 })

/** What may be known before anyone signs in. */
export const instanceQuery = queryOptions({
  queryKey: ['instance'],
  queryFn: () => ask(getInstance()),
  staleTime: Number.POSITIVE_INFINITY,
})

export const useInstance = () => useSuspenseQuery(instanceQuery).data

export function useMe() {
  const { user, organizations } = useSuspenseQuery(meQuery).data
  return { user: user ?? { id: '', name: '', email: '', emailProven: false }, organizations }
}

/** The organization that the address names, with the account and role that the person has there. */
export function useMembership(): Membership {
  const { slug } = useParams({ strict: false })
  const { organizations } = useMe()
  const found = organizations.find((organization) => organization.slug === slug)
  if (!found) throw new Error('This page belongs to an organization.')
  return found
}

const lastSlug = 'portcullis-organization'

export function rememberOrganization(slug: string) {
  localStorage.setItem(lastSlug, slug)
}

/** Where someone goes who named no organization: to the one they used last. */
export function usualOrganization(organizations: Membership[]): Membership | undefined {
  const remembered = localStorage.getItem(lastSlug)
  return organizations.find(({ slug }) => slug === remembered) ?? organizations[0]
}

/** After a change: what the organization's pages show of these nouns, or of a part of one, is asked for again. */
export function useRefresh() {
  const queryClient = useQueryClient()
  const { id } = useMembership()
  return (...nouns: (string | string[])[]) =>
    Promise.all(
      nouns.map((noun) => queryClient.invalidateQueries({ queryKey: ['organization', id, ...[noun].flat()] })),
    )
}
