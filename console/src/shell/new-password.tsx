import { PasswordInput, type PasswordInputProps } from '@mantine/core'

export const passwordMinimum = 12

export const checkNewPassword = (value: string) =>
  value.length < passwordMinimum ? `Use ${passwordMinimum} characters or more` : null

export function NewPasswordInput(props: PasswordInputProps) {
  return (
    <PasswordInput
      label="New password"
      description={`${passwordMinimum} characters or more. A few words that only you put together are best.`}
      autoComplete="new-password"
      {...props}
    />
  )
}
