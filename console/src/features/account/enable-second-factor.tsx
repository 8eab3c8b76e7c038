import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { enableTwoFactor, type TwoFactorSecret, verifyCode } from '../../shell/auth'
import { CopyBlock } from '../../ui/copy'
import { Dialog, DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { notify } from '../../ui/notify'
import { useUncopied } from '../../ui/uncopied'
import { useServerForm } from '../../ui/use-server-form'
import { QrCode } from './qr-code'
import { sessionQuery } from './queries'

/** Password, then the secret into an app, then a code as proof that it is there. */
export function EnableSecondFactor({ onClose }: { onClose: () => void }) {
  const [secret, setSecret] = useState<TwoFactorSecret>()
  const words = {
    warning:
      'You haven’t copied the backup codes, and they can’t be shown again. Without them, losing the phone locks you out.',
    back: 'Back to the codes',
  }
  const { asking, question, leave, onCopied } = useUncopied(secret ? ['codes'] : [], words, onClose)
  if (secret) {
    return (
      <Dialog key="secret" title={asking ? 'Close without copying?' : 'Turn the second factor on'} onClose={leave}>
        {asking && question}
        <div hidden={asking}>
          <ProveCode secret={secret} onCopied={() => onCopied('codes')} onClose={leave} />
        </div>
      </Dialog>
    )
  }
  return (
    <Dialog title="Turn the second factor on" onClose={onClose}>
      <AskPassword onSecret={setSecret} onClose={onClose} />
    </Dialog>
  )
}

function AskPassword({ onSecret, onClose }: { onSecret: (secret: TwoFactorSecret) => void; onClose: () => void }) {
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { password: '' },
    validate: { password: (value) => (value ? null : 'Enter your password') },
    send: ({ password }) => enableTwoFactor(password),
    onDone: onSecret,
  })
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="md">
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
        <Button type="submit" loading={pending}>
          Next
        </Button>
      </DialogActions>
    </form>
  )
}

type ProveProps = { secret: TwoFactorSecret; onCopied: () => void; onClose: () => void }

function ProveCode({ secret, onCopied, onClose }: ProveProps) {
  const queryClient = useQueryClient()
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { code: '' },
    validate: { code: (value) => (/^\d{6}$/.test(value.replace(/\s/g, '')) ? null : 'Enter the six digits') },
    send: ({ code }) => verifyCode(code.replace(/\s/g, '')),
    onDone: () => {
      notify('Second factor turned on')
      onClose()
      void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey })
    },
  })
  const key = new URL(secret.totpURI).searchParams.get('secret') ?? ''
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="md">
        <Text>Scan this with your authenticator app, or type the key into it.</Text>
        <QrCode text={secret.totpURI} />
        <CopyBlock value={key} label="Copy key" />
        <div>
          <Text fw={550}>Backup codes</Text>
          <Text c="dimmed" mb={4}>
            Each works once, if you lose the phone. Keep them somewhere safe: they can’t be shown again.
          </Text>
          <CopyBlock value={secret.backupCodes.join('\n')} label="Copy codes" onCopy={onCopied} />
        </div>
        <TextInput
          label="Authentication code"
          description="Six digits, from the app."
          inputMode="numeric"
          autoComplete="one-time-code"
          data-autofocus
          {...form.getInputProps('code')}
        />
        <Failure error={failure} />
      </Stack>
      <DialogActions>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={pending}>
          Turn on
        </Button>
      </DialogActions>
    </form>
  )
}
