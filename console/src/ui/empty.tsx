import { Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

/** An empty list teaches what it is for, and offers the first step. */
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py={40} px="md" ta="center">
      <Title order={3}>{title}</Title>
      {children && (
        <Text c="dimmed" maw={460} component="div">
          {children}
        </Text>
      )}
      {action && <div style={{ marginTop: 8 }}>{action}</div>}
    </Stack>
  )
}
