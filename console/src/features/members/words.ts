import type { Tone } from '../../ui/tag'
import type { Member } from './queries'

export const roles: Record<Member['role'], string> = { admin: 'Admin', member: 'Member' }

export const roleChoices = [
  { value: 'member', label: 'Member' },
  { value: 'admin', label: 'Admin' },
]

export const statuses: Record<Member['status'], { label: string; tone: Tone }> = {
  joined: { label: 'Joined', tone: 'good' },
  invited: { label: 'Invited', tone: 'wait' },
}

export const addressNotConfirmed = 'Address not confirmed'

/** Until someone joins, their address is all that is known of them. */
export const displayName = ({ name, email }: Pick<Member, 'name' | 'email'>) => name || email || 'Invited person'
