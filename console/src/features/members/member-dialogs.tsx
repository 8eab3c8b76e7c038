import { Box } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ask } from '../../api'
import { removeMember, withdrawInvitation } from '../../client/sdk.gen'
import { paths } from '../../paths'
import { useMembership, useRefresh } from '../../shell/session'
import { Confirm } from '../../ui/confirm'
import { notify } from '../../ui/notify'
import type { RowAction } from '../../ui/row-menu'
import { useDialog } from '../../ui/use-dialog'
import { AddToGroupDialog } from '../groups/add-to-group-dialog'
import { ChangeImpact } from '../impact/impact-panel'
import { AddMembersDialog } from './add-members-dialog'
import { ChangeRoleDialog } from './change-role-dialog'
import { ResendEmail, ShowLink } from './invitation-dialogs'
import { type Member, memberQuery } from './queries'
import { displayName } from './words'

/** What an admin can do with a member, from the list and from the member's page. */
export function useMemberActions(): (member: Member) => RowAction[] {
  const { open } = useDialog()
  return (member) => [
    { label: 'Change role', onClick: () => void open('change-role', member.id) },
    { label: 'Add to group', onClick: () => void open('add-to-group', member.id) },
    {
      label: 'Resend email',
      onClick: () => void open('resend-email', member.id),
      reason: reasonAgainstEmail(member),
    },
    {
      label: 'Show link',
      onClick: () => void open('show-link', member.id),
      reason: member.invitation ? undefined : 'Has joined already',
    },
    { label: 'Remove', onClick: () => void open('remove-member', member.id), danger: true },
  ]
}

function reasonAgainstEmail({ invitation }: Member): string | undefined {
  if (!invitation) return 'Has joined already'
  return invitation.mail === undefined ? 'Email isn’t set up' : undefined
}

type Props = { chosen?: Member[]; onGrouped?: () => void }

export function MemberDialogs({ chosen = [], onGrouped }: Props) {
  const { id: org } = useMembership()
  const { dialog, id, close } = useDialog()
  const refresh = useRefresh()
  const { data: member } = useQuery({ ...memberQuery(org, id ?? ''), enabled: id?.startsWith('mem_') ?? false })

  const grouped = () => {
    close()
    onGrouped?.()
    void refresh('members', 'groups')
  }
  if (dialog === 'add-members') return <AddMembersDialog onClose={close} />
  if (dialog === 'add-to-group' && !id && chosen.length > 0) {
    return <AddToGroupDialog accounts={chosen} onDone={grouped} onClose={close} />
  }
  if (!member) return null
  switch (dialog) {
    case 'add-to-group':
      return <AddToGroupDialog accounts={[member]} onDone={grouped} onClose={close} />
    case 'change-role':
      return <ChangeRoleDialog member={member} onClose={close} />
    case 'resend-email':
      return <ResendEmail member={member} onClose={close} />
    case 'show-link':
      return <ShowLink member={member} onClose={close} />
    case 'remove-member':
      return <RemoveMember member={member} onClose={close} />
    default:
      return null
  }
}

function RemoveMember({ member, onClose }: { member: Member; onClose: () => void }) {
  const { id: org, slug } = useMembership()
  const refresh = useRefresh()
  const navigate = useNavigate()
  const remove = async () => {
    const { invitation } = member
    if (invitation) await ask(withdrawInvitation({ path: { org, id: invitation.id } }))
    else await ask(removeMember({ path: { org, id: member.id } }))
    notify(invitation ? 'Invitation withdrawn' : 'Member removed')
    // First away from its page, which would ask for what is no more.
    await navigate({ ...paths.members(slug), replace: true })
    void refresh('members', 'groups', 'tokens', 'account-mappings', 'oauth-providers')
  }
  return (
    <Confirm title="Remove member" action="Remove" onConfirm={remove} onClose={onClose}>
      <b>
        <bdi>{displayName(member)}</bdi>
      </b>{' '}
      {member.status === 'invited'
        ? 'can no longer accept the invitation.'
        : 'loses access at once. Their OAuth account mappings are deleted, and all of their tokens are revoked for good. What they did stays in the audit log.'}
      {member.status === 'joined' && (
        <Box mt="sm">
          <ChangeImpact change={{ kind: 'account_removal', accountId: member.id }} />
        </Box>
      )}
    </Confirm>
  )
}
