import { Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

type Props = { title: string; children?: ReactNode; action?: ReactNode; order?: 1 | 2 | 3 | 4 }

/** An empty list teaches what it is for, and offers the first step. */
export function Empty({ title, children, action, order = 3 }: Props) {
  return (
    <Stack align="center" gap="xs" py={40} px="md" ta="center">
      <Title order={order} size="h3">
        {title}
      </Title>
      {children && (
        <Text c="dimmed" maw={460} component="div">
          {children}
        </Text>
      )}
      {action && <div style={{ marginTop: 8 }}>{action}</div>}
    </Stack>
  )
}
