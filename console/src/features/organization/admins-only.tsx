import { useInfiniteQuery } from '@tanstack/react-query'
import { paths } from '../../paths'
import { useMembership } from '../../shell/session'
import { Empty } from '../../ui/empty'
import { ButtonLink } from '../../ui/links'
import { NameList } from '../../ui/name'
import { usePageTitle } from '../../ui/page'
import { membersQuery } from '../members/queries'
import { displayName } from '../members/words'

const mostNamed = 5

/** What a member sees who opens the address of a page for admins. */
export function AdminsOnly() {
  const { id: org, slug, name } = useMembership()
  const { data: admins } = useInfiniteQuery(membersQuery(org, { role: 'admin', status: 'joined' }))
  usePageTitle('Admins only', name)
  const named = admins?.slice(0, mostNamed).map(displayName) ?? []
  return (
    <Empty
      title="Only admins can open this page"
      action={
        <ButtonLink {...paths.organization(slug)} variant="default">
          Go to your organization
        </ButtonLink>
      }
    >
      You’re a member of <bdi>{name}</bdi>.{' '}
      {named.length > 0 && (
        <>
          If you need something here, ask an admin: <NameList names={named} />
          {admins && admins.length > mostNamed ? ' and others.' : '.'}
        </>
      )}
    </Empty>
  )
}
