import { Button, Stack } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { paths } from '../../paths'
import { useMembership } from '../../shell/session'
import { type Column, DataTable } from '../../ui/data-table'
import { Empty } from '../../ui/empty'
import { TextLink } from '../../ui/links'
import { Name } from '../../ui/name'
import { Notice } from '../../ui/notice'
import { SectionHead, usePageTitle } from '../../ui/page'
import { RowMenu } from '../../ui/row-menu'
import { SearchBox } from '../../ui/search-box'
import { Tag } from '../../ui/tag'
import { useDialog } from '../../ui/use-dialog'
import { lacksGroups } from '../settings/choice'
import { settingsQuery } from '../settings/queries'
import { GroupDialogs } from './group-dialogs'
import { type Group, groupsQuery } from './queries'
import { countMembers } from './words'

export function GroupsPage() {
  const { id: org, slug, name } = useMembership()
  const { search } = useSearch({ from: '/o/$slug/settings/organization/groups' })
  const groups = useInfiniteQuery(groupsQuery(org, search))
  const { data: settings } = useQuery(settingsQuery(org))
  const navigate = useNavigate()
  const { open } = useDialog()
  usePageTitle('Groups', name)

  const allowed = settings?.apiTokens.creation === 'groups' ? settings.apiTokens.groupIds : []
  const add = <Button onClick={() => open('add-group')}>Add group</Button>
  const columns: Column<Group>[] = [
    {
      key: 'name',
      header: 'Name',
      width: 'minmax(0, 3fr)',
      cell: ({ id, name, description }) => (
        <TextLink {...paths.group(slug, id)} c="inherit">
          <Name detail={description}>{name}</Name>
        </TextLink>
      ),
    },
    { key: 'members', header: 'Members', cell: ({ memberCount }) => countMembers(memberCount) },
    {
      key: 'tokens',
      header: 'API tokens',
      cell: ({ id }) => (allowed.includes(id) ? <Tag tone="lead">May create tokens</Tag> : '–'),
    },
    {
      key: 'menu',
      header: 'Actions',
      width: '32px',
      control: true,
      cell: ({ id, name }) => (
        <RowMenu
          label={`Actions for ${name}`}
          actions={[
            { label: 'Edit', onClick: () => void open('edit-group', id) },
            { label: 'Delete group', onClick: () => void open('delete-group', id), danger: true },
          ]}
        />
      ),
    },
  ]
  return (
    <Stack gap="sm">
      <SectionHead title="Groups" actions={add} />
      <SearchBox
        label="Search groups"
        value={search}
        onSearch={(text) =>
          void navigate({
            ...paths.groups(slug),
            search: text ? { search: text } : {},
            replace: true,
            resetScroll: false,
          })
        }
      />
      {settings && lacksGroups(settings.apiTokens) && (
        <Notice
          tone="wait"
          title="Nobody can create API tokens"
          action={
            <Button size="xs" variant="default" onClick={() => open('organization-settings')}>
              Select groups
            </Button>
          }
        >
          Creating tokens is limited to selected groups, and none is selected.
        </Notice>
      )}
      <DataTable
        label="Groups"
        rows={groups}
        columns={columns}
        rowKey={({ id }) => id}
        empty={
          <Empty title={search ? 'No group of that name' : 'No groups yet'} action={!search && add}>
            {!search &&
              'A group is a named set of members and service accounts, for instance those who may create API tokens.'}
          </Empty>
        }
      />
      <GroupDialogs />
    </Stack>
  )
}
