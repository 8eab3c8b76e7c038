import { NativeSelect, TextInput } from '@mantine/core'
import type { UseFormReturnType } from '@mantine/form'
import { roleChoices } from '../members/words'
import type { ServiceAccount } from './queries'

export type ServiceAccountValues = { name: string; role: ServiceAccount['role'] }

export const checkDisplayName = (value: string) => (value.trim() ? null : 'Give the service account a name')

export function ServiceAccountFields({ form }: { form: UseFormReturnType<ServiceAccountValues> }) {
  return (
    <>
      <TextInput label="Display name" required maxLength={200} data-autofocus {...form.getInputProps('name')} />
      <NativeSelect
        label="Role"
        description="Its tokens act with this role."
        data={roleChoices}
        {...form.getInputProps('role')}
      />
    </>
  )
}
