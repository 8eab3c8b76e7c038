import type { AuditEvent, AuditFilter } from './queries'

const quoted = (name: string) => `“${name}”`

/** `details` is what the event keeps of its target. */
type Said = { label: string; says: (target: string, details: unknown) => string }

type Action = NonNullable<AuditFilter['action']>

/** A thing inside of what an event keeps, by its name. */
function nameIn(details: unknown, key: string): string | undefined {
  const inner = (details as Record<string, unknown> | null | undefined)?.[key]
  const name = (inner as { name?: unknown } | null | undefined)?.name
  return typeof name === 'string' ? name : undefined
}

function mappedTo(details: unknown): string {
  const account = nameIn(details, 'account')
  const provider = nameIn(details, 'provider')
  return account && provider ? ` of ${quoted(provider)} to ${account}` : ''
}

/** What each action is called in the filter, and how an event of it reads after the name of who did it. */
export const actions: Record<Action, Said> = {
  'organization.created': { label: 'Organization created', says: (it) => `created the organization ${it}` },
  'organization.renamed': { label: 'Organization renamed', says: (it) => `renamed the organization to ${it}` },
  'settings.updated': { label: 'Settings changed', says: () => 'changed who can create API tokens' },
  'member.invited': { label: 'Member invited', says: (it) => `invited ${it}` },
  'member.joined': { label: 'Member joined', says: () => 'joined the organization' },
  'member.role_changed': { label: 'Role changed', says: (it) => `changed the role of ${it}` },
  'member.renamed': { label: 'Member renamed', says: (it) => `changed their name to ${it}` },
  'member.removed': { label: 'Member removed', says: (it) => `removed ${it} from the organization` },
  'member.address_confirmed': { label: 'Address confirmed', says: (it) => `confirmed the address of ${it}` },
  'member.sign_in_reset': {
    label: 'Sign-in reset',
    says: (it) => `ended the sign-in of ${it} and revoked their tokens`,
  },
  'invitation.resent': { label: 'Invitation resent', says: (it) => `sent the invitation of ${it} again` },
  'invitation.link_shown': { label: 'Invitation link shown', says: (it) => `showed the invitation link of ${it}` },
  'invitation.withdrawn': { label: 'Invitation withdrawn', says: (it) => `withdrew the invitation of ${it}` },
  'invitation.refused': {
    label: 'Acceptance refused',
    says: (it) => `tried to accept the invitation of ${it} without signing in`,
  },
  'service_account.created': { label: 'Service account created', says: (it) => `created the service account ${it}` },
  'service_account.updated': { label: 'Service account changed', says: (it) => `changed the service account ${it}` },
  'service_account.deleted': { label: 'Service account deleted', says: (it) => `deleted the service account ${it}` },
  'group.created': { label: 'Group created', says: (it) => `created the group ${it}` },
  'group.updated': { label: 'Group changed', says: (it) => `changed the group ${it}` },
  'group.deleted': { label: 'Group deleted', says: (it) => `deleted the group ${it}` },
  'group.member_added': {
    label: 'Added to a group',
    says: (it, details) => `added ${nameIn(details, 'account') ?? 'someone'} to the group ${it}`,
  },
  'group.member_changed': {
    label: 'Role in a group changed',
    says: (it, details) => `changed the role of ${nameIn(details, 'account') ?? 'someone'} in the group ${it}`,
  },
  'group.member_removed': {
    label: 'Removed from a group',
    says: (it, details) => `removed ${nameIn(details, 'account') ?? 'someone'} from the group ${it}`,
  },
  'token.created': { label: 'Token created', says: (it) => `created the token ${it}` },
  'token.updated': { label: 'Token edited', says: (it) => `edited the token ${it}` },
  'token.refreshed': { label: 'Token refreshed', says: (it) => `refreshed the token ${it}` },
  'token.revoked': { label: 'Token deleted', says: (it) => `deleted the token ${it}` },
  'oauth_provider.created': { label: 'OAuth provider added', says: (it) => `added the OAuth provider ${it}` },
  'oauth_provider.updated': { label: 'OAuth provider changed', says: (it) => `changed the OAuth provider ${it}` },
  'oauth_provider.deleted': { label: 'OAuth provider deleted', says: (it) => `deleted the OAuth provider ${it}` },
  'oauth_provider.keys_changed': {
    label: 'Keys of an OAuth provider changed',
    says: (it) => `took up changed keys of the OAuth provider ${it}`,
  },
  'account_mapping.created': {
    label: 'Account mapping added',
    says: (it, details) => `mapped the subject ${it}${mappedTo(details)}`,
  },
  'account_mapping.updated': {
    label: 'Account mapping renamed',
    says: (it) => `changed the display name of the mapping of the subject ${it}`,
  },
  'account_mapping.deleted': {
    label: 'Account mapping deleted',
    says: (it, details) => `deleted the mapping of the subject ${it}${mappedTo(details)}`,
  },
  'preview_features.updated': {
    label: 'Preview features changed',
    says: () => 'changed which preview features are on',
  },
  'preview_feature.feedback_given': {
    label: 'Feedback on a preview feature',
    says: (it) => `gave feedback on the preview feature ${it}`,
  },
  'session.signed_in': { label: 'Signed in', says: () => 'signed in' },
  'session.refused': { label: 'Sign-in refused', says: (it) => `tried to sign in as ${it} and was refused` },
  'password.changed': { label: 'Password changed', says: () => 'changed their password' },
  'password.link_issued': { label: 'Password link issued', says: (it) => `issued a link for a new password to ${it}` },
  'password.reset': { label: 'Password reset', says: (it) => `chose a new password for ${it}` },
  'second_factor.enabled': { label: 'Second factor turned on', says: () => 'turned their second factor on' },
  'second_factor.disabled': { label: 'Second factor turned off', says: () => 'turned their second factor off' },
  'second_factor.reset': {
    label: 'Two-factor authentication reset',
    says: (it) => `turned off two-factor authentication for ${it}`,
  },
  'fresh_start.requested': {
    label: 'Fresh start requested',
    says: (it) => `asked to replace the sign-in of ${it} with a mailed invitation`,
  },
  'fresh_start.stopped': { label: 'Fresh start stopped', says: (it) => `stopped the fresh start of ${it}` },
  'fresh_start.completed': {
    label: 'Fresh start completed',
    says: () => 'replaced their sign-in with a mailed invitation; their former tokens are revoked',
  },
  'audit.cut': { label: 'Audit log cut', says: () => 'removed old events from the audit log' },
}

/** A name that isn't a person's stands in quotation marks. */
const people = ['member', 'invitation', 'session']

export function whoOf({ action, actor: { kind, name } }: AuditEvent): string {
  if (kind === 'anonymous') return 'Someone'
  // What the service does by itself bears its own name.
  if (kind === 'operator') return action === 'oauth_provider.keys_changed' ? name : 'The operator of this service'
  return name || 'A removed account'
}

export function whatOf({ action, target, before, after }: AuditEvent): string {
  const name = people.includes(target.kind) ? target.name : quoted(target.name)
  return actions[action as Action]?.says(name, after ?? before) ?? `did ${action} to ${name}`
}
