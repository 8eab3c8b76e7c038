import type { QueryClient } from '@tanstack/react-query'
import { redirect } from '@tanstack/react-router'
import { Problem } from '../api'
import { paths } from '../paths'
import { meQuery } from './session'

/** On the way into a page: who is here, what they may see, and what the page will ask for first. */
type Entry = {
  context: { queryClient: QueryClient }
  params: { slug: string }
  location: { search: { dialog?: string | undefined; id?: string | undefined } }
}

/** The person, or the sign-in page, which leads back. */
export async function whoIsHere(queryClient: QueryClient, href: string) {
  try {
    return await queryClient.ensureQueryData({ ...meQuery, revalidateIfStale: true })
  } catch (error) {
    if (error instanceof Problem && error.status === 401) throw redirect(paths.signIn(href === '/' ? undefined : href))
    throw error
  }
}

/** The membership in the organization that the address names. */
export function membershipAt({ context, params }: Pick<Entry, 'context' | 'params'>) {
  const me = context.queryClient.getQueryData(meQuery.queryKey)
  return me?.organizations.find(({ slug }) => slug === params.slug)
}

/** A page that says so to members instead of being shown to them; see `OrganizationLayout`. */
export const adminsOnly = { staticData: { adminsOnly: true } } as const

export function adminsElsewhere(entry: Entry) {
  if (membershipAt(entry)?.role === 'admin') throw redirect({ ...paths.members(entry.params.slug), replace: true })
}

/** Under way while the page's code loads, and already when its link is pointed at. A filtered list asks for itself. */
export function prefetch(entry: Entry, begin: (client: QueryClient, org: string) => Promise<void>) {
  const here = membershipAt(entry)
  const { dialog, id, ...filters } = entry.location.search
  if (here && Object.keys(filters).length === 0) void begin(entry.context.queryClient, here.id)
}

/** The same of a page that only admins may see. */
export function prefetchForAdmins(entry: Entry, begin: (client: QueryClient, org: string) => Promise<void>) {
  if (membershipAt(entry)?.role === 'admin') prefetch(entry, begin)
}
