import { Stack, Title } from '@mantine/core'
import { Outlet } from '@tanstack/react-router'
import { Suspense } from 'react'
import { paths } from '../paths'
import { PageSkeleton } from '../ui/page'
import { RouteTabs } from '../ui/route-tabs'
import { useMembership } from './session'

/** "Settings": the person's own, their tokens, and the organization's. */
export function SettingsLayout() {
  const { slug, name } = useMembership()
  return (
    <Stack gap="md">
      <Title order={1}>Settings</Title>
      <div>
        <RouteTabs
          label="Settings"
          tabs={[
            { label: 'Account', path: paths.account(slug) },
            { label: 'APIs', path: paths.apis(slug) },
            { label: name, path: paths.organization(slug) },
          ]}
        >
          <Suspense fallback={<PageSkeleton />}>
            <Outlet />
          </Suspense>
        </RouteTabs>
      </div>
    </Stack>
  )
}
