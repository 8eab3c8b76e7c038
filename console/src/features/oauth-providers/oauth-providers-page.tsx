import { Button, Stack, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { paths } from '../../paths'
import { useMembership } from '../../shell/session'
import { type Column, DataTable } from '../../ui/data-table'
import { Empty } from '../../ui/empty'
import { TextLink } from '../../ui/links'
import { Name, NameList } from '../../ui/name'
import { SectionHead, usePageTitle } from '../../ui/page'
import { RowMenu } from '../../ui/row-menu'
import { Tag } from '../../ui/tag'
import { useDialog } from '../../ui/use-dialog'
import { KeysLine } from './keys-line'
import { ProviderDialogs } from './provider-dialogs'
import { awaitsKeys, nextLook, type OAuthProvider, providersQuery } from './queries'
import { useProviderActions } from './use-provider-actions'
import { stateOf } from './words'

export function OAuthProvidersPage() {
  const { id: org, slug, name } = useMembership()
  const providers = useInfiniteQuery({
    ...providersQuery(org),
    refetchInterval: ({ state: { data, dataUpdateCount } }) =>
      nextLook(data?.pages.some(({ items }) => items.some(awaitsKeys)) ?? false, dataUpdateCount),
  })
  const actionsOf = useProviderActions()
  const navigate = useNavigate()
  const { open } = useDialog()
  usePageTitle('OAuth providers', name)

  const add = <Button onClick={() => open('add-provider')}>Add provider</Button>
  const columns: Column<OAuthProvider>[] = [
    {
      key: 'name',
      header: 'Name',
      width: 'minmax(0, 2fr)',
      cell: ({ id, name, issuer }) => (
        <TextLink {...paths.oauthProvider(slug, id)} c="inherit">
          <Name detail={issuer}>{name}</Name>
        </TextLink>
      ),
    },
    {
      key: 'audiences',
      header: 'Audiences',
      width: 'minmax(0, 1.4fr)',
      cell: ({ audiences }) => (
        <Text span lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
          <NameList names={audiences} />
        </Text>
      ),
    },
    {
      key: 'state',
      header: 'State',
      width: '100px',
      cell: (provider) => <Tag tone={stateOf(provider).tone}>{stateOf(provider).label}</Tag>,
    },
    { key: 'keys', header: 'Keys', width: 'minmax(0, 1.2fr)', cell: ({ keys }) => <KeysLine keys={keys} /> },
    {
      key: 'mappings',
      header: 'Mappings',
      width: '80px',
      cell: ({ mappingCount }) => mappingCount.toLocaleString(),
    },
    {
      key: 'menu',
      header: 'Actions',
      width: '32px',
      control: true,
      cell: (provider) => (
        <RowMenu
          label={`Actions for ${provider.name}`}
          actions={[
            { label: 'Open', onClick: () => void navigate(paths.oauthProvider(slug, provider.id)) },
            ...actionsOf(provider),
          ]}
        />
      ),
    },
  ]
  return (
    <Stack gap="sm">
      <SectionHead
        title="OAuth providers"
        about="Your own identity provider’s access tokens open the API, for the accounts that you map to it."
        actions={add}
      />
      <DataTable
        label="OAuth providers"
        rows={providers}
        columns={columns}
        rowKey={({ id }) => id}
        empty={
          <Empty title="No OAuth providers yet" action={add}>
            Add the provider that your programs get their tokens from, such as Okta, Microsoft Entra ID, Auth0 or
            Keycloak. Then map accounts to their subjects there. These tokens keep working when API tokens are turned
            off.
          </Empty>
        }
      />
      <ProviderDialogs />
    </Stack>
  )
}
