import { Button, Stack } from '@mantine/core'
import { useState } from 'react'
import { paths } from '../paths'
import { EmailInput } from '../ui/email-input'
import { TextLink } from '../ui/links'
import { Failure, Notice } from '../ui/notice'
import { useServerForm } from '../ui/use-server-form'
import { requestPasswordReset } from './auth'
import { Centered } from './centered'
import { useInstance } from './session'

export function ForgotPassword() {
  const { mailConfigured } = useInstance()
  const [sentTo, setSentTo] = useState<string>()
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { email: '' },
    validate: { email: (value) => (value.trim() ? null : 'Enter your email address') },
    send: ({ email }) => requestPasswordReset(email.trim()),
    onDone: (_, { email }) => setSentTo(email.trim()),
  })
  return (
    <Centered title="Forgot your password?">
      {!mailConfigured && (
        <Notice tone="wait">
          This service sends no mail. Ask whoever runs it to run <code>portcullis admin reset-password</code>.
        </Notice>
      )}
      {mailConfigured && sentTo && (
        <Notice tone="good" role="status" title="Look at your mail">
          If {sentTo} belongs to an account, a link to choose a new password is on its way.
        </Notice>
      )}
      {mailConfigured && !sentTo && (
        <form onSubmit={onSubmit} noValidate>
          <Stack gap="md">
            <EmailInput
              description="We send a link to choose a new password."
              autoFocus
              {...form.getInputProps('email')}
            />
            <Failure error={failure} />
            <Button type="submit" loading={pending} fullWidth>
              Send the link
            </Button>
          </Stack>
        </form>
      )}
      <TextLink {...paths.signIn()}>Back to sign-in</TextLink>
    </Centered>
  )
}
