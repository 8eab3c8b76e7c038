import { Notice } from '../ui/notice'
import { formatExact } from '../ui/relative-time'
import { useMe } from './session'

/** Tells whoever uses the account that the owner of its mailbox asked to replace its sign-in. */
export function FreshStartNotice() {
  const { email, freshStartAt } = useMe().user
  if (!freshStartAt) return null
  return (
    <Notice tone="bad" role="alert" title="Someone asked to replace your sign-in">
      Someone who received an invitation at <bdi>{email}</bdi> can set a new password from {formatExact(freshStartAt)}.
      Your password and two-factor authentication are removed then, your sessions end, and your API tokens are revoked.
      If this wasn’t you, contact the operator of this service now. The operator can stop it.
    </Notice>
  )
}
