import type { Tone } from '../../ui/tag'
import type { Ability, Token } from './queries'

export const states: Record<Token['state'], { label: string; tone: Tone }> = {
  active: { label: 'Active', tone: 'good' },
  expired: { label: 'Expired', tone: 'calm' },
  suspended: { label: 'Suspended', tone: 'wait' },
}

export const expirations = [
  { value: 'never', label: 'Never expires' },
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '60', label: '60 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: '365 days' },
  { value: 'custom', label: 'Custom date' },
]

/** The line that a newcomer pastes into a terminal; it asks this very instance who the token is. */
export const curlLine = (secret: string) =>
  `curl -H "Authorization: Bearer ${secret}" ${window.location.origin}/api/v1/me`

export function whySuspended({ code, externalTokens }: Ability) {
  const who =
    code === 'token_creation_restricted'
      ? 'Your organization’s admins limited API tokens to selected groups, and you aren’t in one of them.'
      : 'Your organization’s admins turned off API tokens.'
  const works = externalTokens ? ' Tokens from your organization’s OAuth provider still work.' : ''
  return `${who} Nothing was deleted: suspended tokens work again as soon as an admin turns them back on, unless they have expired by then.${works}`
}
