import { Button, Stack } from '@mantine/core'
import { ask } from '../../api'
import { updateGroup } from '../../client/sdk.gen'
import { useMembership, useRefresh } from '../../shell/session'
import { Dialog, DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import { checkGroupName, GroupFields } from './group-fields'
import type { Group } from './queries'

export function EditGroupDialog({ group, onClose }: { group: Group; onClose: () => void }) {
  const { id: org } = useMembership()
  const refresh = useRefresh()
  const { form, pending, failure, onSubmit } = useServerForm({
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
  return (
    <Dialog title="Edit group" onClose={onClose}>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          <GroupFields form={form} />
          <Failure error={failure} />
        </Stack>
        <DialogActions>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={pending} disabled={!form.isDirty()}>
            Save changes
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
