import { Button, Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { paths } from '../../paths'
import { useMembership } from '../../shell/session'
import { Empty } from '../../ui/empty'
import { SectionHead, usePageTitle } from '../../ui/page'
import { SearchBox } from '../../ui/search-box'
import { useDialog } from '../../ui/use-dialog'
import { MemberDialogs } from './member-dialogs'
import { MembersTable } from './members-table'
import { type Member, type MemberFilter, membersQuery } from './queries'
import { roleChoices, roles, statuses } from './words'

const key = <Value extends string>(of: Record<Value, unknown>, text: string | undefined) =>
  text !== undefined && text in of ? (text as Value) : undefined

export function MembersPage() {
  const { id: org, slug, name } = useMembership()
  const search = useSearch({ from: '/o/$slug/settings/organization/members' })
  const status = key(statuses, search.status)
  const role = key(roles, search.role)
  const filter: MemberFilter = {
    ...(search.search && { search: search.search }),
    ...(status && { status }),
    ...(role && { role }),
  }
  const members = useInfiniteQuery(membersQuery(org, filter))
  // Kept by id across searches: what a filter hides stays selected.
  const [chosen, setChosen] = useState<ReadonlyMap<string, Member>>(new Map())
  const hidden = [...chosen.keys()].filter((id) => !members.data?.some((member) => member.id === id)).length
  const navigate = useNavigate()
  const { open } = useDialog()
  usePageTitle('Members', name)

  const narrow = (change: Record<string, string | undefined>) =>
    void navigate({
      ...paths.members(slug),
      search: (now) => ({ ...now, ...change }),
      replace: true,
      resetScroll: false,
    })
  const filtered = Object.keys(filter).length > 0

  return (
    <Stack gap="sm">
      <SectionHead title="Members" actions={<Button onClick={() => open('add-members')}>Add members</Button>} />
      <Group gap="sm">
        <SearchBox label="Search members" value={search.search} onSearch={(text) => narrow({ search: text })} />
        <NativeSelect
          aria-label="Status"
          value={status ?? ''}
          onChange={(event) => narrow({ status: event.currentTarget.value || undefined })}
          data={[
            { value: '', label: 'Any status' },
            ...Object.entries(statuses).map(([value, { label }]) => ({ value, label })),
          ]}
        />
        <NativeSelect
          aria-label="Role"
          value={role ?? ''}
          onChange={(event) => narrow({ role: event.currentTarget.value || undefined })}
          data={[{ value: '', label: 'Any role' }, ...roleChoices]}
        />
        {chosen.size > 0 && (
          <Group gap="sm" ml="auto">
            <Text role="status">
              {chosen.size} selected{hidden > 0 && `, ${hidden} not shown`}
            </Text>
            <Button variant="subtle" onClick={() => setChosen(new Map())}>
              Clear
            </Button>
            <Button variant="default" onClick={() => open('add-to-group')}>
              Add to group
            </Button>
          </Group>
        )}
      </Group>
      <MembersTable
        rows={members}
        chosen={chosen}
        onChoose={setChosen}
        empty={
          <Empty title={filtered ? 'Nobody matches' : 'No members yet'}>
            {filtered ? 'Try another name, or fewer filters.' : 'Add members by their email addresses.'}
          </Empty>
        }
      />
      <MemberDialogs chosen={[...chosen.values()]} onGrouped={() => setChosen(new Map())} />
    </Stack>
  )
}
