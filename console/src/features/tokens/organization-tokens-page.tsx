import { Group, NativeSelect, Stack } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { paths } from '../../paths'
import { useMembership } from '../../shell/session'
import type { Column } from '../../ui/data-table'
import { Empty } from '../../ui/empty'
import { TextLink } from '../../ui/links'
import { SectionHead, usePageTitle } from '../../ui/page'
import { SearchBox } from '../../ui/search-box'
import { type Token, tokensQuery } from './queries'
import { TokenDialogs } from './token-dialogs'
import { TokensTable } from './tokens-table'
import { states } from './words'

const isState = (text: string | undefined): text is Token['state'] => text !== undefined && text in states

/** "API tokens": all of the organization, for its admins. */
export function OrganizationTokensPage() {
  const { id: org, slug, name } = useMembership()
  const { state, search } = useSearch({ from: '/o/$slug/settings/organization/api-tokens' })
  const filter = { ...(isState(state) && { state }), ...(search && { search }) }
  const tokens = useInfiniteQuery(tokensQuery(org, filter))
  const navigate = useNavigate()
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
  const narrow = (change: { state?: string | undefined; search?: string | undefined }) =>
    void navigate({
      ...paths.tokens(slug),
      search: (now) => ({ ...now, ...change }),
      replace: true,
      resetScroll: false,
    })
  const filtered = Object.keys(filter).length > 0
  return (
    <Stack gap="sm">
      <SectionHead
        title="API tokens"
        about="Every token of the organization, of members and of service accounts. Deleting one revokes it for good."
      />
      <Group gap="sm">
        <SearchBox label="Search tokens" value={search} onSearch={(text) => narrow({ search: text })} />
        <NativeSelect
          aria-label="State"
          value={state ?? ''}
          onChange={(event) => narrow({ state: event.currentTarget.value || undefined })}
          data={[
            { value: '', label: 'All states' },
            ...Object.entries(states).map(([value, { label }]) => ({ value, label })),
          ]}
        />
      </Group>
      <TokensTable
        label="API tokens"
        rows={tokens}
        ownerColumn={owner}
        empty={
          <Empty title={filtered ? 'No token matches' : 'No tokens yet'}>
            {!filtered && 'Members create tokens on their “APIs” tab; admins create them for service accounts.'}
          </Empty>
        }
      />
      <TokenDialogs />
    </Stack>
  )
}
