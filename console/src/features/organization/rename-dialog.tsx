import { Button, Stack, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { ask } from '../../api'
import { renameOrganization } from '../../client/sdk.gen'
import { meQuery, useMembership } from '../../shell/session'
import { Dialog, DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'

export function RenameDialog({ onClose }: { onClose: () => void }) {
  const { id: org, name } = useMembership()
  const queryClient = useQueryClient()
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { name },
    validate: { name: (value) => (value.trim() ? null : 'Give the organization a name') },
    send: ({ name }) => ask(renameOrganization({ path: { org }, body: { name: name.trim() } })),
    onDone: async () => {
      await queryClient.invalidateQueries({ queryKey: meQuery.queryKey })
      notify('Organization renamed')
      onClose()
    },
  })
  return (
    <Dialog title="Rename organization" onClose={onClose}>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          <TextInput
            label="Name"
            description="Its id stays, and so does its address in this console."
            required
            maxLength={200}
            data-autofocus
            {...form.getInputProps('name')}
          />
          <Failure error={failure} />
        </Stack>
        <DialogActions>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={pending} disabled={!form.isDirty()}>
            Rename
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
