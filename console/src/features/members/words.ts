import type { Tone } from '../../ui/tag'
import type { Invitation, Member } from './queries'

export const roles: Record<Member['role'], string> = { admin: 'Admin', member: 'Member' }

export const roleChoices = [
  { value: 'member', label: 'Member' },
  { value: 'admin', label: 'Admin' },
]

export const statuses: Record<Member['status'], { label: string; tone: Tone }> = {
  joined: { label: 'Joined', tone: 'good' },
  invited: { label: 'Invited', tone: 'wait' },
}

type MailState = NonNullable<Invitation['mail']>['state']

export const mailStates: Record<MailState, { label: string; color: string }> = {
  sent: { label: 'Email sent', color: 'dimmed' },
  pending: { label: 'Email pending', color: 'dimmed' },
  failed: { label: 'Email not delivered', color: 'var(--tone-bad)' },
}

export const addressNotConfirmed = 'Address not confirmed'

/** Until someone joins, their address is all that is known of them. */
export const displayName = ({ name, email }: Pick<Member, 'name' | 'email'>) => name || email || 'Invited person'
