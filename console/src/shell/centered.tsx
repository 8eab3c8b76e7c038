import { Skeleton, Stack, Text, Title } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { usePageTitle } from '../ui/page'
import classes from './centered.module.css'
import { instanceQuery } from './session'
import { Mark } from './wordmark'

type Props = { title: string; about?: ReactNode; children?: ReactNode; wide?: boolean }

/** The pages that stand outside the frame: sign-in, set-up, invitations. */
export function Centered({ title, about, children, wide = false }: Props) {
  const { productName } = useSuspenseQuery(instanceQuery).data
  usePageTitle(title, productName)
  return (
    <main className={classes.page}>
      <div className={`${classes.card} ${wide ? classes.wide : ''}`}>
        <div className={classes.brand}>
          <Mark size={28} />
          <bdi>{productName}</bdi>
        </div>
        <Stack gap="lg">
          <div>
            <Title order={1}>{title}</Title>
            {about && (
              <Text c="dimmed" component="div" mt={4}>
                {about}
              </Text>
            )}
          </div>
          {children}
        </Stack>
      </div>
    </main>
  )
}

export function CenteredSkeleton() {
  return (
    <Centered title="One moment">
      <Skeleton h={36} />
      <Skeleton h={36} />
    </Centered>
  )
}
