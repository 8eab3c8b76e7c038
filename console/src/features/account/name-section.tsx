import { Button, Group, Stack, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { updateName } from '../../shell/auth'
import { meQuery, useMe } from '../../shell/session'
import { Failure } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { Section } from '../../ui/page'
import { useServerForm } from '../../ui/use-server-form'

export function NameSection() {
  const { user } = useMe()
  const queryClient = useQueryClient()
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { name: user.name },
    validate: { name: (value) => (value.trim() ? null : 'Enter your name') },
    send: ({ name }) => updateName(name.trim()),
    onDone: async (_, values) => {
      await queryClient.invalidateQueries({ queryKey: meQuery.queryKey })
      form.resetDirty(values)
      notify('Name changed')
    },
  })
  return (
    <Section title="You">
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          <TextInput label="Name" autoComplete="name" maxLength={200} {...form.getInputProps('name')} />
          <TextInput
            label="Email"
            value={user.email}
            readOnly
            variant="filled"
            description="You sign in with it. To change it, ask an admin to invite the new address."
          />
          <Failure error={failure} />
          <Group>
            <Button type="submit" variant="default" loading={pending} disabled={!form.isDirty()}>
              Save name
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  )
}
