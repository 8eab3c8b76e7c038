import { TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { ask } from '../../api'
import { renameOrganization } from '../../client/sdk.gen'
import { meQuery, useMembership } from '../../shell/session'
import { FormDialog } from '../../ui/form-dialog'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'

export function RenameDialog({ onClose }: { onClose: () => void }) {
  const { id: org, name } = useMembership()
  const queryClient = useQueryClient()
  const server = useServerForm({
    initialValues: { name },
    validate: { name: (value) => (value.trim() ? null : 'Give the organization a name') },
    send: ({ name }) => ask(renameOrganization({ path: { org }, body: { name: name.trim() } })),
    onDone: async () => {
      await queryClient.invalidateQueries({ queryKey: meQuery.queryKey })
      notify('Organization renamed')
      onClose()
    },
  })
  const { form } = server
  return (
    <FormDialog title="Rename organization" action="Rename" server={server} onClose={onClose}>
      <TextInput
        label="Name"
        description="Its id stays, and so does its address in this console."
        required
        maxLength={200}
        data-autofocus
        {...form.getInputProps('name')}
      />
    </FormDialog>
  )
}
