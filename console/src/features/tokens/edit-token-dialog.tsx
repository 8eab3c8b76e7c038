import { Textarea, TextInput } from '@mantine/core'
import { ask } from '../../api'
import { updateToken } from '../../client/sdk.gen'
import { FormDialog } from '../../ui/form-dialog'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import { checkTokenName } from './create-token-form'
import type { Token } from './queries'

type Props = { org: string; token: Token; onDone: () => void; onClose: () => void }

export function EditTokenDialog({ org, token, onDone, onClose }: Props) {
  const server = useServerForm({
    initialValues: { name: token.name, description: token.description },
    validate: { name: checkTokenName },
    send: ({ name, description }) =>
      ask(updateToken({ path: { org, id: token.id }, body: { name: name.trim(), description: description.trim() } })),
    onDone: () => {
      notify('Token changed')
      onDone()
    },
  })
  const { form } = server
  return (
    <FormDialog title="Edit token" server={server} onClose={onClose}>
      <TextInput label="Name" required maxLength={200} data-autofocus {...form.getInputProps('name')} />
      <Textarea
        label="Description"
        autosize
        minRows={2}
        maxRows={6}
        maxLength={500}
        {...form.getInputProps('description')}
      />
    </FormDialog>
  )
}
