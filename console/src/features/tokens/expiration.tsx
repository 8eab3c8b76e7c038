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

/** As a request names it. The server counts days from its own clock; `present` is what "Keep" stands for. */
export function readExpiration({ expiration, expiresAt }: ExpirationFields, present: string | null = null) {
  if (expiration === 'keep') return { expiresAt: present }
  if (expiration === 'never') return { expiresAt: null }
  if (expiration === 'custom') return { expiresAt: new Date(expiresAt).toISOString() }
  return { expiresIn: (Number(expiration) * day) / 1000 }
}

type Props<Values extends ExpirationFields> = { form: UseFormReturnType<Values>; keep?: string; autoFocus?: boolean }

/** `keep` is the label of keeping the present expiration, where there is one that lies ahead. */
export function ExpirationInput<Values extends ExpirationFields>({ form, keep, autoFocus }: Props<Values>) {
  const kept = keep === undefined ? [] : [{ value: 'keep', label: keep }]
  return (
    <Stack gap="sm">
      <NativeSelect
        label="Expiration"
        data={[...kept, ...expirations]}
        {...(autoFocus && { 'data-autofocus': true })}
        {...form.getInputProps('expiration')}
      />
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
