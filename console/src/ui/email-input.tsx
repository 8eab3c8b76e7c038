import { TextInput, type TextInputProps } from '@mantine/core'

/** An email address as text: fields of type `email` rewrite domains beyond ASCII, and refuse mailbox names beyond it. */
export function EmailInput(props: TextInputProps) {
  return (
    <TextInput
      label="Email"
      inputMode="email"
      autoComplete="username"
      autoCapitalize="none"
      spellCheck={false}
      {...props}
    />
  )
}
