import { Anchor, Button, Group, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Failure } from '../ui/notice'
import { useServerForm } from '../ui/use-server-form'
import { verifyBackupCode, verifyCode } from './auth'

/** The second factor: a code of the authenticator app, or one of the backup codes. */
export function CodeForm({ onVerified, onBack }: { onVerified: () => void; onBack: () => void }) {
  const [backup, setBackup] = useState(false)
  const { form, pending, failure, clearFailure, onSubmit } = useServerForm({
    initialValues: { code: '' },
    validate: { code: (value) => (value.trim() ? null : 'Enter the code') },
    send: ({ code }) => (backup ? verifyBackupCode(code.trim()) : verifyCode(code.replace(/\s/g, ''))),
    onDone: onVerified,
  })
  const switchKind = () => {
    setBackup(!backup)
    form.reset()
    clearFailure()
  }
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="md">
        <TextInput
          key={String(backup)}
          label={backup ? 'Backup code' : 'Authentication code'}
          description={
            backup ? 'One of the codes that you saved; each works once.' : 'Six digits, from your authenticator app.'
          }
          autoComplete="one-time-code"
          inputMode={backup ? 'text' : 'numeric'}
          autoFocus
          {...form.getInputProps('code')}
        />
        <Failure error={failure} />
        <Button type="submit" loading={pending} fullWidth>
          Verify
        </Button>
        <Group justify="space-between">
          <Anchor component="button" type="button" onClick={onBack}>
            Back
          </Anchor>
          <Anchor component="button" type="button" onClick={switchKind}>
            {backup ? 'Use the authenticator app' : 'Use a backup code'}
          </Anchor>
        </Group>
      </Stack>
    </form>
  )
}
