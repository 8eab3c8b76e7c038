import { Button, NativeSelect, Stack, Text } from '@mantine/core'
import { ask } from '../../api'
import { putGroupMember } from '../../client/sdk.gen'
import { useMembership } from '../../shell/session'
import { Dialog, DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import { GroupPicker } from './group-picker'
import { groupRoles } from './words'

export type GroupedAccount = {
  id: string
  name: string
  groups: { id: string; name: string; role: 'member' | 'manager' }[]
}

type Props = { accounts: GroupedAccount[]; onDone: () => void; onClose: () => void }

/** One or several accounts into one or several groups; who is in a group already keeps their role there. */
export function AddToGroupDialog({ accounts, onDone, onClose }: Props) {
  const { id: org } = useMembership()
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { groupIds: [] as string[], role: 'member' as 'member' | 'manager' },
    validate: { groupIds: (ids) => (ids.length > 0 ? null : 'Choose at least one group') },
    send: async ({ groupIds, role }) => {
      for (const { id: accountId, groups } of accounts) {
        for (const id of groupIds) {
          if (groups.some((group) => group.id === id)) continue
          await ask(putGroupMember({ path: { org, id, accountId }, body: { role } }))
        }
      }
    },
    onDone: () => {
      notify(accounts.length === 1 ? 'Added to the group' : `${accounts.length} added`)
      onDone()
    },
  })
  const [first] = accounts
  return (
    <Dialog title="Add to group" onClose={onClose}>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          <Text>{accounts.length === 1 ? <bdi>{first?.name}</bdi> : `${accounts.length} members`}</Text>
          <GroupPicker
            org={org}
            label="Groups"
            value={form.values.groupIds}
            onChange={(ids) => form.setFieldValue('groupIds', ids)}
            error={form.errors.groupIds as string | undefined}
          />
          <NativeSelect
            label="Role in the group"
            description="A manager adds and removes members of the group."
            data={Object.entries(groupRoles).map(([value, label]) => ({ value, label }))}
            {...form.getInputProps('role')}
          />
          <Failure error={failure} />
        </Stack>
        <DialogActions>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={pending}>
            Add to group
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
