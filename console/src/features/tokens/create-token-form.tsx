import { Button, Stack, Textarea, TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { ask } from '../../api'
import { createToken } from '../../client/sdk.gen'
import type { CreateTokenResponse } from '../../client/types.gen'
import { DialogActions } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { useServerForm } from '../../ui/use-server-form'
import { checkExpiresAt, ExpirationInput, noExpiration, readExpiration } from './expiration'

type Props = {
  org: string
  /** For a service account; left out, the token is the person's own. */
  accountId?: string | undefined
  suggestedName?: string
  onCreated: (created: CreateTokenResponse) => void
  /** What stands beside the button: "Cancel" in a dialog, "Skip" in a flow. */
  aside: ReactNode
}

export const checkTokenName = (value: string) =>
  value.trim() === '' ? 'Give the token a name' : [...value.trim()].length > 100 ? 'Use at most 100 characters' : null

export function CreateTokenForm({ org, accountId, suggestedName = '', onCreated, aside }: Props) {
  const { form, pending, failure, onSubmit } = useServerForm({
    initialValues: { name: suggestedName, description: '', ...noExpiration },
    validate: { name: checkTokenName, expiresAt: checkExpiresAt },
    send: ({ name, description, ...expiration }) =>
      ask(
        createToken({
          path: { org },
          body: {
            name: name.trim(),
            description: description.trim(),
            ...readExpiration(expiration),
            ...(accountId && { accountId }),
          },
        }),
      ),
    onDone: onCreated,
  })
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="md">
        <TextInput
          label="Name"
          description="What will use the token: a program, a machine, a job."
          required
          maxLength={200}
          data-autofocus
          {...form.getInputProps('name')}
        />
        <Textarea
          label="Description"
          autosize
          minRows={2}
          maxRows={6}
          maxLength={500}
          {...form.getInputProps('description')}
        />
        <ExpirationInput form={form} />
        <Failure error={failure} />
      </Stack>
      <DialogActions>
        {aside}
        <Button type="submit" loading={pending}>
          Create token
        </Button>
      </DialogActions>
    </form>
  )
}
