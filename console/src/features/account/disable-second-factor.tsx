import { Button, PasswordInput, Stack, Text } from '@mantine/core'
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
    initialValues: { password: '' },
    validate: { password: (value) => (value ? null : 'Enter your password') },
    send: ({ password }) => disableTwoFactor(password),
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
          <Text>Your password alone will be enough to sign in, and your backup codes stop working.</Text>
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            data-autofocus
            {...form.getInputProps('password')}
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
