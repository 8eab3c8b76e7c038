import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ask } from '../../api'
import { deleteGroup } from '../../client/sdk.gen'
import { paths } from '../../paths'
import { useMembership, useRefresh } from '../../shell/session'
import { Confirm } from '../../ui/confirm'
import { notify } from '../../ui/notify'
import { useDialog } from '../../ui/use-dialog'
import { ChangeImpact } from '../impact/impact-panel'
import { settingsQuery } from '../settings/queries'
import { AddGroupDialog } from './add-group-dialog'
import { EditGroupDialog } from './edit-group-dialog'
import { type Group, groupQuery } from './queries'
import { countMembers } from './words'

export function GroupDialogs() {
  const { id: org } = useMembership()
  const { dialog, id, close } = useDialog()
  const { data: group } = useQuery({ ...groupQuery(org, id ?? ''), enabled: id?.startsWith('grp_') ?? false })
  if (dialog === 'add-group') return <AddGroupDialog onClose={close} />
  if (!group) return null
  if (dialog === 'edit-group') return <EditGroupDialog group={group} onClose={close} />
  return dialog === 'delete-group' ? <DeleteGroup group={group} onClose={close} /> : null
}

function DeleteGroup({ group, onClose }: { group: Group; onClose: () => void }) {
  const { id: org, slug } = useMembership()
  const { data: settings, isPending } = useQuery(settingsQuery(org))
  const navigate = useNavigate()
  const refresh = useRefresh()
  const selected = settings?.apiTokens.groupIds.includes(group.id) ?? false
  const last = selected && settings?.apiTokens.groupIds.length === 1
  const acting = settings?.apiTokens.creation === 'groups'

  const remove = async () => {
    await ask(deleteGroup({ path: { org, id: group.id }, query: selected ? { confirm: 'true' } : {} }))
    notify('Group deleted')
    // First away from its page, which would ask for what is no more.
    await navigate({ ...paths.groups(slug), replace: true })
    void refresh('groups', 'members', 'service-accounts', 'settings', 'tokens')
  }
  if (isPending) return null
  return (
    <Confirm title="Delete group" action="Delete group" onConfirm={remove} onClose={onClose}>
      <p>
        <b>
          <bdi>{group.name}</bdi>
        </b>{' '}
        is deleted for good. Its {countMembers(group.memberCount)} stay in the organization.
      </p>
      {selected && (
        <p>
          It is one of the selected groups of the API token setting{acting ? '' : ', which isn’t in force now'}.
          {acting && last && ' It is the only one: then nobody can create tokens until an admin selects another group.'}
        </p>
      )}
      <ChangeImpact change={{ kind: 'group_deletion', groupId: group.id }} />
    </Confirm>
  )
}
