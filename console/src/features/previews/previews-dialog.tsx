import { Skeleton, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMembership } from '../../shell/session'
import { Dialog } from '../../ui/dialog'
import { Failure } from '../../ui/notice'
import { PreviewsForm } from './previews-form'
import { previewsQuery } from './queries'

/** "Manage preview features". */
export function PreviewsDialog({ onClose }: { onClose: () => void }) {
  const { id: org } = useMembership()
  // Asked for anew on every opening; what arrives while the dialog is open doesn't overwrite what is being chosen.
  const { data, error, isFetchedAfterMount } = useQuery({
    ...previewsQuery(org),
    refetchOnMount: 'always',
    refetchOnWindowFocus: false,
  })
  return (
    <Dialog title="Manage preview features" size="lg" onClose={onClose}>
      {error && !data && <Failure error={error} />}
      {data && isFetchedAfterMount && <PreviewsForm org={org} stored={data} onClose={onClose} />}
      {!error && !isFetchedAfterMount && (
        <Stack gap="md" aria-busy="true">
          <Skeleton h={40} />
          <Skeleton h={64} />
          <Skeleton h={64} />
        </Stack>
      )}
    </Dialog>
  )
}
