import { Button, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { ask } from '../../api'
import { resendInvitation, showInvitationLink } from '../../client/sdk.gen'
import { useMembership, useRefresh } from '../../shell/session'
import { Confirm } from '../../ui/confirm'
import { Dialog, DialogActions } from '../../ui/dialog'
import { notify } from '../../ui/notify'
import { InvitationLinks } from './invitation-links'
import { MailState } from './invitation-state'
import type { Invitation, Member } from './queries'
import { displayName, mailStates } from './words'

type Props = { member: Member; onClose: () => void }

export function ResendEmail({ member, onClose }: Props) {
  const { id: org } = useMembership()
  const refresh = useRefresh()
  const { invitation } = member
  if (!invitation) return null
  const resend = async () => {
    const { mail } = await ask(resendInvitation({ path: { org, id: invitation.id } }))
    void refresh('members')
    notify(mail ? mailStates[mail.state].label : 'Email pending')
    onClose()
  }
  return (
    <Confirm title="Resend email" action="Resend email" danger={false} onConfirm={resend} onClose={onClose}>
      <bdi>{displayName(member)}</bdi> gets a new link. Links in earlier emails stop working.
    </Confirm>
  )
}

export function ShowLink({ member, onClose }: Props) {
  const { id: org } = useMembership()
  const refresh = useRefresh()
  const show = useMutation({
    mutationFn: (id: string) => ask(showInvitationLink({ path: { org, id } })),
    onSuccess: () => void refresh('members'),
  })
  const { invitation } = member
  if (show.data && member.email) {
    const shown = { ...show.data, id: member.id, email: member.email }
    return <InvitationLinks invitations={[shown]} onClose={onClose} />
  }
  if (!invitation) return null
  return (
    <Confirm
      title="Show invitation link"
      action="Show link"
      danger={false}
      onConfirm={() => show.mutateAsync(invitation.id)}
      onClose={onClose}
    >
      You get a new link to send to <bdi>{displayName(member)}</bdi> yourself.{' '}
      {invitation.mail === undefined ? 'Earlier links stop working.' : 'The link in the email stops working.'}
    </Confirm>
  )
}

/** After inviting: which emails were sent, and which were not. */
export function InvitationMails({ invitations, onClose }: { invitations: Invitation[]; onClose: () => void }) {
  const pending = invitations.some(({ mail }) => mail?.state !== 'failed')
  return (
    <Dialog title={invitations.length === 1 ? 'Member invited' : 'Members invited'} size="lg" onClose={onClose}>
      <Stack gap="md">
        <Text>
          Not every email could be sent right away. {pending && 'Pending emails are retried automatically for a day. '}
          Use “Resend email” or “Show link” in the list of members to try again or to send a link yourself.
        </Text>
        {invitations.map(({ id, email, mail }) => (
          <div key={id}>
            <Text fw={550} style={{ overflowWrap: 'anywhere' }}>
              <bdi>{email}</bdi>
            </Text>
            <MailState mail={mail} />
          </div>
        ))}
      </Stack>
      <DialogActions>
        <Button onClick={onClose}>Done</Button>
      </DialogActions>
    </Dialog>
  )
}
