import { Text } from '@mantine/core'
import { Tag } from '../../ui/tag'
import type { Invitation, Member } from './queries'
import { mailStates, statuses } from './words'

/** Whether a member has joined, is invited, or was invited too long ago. */
export function MemberStatus({ member: { status, invitation } }: { member: Member }) {
  if (invitation?.expired) return <Tag tone="bad">Invitation expired</Tag>
  return <Tag tone={statuses[status].tone}>{statuses[status].label}</Tag>
}

/** Codes of failed connections mean something to the operator only; those are in the log. */
const isMailServerCode = (code: string | null) => code !== null && /^\d{3}$/.test(code)

/** What became of the email with the link; the code is the mail server's answer, for whoever looks after it. */
export function MailState({ mail }: { mail: Invitation['mail'] }) {
  if (!mail) return null
  const { label, color } = mailStates[mail.state]
  return (
    <Text size="xs" c={color}>
      {label}
      {isMailServerCode(mail.error) && ` (${mail.error})`}
    </Text>
  )
}
