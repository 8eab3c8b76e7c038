import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { disableTwoFactor } from '../../shell/auth'
import { Dialog, DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { useServerForm } from '../../ui/use-server-form'
import { sessionQuery } from './queries'

export function DisableSecondFactor({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient()
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { password: '', code: '' },
    validate: {
      password: (value) => (value ? null : 'Enter your password'),
      code: (value) => (value.trim() ? null : 'Enter a code'),
    },
    send: ({ password, code }) => disableTwoFactor(password, code.trim()),
    onDone: () => {
      notify('Second factor turned off')
      onClose()
      void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey })
    },
  })
  return (
    <Dialog title="Turn the second factor off" size="sm" onClose={onClose}>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          <Text>
            Your password alone will be enough to sign in, and your backup codes stop working. Your other sessions end.
          </Text>
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            data-autofocus
            {...form.getInputProps('password')}
          />
          <TextInput
            label="Code"
            description="From your authenticator app, or a backup code"
            autoComplete="one-time-code"
            {...form.getInputProps('code')}
          />
          <Failure error={failure} />
        </Stack>
        <DialogActions>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" color="red" loading={pending}>
            Turn off
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
