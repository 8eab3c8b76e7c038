import { useQuery } from '@tanstack/react-query'
import { useMembership } from '../../shell/session'
import { CopyLine } from '../../ui/copy'
import { Section } from '../../ui/page'
import { roles } from '../members/words'
import { organizationQuery } from '../organization/queries'
import type { OAuthProvider } from './queries'

/** What a token's scope may say (E5): the ids stand nowhere else in the console. */
export function RoleIds({ provider: { scopeClaim, requireScope } }: { provider: OAuthProvider }) {
  const { id: org } = useMembership()
  const { data } = useQuery(organizationQuery(org))
  const otherwise = requireScope ? 'Tokens without one are refused.' : 'Without one, its account’s role applies.'
  return (
    <Section
      title="Roles in the scope"
      order={3}
      about={
        <>
          A token whose <code>{scopeClaim}</code> claim holds one of these ids acts with that role, never above the role
          of its account. {otherwise}
        </>
      }
    >
      <div>
        {data?.roles.map(({ id, name }) => (
          <CopyLine key={id} label={roles[name]} value={id} copyLabel={`Copy the id of the role ${roles[name]}`} />
        ))}
      </div>
    </Section>
  )
}
