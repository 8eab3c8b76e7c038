import { Button, Stack, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ask } from '../../api'
import { acceptInvitation } from '../../client/sdk.gen'
import { paths } from '../../paths'
import { checkNewPassword, NewPasswordInput } from '../../shell/new-password'
import { meQuery } from '../../shell/session'
import { Failure } from '../../ui/notice'
import { useServerForm } from '../../ui/use-server-form'

/** Accepting signs the person in, so cached data of the previous user is dropped. */
export function useJoin() {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  return async () => {
    await queryClient.resetQueries({ queryKey: meQuery.queryKey })
    void navigate({ ...paths.home(), replace: true })
  }
}

/** A name and a password, with which an invitation is accepted. */
export function AcceptanceForm({ secret, action }: { secret: string; action: string }) {
  const join = useJoin()
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { name: '', password: '' },
    validate: { name: (value) => (value.trim() ? null : 'Enter your name'), password: checkNewPassword },
    send: ({ name, password }) => ask(acceptInvitation({ path: { secret }, body: { name: name.trim(), password } })),
    onDone: join,
  })
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="md">
        <TextInput label="Your name" autoComplete="name" {...form.getInputProps('name')} />
        <NewPasswordInput label="Password" {...form.getInputProps('password')} />
        <Failure error={failure} />
        <Button type="submit" loading={pending} fullWidth>
          {action}
        </Button>
      </Stack>
    </form>
  )
}
