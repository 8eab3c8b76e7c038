import { Button, Skeleton, Stack } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { ask } from '../../api'
import { putGroupMember } from '../../client/sdk.gen'
import { paths } from '../../paths'
import { Trouble } from '../../shell/dead-ends'
import { useMembership, useRefresh } from '../../shell/session'
import { Empty } from '../../ui/empty'
import { TextLink } from '../../ui/links'
import { notifyFailure } from '../../ui/notify'
import { SectionHead, usePageTitle } from '../../ui/page'
import { RowMenu } from '../../ui/row-menu'
import { useDialog } from '../../ui/use-dialog'
import { memberQuery } from '../members/queries'
import { AddToThisGroupDialog } from './add-to-this-group-dialog'
import { GroupDialogs } from './group-dialogs'
import { GroupMembersTable } from './group-members-table'
import { type GroupMember, groupMembersQuery, groupQuery } from './queries'
import { RemoveFromGroupDialog } from './remove-from-group-dialog'
import { countMembers } from './words'

/** A group's page: for admins and its managers to change, for others to read. */
export function GroupPage() {
  const { id: org, slug, accountId, role, name: organizationName } = useMembership()
  const { id } = useParams({ from: '/o/$slug/settings/organization/groups/$id' })
  const { data: group, error, refetch } = useQuery(groupQuery(org, id))
  const members = useInfiniteQuery(groupMembersQuery(org, id))
  const { data: self } = useQuery({ ...memberQuery(org, accountId), enabled: role !== 'admin' })
  const { dialog, id: subject, open, close } = useDialog()
  const refresh = useRefresh()
  usePageTitle(group?.name, organizationName)

  const change = useMutation({
    mutationFn: ({ account, role }: GroupMember) =>
      ask(putGroupMember({ path: { org, id, accountId: account.id }, body: { role } })),
    onError: notifyFailure,
    onSuccess: () => void refresh('groups', 'members', 'service-accounts'),
  })
  if (error) return <Trouble error={error} onRetry={refetch} />
  if (!group) return <Skeleton h={200} aria-label="Loading" />
  const admin = role === 'admin'
  const manages = admin || self?.groups.find((mine) => mine.id === id)?.role === 'manager'
  const leaving = members.data?.find(({ account }) => account.id === subject)
  const actions = (
    <>
      {manages && <Button onClick={() => open('add-group-members')}>Add members</Button>}
      {admin && (
        <RowMenu
          label={`Actions for ${group.name}`}
          actions={[
            { label: 'Edit', onClick: () => void open('edit-group', id) },
            { label: 'Delete group', onClick: () => void open('delete-group', id), danger: true },
          ]}
        />
      )}
    </>
  )
  return (
    <Stack gap="md">
      <Stack gap="xs">
        {admin ? (
          <TextLink {...paths.groups(slug)}>← Groups</TextLink>
        ) : (
          <TextLink {...paths.organization(slug)}>← {organizationName}</TextLink>
        )}
        <SectionHead
          title={<bdi>{group.name}</bdi>}
          about={group.description || countMembers(group.memberCount)}
          actions={actions}
        />
      </Stack>
      <GroupMembersTable
        rows={members}
        linked={admin}
        {...(manages && {
          onChangeRole: change.mutate,
          onRemove: ({ account }) => open('remove-group-member', account.id),
        })}
        empty={
          <Empty title="Nobody is in this group yet">
            {manages && 'Add members and service accounts of the organization.'}
          </Empty>
        }
      />
      {dialog === 'add-group-members' && manages && (
        <AddToThisGroupDialog
          group={group}
          present={new Set(members.data?.map(({ account }) => account.id))}
          onClose={close}
        />
      )}
      {dialog === 'remove-group-member' && manages && leaving && (
        <RemoveFromGroupDialog group={group} account={leaving.account} role={leaving.role} onClose={close} />
      )}
      {admin && <GroupDialogs />}
    </Stack>
  )
}
