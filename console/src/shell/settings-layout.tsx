import { Stack, Title } from '@mantine/core'
import { Outlet } from '@tanstack/react-router'
import { Suspense } from 'react'
import { PageSkeleton } from '../ui/page'
import { RouteTabs } from '../ui/route-tabs'
import { useFeatures } from './evaluation'
import { settingsPlaces } from './navigation'
import { PreviewTag } from './preview-tag'
import { useMembership } from './session'

/** "Settings": the person's own, their tokens, and the organization's. */
export function SettingsLayout() {
  const membership = useMembership()
  const feature = useFeatures()
  const tabs = settingsPlaces(membership)
    .filter((place) => !place.feature || feature(place.feature).on)
    .map(({ feature, ...place }) => ({ ...place, tag: feature && <PreviewTag plain feature={feature} /> }))
  return (
    <Stack gap="md">
      <Title order={1}>Settings</Title>
      <div>
        <RouteTabs label="Settings" tabs={tabs}>
          <Suspense fallback={<PageSkeleton />}>
            <Outlet />
          </Suspense>
        </RouteTabs>
      </div>
    </Stack>
  )
}
