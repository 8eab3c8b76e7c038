import { Button, NativeSelect, Stack } from '@mantine/core'
import { ask } from '../../api'
import { putGroupMember } from '../../client/sdk.gen'
import { useMembership, useRefresh } from '../../shell/session'
import { Dialog, DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import { type Account, AccountPicker } from '../members/account-picker'
import type { Group } from './queries'
import { groupRoles } from './words'

type Props = { group: Group; present: ReadonlySet<string>; onClose: () => void }

export function AddToThisGroupDialog({ group, present, onClose }: Props) {
  const { id: org } = useMembership()
  const refresh = useRefresh()
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { accounts: [] as Account[], role: 'member' as 'member' | 'manager' },
    validate: { accounts: (accounts) => (accounts.length > 0 ? null : 'Choose at least one') },
    send: async ({ accounts, role }) => {
      for (const { id: accountId } of accounts) {
        await ask(putGroupMember({ path: { org, id: group.id, accountId }, body: { role } }))
      }
    },
    onDone: (_, { accounts }) => {
      notify(accounts.length === 1 ? 'Added to the group' : `${accounts.length} added to the group`)
      onClose()
      void refresh('groups', 'members', 'service-accounts')
    },
  })
  return (
    <Dialog title="Add members to the group" onClose={onClose}>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          <AccountPicker
            org={org}
            label="Members"
            without={present}
            value={form.values.accounts}
            onChange={(accounts) => form.setFieldValue('accounts', accounts)}
            error={form.errors.accounts as string | undefined}
          />
          <NativeSelect
            label="Role in the group"
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
            Add members
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
