import { NativeSelect, Stack, TextInput } from '@mantine/core'
import type { UseFormReturnType } from '@mantine/form'
import { expirations } from './words'

export type ExpirationFields = { expiration: string; expiresAt: string }

export const noExpiration: ExpirationFields = { expiration: 'never', expiresAt: '' }

const day = 86_400_000
const tenYears = 3652 * day

/** For a field of `datetime-local`: local time, without a zone. */
const localMinute = (time: number) =>
  new Date(time - new Date(time).getTimezoneOffset() * 60_000).toISOString().slice(0, 16)

export function checkExpiresAt(value: string, { expiration }: ExpirationFields): string | null {
  if (expiration !== 'custom') return null
  const time = Date.parse(value)
  if (Number.isNaN(time)) return 'Choose a date and a time'
  if (time <= Date.now()) return 'Choose a time in the future'
  return time > Date.now() + tenYears ? 'Choose a time within the next 10 years' : null
}

export function readExpiration({ expiration, expiresAt }: ExpirationFields): string | null {
  if (expiration === 'never') return null
  const time = expiration === 'custom' ? Date.parse(expiresAt) : Date.now() + Number(expiration) * day
  return new Date(time).toISOString()
}

export function ExpirationInput<Values extends ExpirationFields>({ form }: { form: UseFormReturnType<Values> }) {
  return (
    <Stack gap="sm">
      <NativeSelect label="Expiration" data={expirations} {...form.getInputProps('expiration')} />
      {form.values.expiration === 'custom' && (
        <TextInput
          type="datetime-local"
          label="Expires at"
          min={localMinute(Date.now())}
          max={localMinute(Date.now() + tenYears)}
          {...form.getInputProps('expiresAt')}
        />
      )}
      {form.values.expiration !== 'custom' && form.errors.expiresAt && <div role="alert">{form.errors.expiresAt}</div>}
    </Stack>
  )
}
