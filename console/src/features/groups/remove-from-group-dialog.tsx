import { ask } from '../../api'
import { deleteGroupMember, putGroupMember } from '../../client/sdk.gen'
import { useMembership, useRefresh } from '../../shell/session'
import { Confirm } from '../../ui/confirm'
import { notifyFailure, notifyWithUndo } from '../../ui/notify'
import { ChangeImpact } from '../impact/impact-panel'
import type { GroupMember } from './queries'

type Props = {
  group: { id: string; name: string }
  account: { id: string; name: string }
  role: GroupMember['role']
  onClose: () => void
}

/** Shows what leaving the group takes away (P4), and offers to undo it afterwards. */
export function RemoveFromGroupDialog({ group, account, role, onClose }: Props) {
  const { id: org } = useMembership()
  const refresh = useRefresh()
  const path = { org, id: group.id, accountId: account.id }
  const showChange = () => void refresh('groups', 'members', 'service-accounts', 'tokens')

  const addAgain = async () => {
    try {
      await ask(putGroupMember({ path, body: { role } }))
      showChange()
    } catch (error) {
      notifyFailure(error as Error)
    }
  }
  const remove = async () => {
    await ask(deleteGroupMember({ path }))
    notifyWithUndo('Removed from the group', addAgain)
    onClose()
    showChange()
  }
  return (
    <Confirm title="Remove from group" action="Remove" onConfirm={remove} onClose={onClose}>
      <p>
        <b>
          <bdi>{account.name}</bdi>
        </b>{' '}
        leaves{' '}
        <b>
          <bdi>{group.name}</bdi>
        </b>{' '}
        and stays in the organization.
      </p>
      <ChangeImpact change={{ kind: 'group_removal', groupId: group.id, accountId: account.id }} />
    </Confirm>
  )
}
