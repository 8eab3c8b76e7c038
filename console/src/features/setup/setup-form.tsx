import { Button, Stack, TextInput } from '@mantine/core'
import { useEffect } from 'react'
import { ask } from '../../api'
import { completeSetup } from '../../client/sdk.gen'
import { checkNewPassword, NewPasswordInput } from '../../shell/new-password'
import { DialogActions } from '../../ui/dialog'
import { EmailInput } from '../../ui/email-input'
import { Failure } from '../../ui/notice'
import { useServerForm } from '../../ui/use-server-form'

type Props = { secret: string; step: number; onStep: (step: number) => void; onCreated: () => void }

const accountFields = ['name', 'email', 'password'] as const

const needed = (what: string) => (value: string) => (value.trim() ? null : `Enter ${what}`)

/** Two steps on one form: nothing is sent before the organization has its name too. */
export function SetupForm({ secret, step, onStep, onCreated }: Props) {
  const { form, pending, failure, fault, onSubmit } = useServerForm({
    initialValues: { name: '', email: '', password: '', organization: '' },
    validate: {
      name: needed('your name'),
      email: needed('your email address'),
      password: checkNewPassword,
      organization: (value) => (step === 0 || value.trim() ? null : 'Enter the organization’s name'),
    },
    send: ({ name, email, password, organization }) =>
      ask(
        completeSetup({
          path: { secret },
          body: { name: name.trim(), email: email.trim(), password, organization: organization.trim() },
        }),
      ),
    onDone: onCreated,
  })
  const faulty = step === 1 && fault ? accountFields.find((field) => form.errors[field]) : undefined
  // What the server refuses is shown where it was typed.
  useEffect(() => {
    if (!faulty) return
    onStep(0)
    requestAnimationFrame(() => form.getInputNode(faulty)?.focus())
  }, [faulty, onStep, form.getInputNode])
  return (
    <form
      noValidate
      onSubmit={(event) => {
        if (step === 1) return onSubmit(event)
        event.preventDefault()
        if (!form.validate().hasErrors) onStep(1)
      }}
    >
      <Stack gap="md">
        {step === 0 && (
          <>
            <TextInput label="Your name" autoComplete="name" autoFocus {...form.getInputProps('name')} />
            <EmailInput {...form.getInputProps('email')} />
            <NewPasswordInput label="Password" {...form.getInputProps('password')} />
          </>
        )}
        {step === 1 && (
          <TextInput
            label="Organization name"
            description="Your company, team or project. You can rename it later."
            autoComplete="organization"
            autoFocus
            {...form.getInputProps('organization')}
          />
        )}
        <Failure error={failure} />
      </Stack>
      <DialogActions>
        {step === 1 && (
          <Button variant="default" onClick={() => onStep(0)}>
            Back
          </Button>
        )}
        <Button key={step} type="submit" loading={pending}>
          {step === 0 ? 'Next' : 'Create organization'}
        </Button>
      </DialogActions>
    </form>
  )
}
