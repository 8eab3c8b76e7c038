import { Button, Group, PasswordInput, Stack } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { changePassword } from '../../shell/auth'
import { checkNewPassword, NewPasswordInput } from '../../shell/new-password'
import { useMe } from '../../shell/session'
import { Failure } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { Section } from '../../ui/page'
import { useServerForm } from '../../ui/use-server-form'
import { sessionsQuery } from './queries'

export function PasswordSection() {
  const { user } = useMe()
  const queryClient = useQueryClient()
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { current: '', next: '' },
    validate: { current: (value) => (value ? null : 'Enter your present password'), next: checkNewPassword },
    send: ({ current, next }) => changePassword(current, next),
    onDone: () => {
      form.reset()
      notify('Password changed. Other sessions were signed out.')
      void queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey })
    },
  })
  return (
    <Section title="Password">
      <form onSubmit={onSubmit} noValidate>
        <input type="hidden" name="username" autoComplete="username" value={user.email} readOnly />
        <Stack gap="md">
          <PasswordInput label="Current password" autoComplete="current-password" {...form.getInputProps('current')} />
          <NewPasswordInput {...form.getInputProps('next')} />
          <Failure error={failure} />
          <Group>
            <Button type="submit" variant="default" loading={pending}>
              Change password
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  )
}
