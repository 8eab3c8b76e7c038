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
  'organization.created': { label: 'Organization created', says: (name) => `created the organization ${name}` },
  'organization.renamed': { label: 'Organization renamed', says: (name) => `renamed the organization to ${name}` },
  'settings.updated': { label: 'Settings changed', says: () => 'changed who can create API tokens' },
  'member.invited': { label: 'Member invited', says: (name) => `invited ${name}` },
  'member.joined': { label: 'Member joined', says: () => 'joined the organization' },
  'member.role_changed': { label: 'Role changed', says: (name) => `changed the role of ${name}` },
  'member.renamed': { label: 'Member renamed', says: (name) => `changed their name to ${name}` },
  'member.removed': { label: 'Member removed', says: (name) => `removed ${name} from the organization` },
  'member.address_confirmed': { label: 'Address confirmed', says: (name) => `confirmed the address of ${name}` },
  'member.sign_in_reset': {
    label: 'Sign-in reset',
    says: (name) => `ended the sign-in of ${name} and revoked their tokens`,
  },
  'invitation.resent': { label: 'Invitation resent', says: (name) => `sent the invitation of ${name} again` },
  'invitation.link_shown': { label: 'Invitation link shown', says: (name) => `showed the invitation link of ${name}` },
  'invitation.withdrawn': { label: 'Invitation withdrawn', says: (name) => `withdrew the invitation of ${name}` },
  'invitation.refused': {
    label: 'Acceptance refused',
    says: (name) => `tried to accept the invitation of ${name} without signing in`,
  },
  'service_account.created': {
    label: 'Service account created',
    says: (name) => `created the service account ${name}`,
  },
  'service_account.updated': {
    label: 'Service account changed',
    says: (name) => `changed the service account ${name}`,
  },
  'service_account.deleted': {
    label: 'Service account deleted',
    says: (name) => `deleted the service account ${name}`,
  },
  'group.created': { label: 'Group created', says: (name) => `created the group ${name}` },
  'group.updated': { label: 'Group changed', says: (name) => `changed the group ${name}` },
  'group.deleted': { label: 'Group deleted', says: (name) => `deleted the group ${name}` },
  'group.member_added': {
    label: 'Added to a group',
    says: (name, details) => `added ${nameIn(details, 'account') ?? 'someone'} to the group ${name}`,
  },
  'group.member_changed': {
    label: 'Role in a group changed',
    says: (name, details) => `changed the role of ${nameIn(details, 'account') ?? 'someone'} in the group ${name}`,
  },
  'group.member_removed': {
    label: 'Removed from a group',
    says: (name, details) => `removed ${nameIn(details, 'account') ?? 'someone'} from the group ${name}`,
  },
  'token.created': { label: 'Token created', says: (name) => `created the token ${name}` },
  'token.updated': { label: 'Token edited', says: (name) => `edited the token ${name}` },
  'token.refreshed': { label: 'Token refreshed', says: (name) => `refreshed the token ${name}` },
  'token.revoked': { label: 'Token deleted', says: (name) => `deleted the token ${name}` },
  'oauth_provider.created': { label: 'OAuth provider added', says: (name) => `added the OAuth provider ${name}` },
  'oauth_provider.updated': { label: 'OAuth provider changed', says: (name) => `changed the OAuth provider ${name}` },
  'oauth_provider.deleted': { label: 'OAuth provider deleted', says: (name) => `deleted the OAuth provider ${name}` },
  'oauth_provider.keys_changed': {
    label: 'Keys of an OAuth provider changed',
    says: (name) => `took up changed keys of the OAuth provider ${name}`,
  },
  'account_mapping.created': {
    label: 'Account mapping added',
    says: (name, details) => `mapped the subject ${name}${mappedTo(details)}`,
  },
  'account_mapping.updated': {
    label: 'Account mapping renamed',
    says: (name) => `changed the display name of the mapping of the subject ${name}`,
  },
  'account_mapping.deleted': {
    label: 'Account mapping deleted',
    says: (name, details) => `deleted the mapping of the subject ${name}${mappedTo(details)}`,
  },
  'preview_features.updated': {
    label: 'Preview features changed',
    says: () => 'changed which preview features are on',
  },
  'preview_feature.feedback_given': {
    label: 'Feedback on a preview feature',
    says: (name) => `gave feedback on the preview feature ${name}`,
  },
  'session.signed_in': { label: 'Signed in', says: () => 'signed in' },
  'session.refused': { label: 'Sign-in refused', says: (name) => `tried to sign in as ${name} and was refused` },
  'password.changed': { label: 'Password changed', says: () => 'changed their password' },
  'password.link_issued': {
    label: 'Password link issued',
    says: (name) => `issued a link for a new password to ${name}`,
  },
  'password.reset': { label: 'Password reset', says: (name) => `chose a new password for ${name}` },
  'second_factor.enabled': { label: 'Second factor turned on', says: () => 'turned their second factor on' },
  'second_factor.disabled': { label: 'Second factor turned off', says: () => 'turned their second factor off' },
  'second_factor.reset': {
    label: 'Two-factor authentication reset',
    says: (name) => `turned off two-factor authentication for ${name}`,
  },
  'fresh_start.requested': {
    label: 'Fresh start requested',
    says: (name) => `asked to replace the sign-in of ${name} with a mailed invitation`,
  },
  'fresh_start.stopped': { label: 'Fresh start stopped', says: (name) => `stopped the fresh start of ${name}` },
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
