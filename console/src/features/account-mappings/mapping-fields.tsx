import { TextInput } from '@mantine/core'
import type { UseFormReturnType } from '@mantine/form'

export const checkSubject = (value: string) => (value.trim() ? null : 'Enter the subject')

type SubjectProps<Values> = { form: UseFormReturnType<Values>; claim: string | undefined }

export function SubjectField<Values extends { subject: string }>({ form, claim }: SubjectProps<Values>) {
  return (
    <TextInput
      label="Subject"
      description={
        claim === undefined
          ? 'Exactly as the provider writes it into its tokens.'
          : `Exactly as the provider writes it into the ${claim} claim of this account’s tokens.`
      }
      required
      maxLength={255}
      autoComplete="off"
      spellCheck={false}
      {...form.getInputProps('subject')}
    />
  )
}

type NameProps<Values> = { form: UseFormReturnType<Values>; autoFocus?: boolean }

export function DisplayNameField<Values extends { displayName: string }>({ form, autoFocus }: NameProps<Values>) {
  return (
    <TextInput
      label="Display name"
      description="For you to tell mappings apart. It decides nothing."
      maxLength={100}
      {...(autoFocus && { 'data-autofocus': true })}
      {...form.getInputProps('displayName')}
    />
  )
}
