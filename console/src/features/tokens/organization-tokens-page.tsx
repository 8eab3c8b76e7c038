import { Group, NativeSelect, Stack } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { paths } from '../../paths'
import { useMembership } from '../../shell/session'
import type { Column } from '../../ui/data-table'
import { Empty } from '../../ui/empty'
import { TextLink } from '../../ui/links'
import { SectionHead, usePageTitle } from '../../ui/page'
import { type Token, tokensQuery } from './queries'
import { TokenDialogs } from './token-dialogs'
import { TokensTable } from './tokens-table'
import { states } from './words'

const isState = (text: string | undefined): text is Token['state'] => text !== undefined && text in states

/** "API tokens": all of the organization, for its admins. */
export function OrganizationTokensPage() {
  const { id: org, slug, name } = useMembership()
  const { state } = useSearch({ from: '/o/$slug/settings/organization/api-tokens' })
  const navigate = useNavigate()
  const tokens = useInfiniteQuery(tokensQuery(org, isState(state) ? { state } : {}))
  usePageTitle('API tokens', name)

  const owner: Column<Token> = {
    key: 'owner',
    header: 'Account',
    width: 'minmax(0, 1.4fr)',
    cell: ({ account: { id, kind, name } }) => (
      <TextLink {...(kind === 'member' ? paths.member(slug, id) : paths.serviceAccount(slug, id))}>
        <bdi>{name}</bdi>
      </TextLink>
    ),
  }
  const choose = (value: string) =>
    void navigate({ ...paths.tokens(slug), search: value ? { state: value } : {}, replace: true })
  return (
    <Stack gap="sm">
      <SectionHead
        title="API tokens"
        about="Every token of the organization, of members and of service accounts. Deleting one revokes it for good."
        actions={
          <Group gap="sm">
            <NativeSelect
              aria-label="State"
              value={state ?? ''}
              onChange={(event) => choose(event.currentTarget.value)}
              data={[
                { value: '', label: 'All states' },
                ...Object.entries(states).map(([value, { label }]) => ({ value, label })),
              ]}
            />
          </Group>
        }
      />
      <TokensTable
        label="API tokens"
        rows={tokens}
        ownerColumn={owner}
        empty={
          <Empty title={state ? 'No tokens in this state' : 'No tokens yet'}>
            {!state && 'Members create tokens on their “APIs” tab; admins create them for service accounts.'}
          </Empty>
        }
      />
      <TokenDialogs />
    </Stack>
  )
}
