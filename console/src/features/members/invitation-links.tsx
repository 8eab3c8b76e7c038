import { Button, Stack, Text } from '@mantine/core'
import { CopyBlock } from '../../ui/copy'
import { Dialog, DialogActions } from '../../ui/dialog'
import { formatExact } from '../../ui/relative-time'
import type { Invitation } from './queries'

/** Without mail the inviter passes the links on. */
export function InvitationLinks({ invitations, onClose }: { invitations: Invitation[]; onClose: () => void }) {
  return (
    <Dialog title={invitations.length === 1 ? 'Invitation link' : 'Invitation links'} size="lg" onClose={onClose}>
      <Stack gap="md">
        <Text>
          This service sends no mail: pass each link on to its person. A link works once, and can’t be shown again.
        </Text>
        {invitations.map(({ id, email, acceptUrl, expiresAt }) => (
          <div key={id}>
            <Text fw={550}>
              <bdi>{email}</bdi>
            </Text>
            <CopyBlock value={acceptUrl ?? ''} label="Copy link" />
            <Text size="xs" c="dimmed">
              Expires {formatExact(expiresAt)}
            </Text>
          </div>
        ))}
      </Stack>
      <DialogActions>
        <Button onClick={onClose}>Done</Button>
      </DialogActions>
    </Dialog>
  )
}
