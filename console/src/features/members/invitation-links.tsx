import { Button, Stack, Text } from '@mantine/core'
import { useInstance } from '../../shell/session'
import { CopyAll, CopyBlock } from '../../ui/copy'
import { Dialog, DialogActions } from '../../ui/dialog'
import { formatExact } from '../../ui/relative-time'
import { useUncopied } from '../../ui/uncopied'
import type { Invitation } from './queries'

type Props = {
  invitations: Pick<Invitation, 'id' | 'email' | 'acceptUrl' | 'expiresAt'>[]
  onClose: () => void
}

/** Links that an admin sends: where no email is configured, or on request. */
export function InvitationLinks({ invitations, onClose }: Props) {
  const { mailConfigured } = useInstance()
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
          {mailConfigured
            ? 'Send this link to the person yourself. It works once and is shown only now. The link in the email no longer works.'
            : 'Email isn’t set up, so send each person their link yourself. Links work once and are shown only now.'}
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
