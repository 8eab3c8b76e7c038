import { Button, PasswordInput, Stack } from '@mantine/core'
import { useState } from 'react'
import { EmailInput } from '../ui/email-input'
import { Failure } from '../ui/notice'
import { useServerForm } from '../ui/use-server-form'
import { signIn } from './auth'
import { CodeForm } from './code-form'

type Props = { email?: string; onSignedIn: () => void }

/** Email and password, then the second factor if the person has one. */
export function SignInForm({ email, onSignedIn }: Props) {
  const [codeNeeded, setCodeNeeded] = useState(false)
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { email: email ?? '', password: '' },
    validate: {
      email: (value) => (value.trim() ? null : 'Enter your email address'),
      password: (value) => (value ? null : 'Enter your password'),
    },
    send: ({ email, password }) => signIn(email.trim(), password),
    onDone: ({ twoFactorRedirect }) => (twoFactorRedirect ? setCodeNeeded(true) : onSignedIn()),
  })
  if (codeNeeded) return <CodeForm onVerified={onSignedIn} onBack={() => setCodeNeeded(false)} />
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="md">
        <EmailInput autoFocus={!email} readOnly={email !== undefined} {...form.getInputProps('email')} />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          autoFocus={Boolean(email)}
          data-autofocus={Boolean(email)}
          {...form.getInputProps('password')}
        />
        <Failure error={failure} />
        <Button type="submit" loading={pending} fullWidth>
          Sign in
        </Button>
      </Stack>
    </form>
  )
}
