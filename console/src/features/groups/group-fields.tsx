import { Stack, Textarea, TextInput } from '@mantine/core'
import type { UseFormReturnType } from '@mantine/form'

export type GroupFieldValues = { name: string; description: string }

export const checkGroupName = (value: string) => (value.trim() ? null : 'Give the group a name')

export function GroupFields<Values extends GroupFieldValues>({ form }: { form: UseFormReturnType<Values> }) {
  return (
    <Stack gap="md">
      <TextInput label="Name" required maxLength={200} data-autofocus {...form.getInputProps('name')} />
      <Textarea
        label="Description"
        autosize
        minRows={2}
        maxRows={5}
        maxLength={500}
        {...form.getInputProps('description')}
      />
    </Stack>
  )
}
