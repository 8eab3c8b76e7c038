import { ask } from '../../api'
import { updateGroup } from '../../client/sdk.gen'
import { useMembership, useRefresh } from '../../shell/session'
import { FormDialog } from '../../ui/form-dialog'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import { checkGroupName, GroupFields } from './group-fields'
import type { Group } from './queries'

export function EditGroupDialog({ group, onClose }: { group: Group; onClose: () => void }) {
  const { id: org } = useMembership()
  const refresh = useRefresh()
  const server = useServerForm({
    initialValues: { name: group.name, description: group.description },
    validate: { name: checkGroupName },
    send: ({ name, description }) =>
      ask(updateGroup({ path: { org, id: group.id }, body: { name: name.trim(), description: description.trim() } })),
    onDone: () => {
      notify('Group changed')
      onClose()
      void refresh('groups', 'members', 'service-accounts')
    },
  })
  const { form } = server
  return (
    <FormDialog title="Edit group" server={server} onClose={onClose}>
      <GroupFields form={form} />
    </FormDialog>
  )
}
