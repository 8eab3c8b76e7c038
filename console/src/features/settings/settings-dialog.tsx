import { Skeleton, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMembership } from '../../shell/session'
import { Dialog } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { settingsQuery } from './queries'
import { SettingsForm } from './settings-form'

/** "Update organization settings". */
export function SettingsDialog({ onClose }: { onClose: () => void }) {
  const { id: org } = useMembership()
  // Asked for anew on every opening; what arrives while the dialog is open doesn't overwrite what is being chosen.
  const { data, error, isFetchedAfterMount } = useQuery({
    ...settingsQuery(org),
    refetchOnMount: 'always',
    refetchOnWindowFocus: false,
  })
  return (
    <Dialog title="Update organization settings" size="lg" onClose={onClose}>
      {error && !data && <Failure error={error} />}
      {data && isFetchedAfterMount && <SettingsForm org={org} saved={data} onClose={onClose} />}
      {!error && !isFetchedAfterMount && (
        <Stack gap="md" aria-busy="true">
          <Skeleton h={20} w="60%" />
          <Skeleton h={20} w="40%" />
          <Skeleton h={60} />
        </Stack>
      )}
    </Dialog>
  )
}
