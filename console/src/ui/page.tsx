import { Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'

/** The tab of the browser says where one is. */
export function usePageTitle(...parts: (string | undefined)[]) {
  const title = parts.filter(Boolean).join(' · ')
  useEffect(() => {
    document.title = title
  }, [title])
}

type HeadProps = {
  title: ReactNode
  /** What marks the whole section, beside its heading. */
  tag?: ReactNode
  order?: 1 | 2 | 3
  about?: ReactNode
  actions?: ReactNode
}

export function SectionHead({ title, tag, order = 2, about, actions }: HeadProps) {
  return (
    <Group justify="space-between" align="flex-start" gap="sm">
      <div style={{ minWidth: 0, flex: '1 1 260px' }}>
        <Group gap="xs">
          <Title order={order} style={{ overflowWrap: 'anywhere', minWidth: 0 }}>
            {title}
          </Title>
          {tag}
        </Group>
        {about && (
          <Text c="dimmed" component="div" maw={780}>
            {about}
          </Text>
        )}
      </div>
      {actions && <Group gap="sm">{actions}</Group>}
    </Group>
  )
}

export function Section({ children, ...head }: HeadProps & { children: ReactNode }) {
  return (
    <Stack gap="sm" component="section">
      <SectionHead {...head} />
      {children}
    </Stack>
  )
}

export function PageSkeleton() {
  return (
    <Stack gap="md" mt="lg" aria-busy="true" aria-label="Loading">
      <Skeleton h={28} w={220} />
      <Skeleton h={16} w="60%" />
      <Skeleton h={220} />
    </Stack>
  )
}
