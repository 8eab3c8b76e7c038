import { Button, Stack, Text } from '@mantine/core'
import { CopyAll, CopyBlock } from '../../ui/copy'
import { Dialog, DialogActions } from '../../ui/dialog'
import { formatExact } from '../../ui/relative-time'
import { useUncopied } from '../../ui/uncopied'
import type { Invitation } from './queries'

/** Without mail the inviter passes the links on. */
export function InvitationLinks({ invitations, onClose }: { invitations: Invitation[]; onClose: () => void }) {
  const ids = invitations.map(({ id }) => id)
  const words = {
    warning: 'Some links haven’t been copied, and they can’t be shown again. You would have to make new ones.',
    back: 'Back to the links',
  }
  const { asking, question, leave, onCopied } = useUncopied(ids, words, onClose)
  const title = invitations.length === 1 ? 'Invitation link' : 'Invitation links'
  if (asking) {
    return (
      <Dialog title="Close without copying?" size="lg" onClose={onClose}>
        {question}
      </Dialog>
    )
  }
  return (
    <Dialog title={title} size="lg" onClose={leave}>
      <Stack gap="md">
        <Text>
          This service sends no mail: pass each link on to its person. A link works once, and can’t be shown again.
        </Text>
        {invitations.length > 1 && (
          <CopyAll
            values={invitations.map(({ email, acceptUrl }) => `${email} ${acceptUrl}`)}
            label="Copy all links"
            onCopy={() => onCopied(...ids)}
          />
        )}
        {invitations.map(({ id, email, acceptUrl, expiresAt }) => (
          <div key={id}>
            <Text fw={550}>
              <bdi>{email}</bdi>
            </Text>
            <CopyBlock value={acceptUrl ?? ''} label="Copy link" onCopy={() => onCopied(id)} />
            <Text size="xs" c="dimmed">
              Expires {formatExact(expiresAt)}
            </Text>
          </div>
        ))}
      </Stack>
      <DialogActions>
        <Button onClick={leave}>Done</Button>
      </DialogActions>
    </Dialog>
  )
}
