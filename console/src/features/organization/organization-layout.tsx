import { Stack } from '@mantine/core'
import { Outlet, useMatches } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { organizationPlaces } from '../../shell/navigation'
import { useMembership } from '../../shell/session'
import { PageSkeleton } from '../../ui/page'
import { RouteTabs } from '../../ui/route-tabs'
import { useDialog } from '../../ui/use-dialog'
import { AdminsOnly } from './admins-only'
import { ManageMenu } from './manage-menu'
import { RenameDialog } from './rename-dialog'

const PreviewsDialog = lazy(async () => ({ default: (await import('../previews/previews-dialog')).PreviewsDialog }))
const SettingsDialog = lazy(async () => ({ default: (await import('../settings/settings-dialog')).SettingsDialog }))

/** The tab that is named after the organization. Who isn't an admin reads; see the overview page. */
export function OrganizationLayout() {
  const { slug, role } = useMembership()
  const { dialog, close } = useDialog()
  const forAdmins = useMatches({ select: (matches) => matches.some(({ staticData }) => staticData.adminsOnly) })
  if (role !== 'admin') {
    return <Stack mt="lg">{forAdmins ? <AdminsOnly /> : <Outlet />}</Stack>
  }
  return (
    <Stack gap={0} mt="md">
      <RouteTabs label="Organization" tabs={organizationPlaces(slug)} aside={<ManageMenu />}>
        <Stack mt="lg">
          <Suspense fallback={<PageSkeleton />}>
            <Outlet />
          </Suspense>
        </Stack>
      </RouteTabs>
      <Suspense fallback={null}>
        {dialog === 'organization-settings' && <SettingsDialog onClose={close} />}
        {dialog === 'preview-features' && <PreviewsDialog onClose={close} />}
        {dialog === 'rename-organization' && <RenameDialog onClose={close} />}
      </Suspense>
    </Stack>
  )
}
