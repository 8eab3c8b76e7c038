import { Button, Stack, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { paths } from '../../paths'
import { useMembership } from '../../shell/session'
import { type Column, DataTable } from '../../ui/data-table'
import { Empty } from '../../ui/empty'
import { TextLink } from '../../ui/links'
import { Name, NameList } from '../../ui/name'
import { SectionHead, usePageTitle } from '../../ui/page'
import { RelativeTime } from '../../ui/relative-time'
import { RowMenu } from '../../ui/row-menu'
import { SearchBox } from '../../ui/search-box'
import { useDialog } from '../../ui/use-dialog'
import { roles } from '../members/words'
import { type ServiceAccount, serviceAccountsQuery } from './queries'
import { ServiceAccountDialogs, useServiceAccountActions } from './service-account-dialogs'

export function ServiceAccountsPage() {
  const { id: org, slug, name } = useMembership()
  const { search } = useSearch({ from: '/o/$slug/settings/organization/service-accounts' })
  const serviceAccounts = useInfiniteQuery(serviceAccountsQuery(org, search))
  const actionsOf = useServiceAccountActions()
  const navigate = useNavigate()
  const { open } = useDialog()
  usePageTitle('Service accounts', name)

  const add = <Button onClick={() => open('add-service-account')}>Add service account</Button>
  const columns: Column<ServiceAccount>[] = [
    {
      key: 'name',
      header: 'Name',
      width: 'minmax(0, 2fr)',
      cell: ({ id, name }) => (
        <TextLink {...paths.serviceAccount(slug, id)} c="inherit">
          <Name>{name}</Name>
        </TextLink>
      ),
    },
    { key: 'role', header: 'Role', width: '90px', cell: ({ role }) => roles[role] },
    {
      key: 'groups',
      header: 'Groups',
      cell: ({ groups }) => (
        <Text span lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
          <NameList names={groups.map(({ name }) => name)} />
        </Text>
      ),
    },
    {
      key: 'created',
      header: 'Created',
      width: '150px',
      cell: ({ createdAt }) => <RelativeTime iso={createdAt} none="–" />,
    },
    {
      key: 'menu',
      header: 'Actions',
      width: '32px',
      control: true,
      cell: (account) => <RowMenu label={`Actions for ${account.name}`} actions={actionsOf(account)} />,
    },
  ]
  return (
    <Stack gap="sm">
      <SectionHead
        title="Service accounts"
        about="Accounts for programs. They never sign in; they call the API with tokens that admins create for them."
        actions={add}
      />
      <SearchBox
        label="Search service accounts"
        value={search}
        onSearch={(text) =>
          void navigate({
            ...paths.serviceAccounts(slug),
            search: text ? { search: text } : {},
            replace: true,
            resetScroll: false,
          })
        }
      />
      <DataTable
        label="Service accounts"
        rows={serviceAccounts}
        columns={columns}
        rowKey={({ id }) => id}
        empty={
          <Empty title={search ? 'No service account of that name' : 'No service accounts yet'} action={!search && add}>
            {!search && 'Give each program its own, so that its access doesn’t depend on a person who may leave.'}
          </Empty>
        }
      />
      <ServiceAccountDialogs />
    </Stack>
  )
}
