import { Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMembership } from '../../shell/session'
import { CopyLine } from '../../ui/copy'
import { roles } from '../members/words'
import { organizationQuery } from '../organization/queries'
import classes from './oauth-providers.module.css'
import type { OAuthProvider } from './queries'

/** What a token's scope may say (E5): the ids stand nowhere else in the console. */
export function RoleIds({ provider: { scopeClaim, requireScope } }: { provider: OAuthProvider }) {
  const { id: org } = useMembership()
  const { data } = useQuery(organizationQuery(org))
  return (
    <details>
      <summary className={classes.more}>Role ids for the scope claim</summary>
      <Stack gap="xs" mt="xs">
        <Text c="dimmed" maw={780}>
          A token whose <code>{scopeClaim}</code> claim holds one of these acts with that role, never above the role of
          its account. {requireScope ? 'Without one it is refused.' : 'Without one, its account’s role applies.'}
        </Text>
        <div>
          {data?.roles.map(({ id, name }) => (
            <CopyLine key={id} label={roles[name]} value={id} copyLabel={`Copy the id of the role ${roles[name]}`} />
          ))}
        </div>
      </Stack>
    </details>
  )
}
