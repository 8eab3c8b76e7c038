import { Button, Stack } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { paths } from '../paths'
import { TextLink } from '../ui/links'
import { Failure, Notice } from '../ui/notice'
import { notify } from '../ui/notify'
import { useServerForm } from '../ui/use-server-form'
import { resetPassword } from './auth'
import { Centered } from './centered'
import { checkNewPassword, NewPasswordInput } from './new-password'

export function ResetPassword() {
  const { token } = useSearch({ from: '/reset-password' })
  const navigate = useNavigate()
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { password: '' },
    validate: { password: checkNewPassword },
    send: ({ password }) => resetPassword(token ?? '', password),
    onDone: () => {
      notify('Password changed. Sign in with it.')
      void navigate(paths.signIn())
    },
  })
  return (
    <Centered title="Choose a new password">
      {token ? (
        <form onSubmit={onSubmit} noValidate>
          <Stack gap="md">
            <NewPasswordInput autoFocus {...form.getInputProps('password')} />
            <Failure error={failure} />
            <Button type="submit" loading={pending} fullWidth>
              Change password
            </Button>
          </Stack>
        </form>
      ) : (
        <Notice tone="bad">This link is incomplete. Open it again from the mail, or ask for a new one.</Notice>
      )}
      <TextLink {...paths.forgotPassword()}>Ask for a new link</TextLink>
    </Centered>
  )
}
