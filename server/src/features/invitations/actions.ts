import type { OperatorAuthority } from '../../db/authority.ts'
import type { By, Writer } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { type Fault, ok, type Refused, type Result, refuse } from '../../kernel/result.ts'
import { linkHash, newLinkSecret } from '../../kernel/secrets.ts'
import { enqueueInvitationMails, presentInvitations, toInvitationUrl } from '../../mail/invitation-mails.ts'
import { cancelMails, type MailStatus } from '../../mail/store.ts'
import { removeAccount } from '../accounts/actions.ts'
import {
  byOf,
  type Caller,
  type Denial,
  invitationFaults,
  invitationFaultTexts,
  invitationLifetimeMs,
  type MemberStatus,
} from '../accounts/rules.ts'
import type { AuditEntry } from '../audit/rules.ts'
import { foreignGroups, joinGroups } from '../group-members/actions.ts'
import { organizationExists, writeOrganization } from '../organizations/actions.ts'
import type { Organization, Role } from '../organizations/rules.ts'
import {
  findInvitation,
  findInvitationOf,
  type InvitationRecord,
  insertInvited,
  replaceSecret,
  statusesOf,
} from './store.ts'

/** An invitation as its inviter sees it: with its link where no mail is configured, else with the state of its mail. */
export type InvitationView = InvitationRecord & { acceptUrl?: string; mail?: MailStatus | null }

/** A new link. Where mail is configured nobody sees this one: it voids the link before, and each mail makes its own. */
function newLink(deps: Deps, at: Date) {
  const secret = newLinkSecret(deps.randomBytes)
  const secretChannel = deps.outbox.configured ? ('mail' as const) : ('shown' as const)
  return { secret, hash: linkHash(secret), secretChannel, expiresAt: new Date(at.getTime() + invitationLifetimeMs) }
}

/** O3: one bad, joined or invited address refuses the whole list; each fault with its path. */
function faultsOf(emails: readonly string[], known: ReadonlyMap<string, MemberStatus>): Fault[] {
  return invitationFaults(emails, known).map(({ index, fault }) => ({
    path: `emails.${index}`,
    message: invitationFaultTexts[fault],
  }))
}

/** Counts what is about to be mailed to each address, before the change: the count of a refused one must not roll back. */
async function rationMails(
  { outbox, limiter }: Deps,
  organizationId: string,
  emails: readonly string[],
): Promise<Result<void, 'too_many_requests'>> {
  if (!outbox.configured) return ok(undefined)
  for (const email of emails) {
    const taken = await limiter.take('invited_address', `${organizationId} ${email}`)
    if (!taken.ok) return taken
  }
  return ok(undefined)
}

export interface WantedInvitations {
  /** In canonical form. */
  emails: string[]
  role: Role
  groupIds: string[]
}

/** O3: invites people by email; each gets an account, in its groups already, that waits for them. */
export async function createInvitations(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  { emails, role, groupIds }: WantedInvitations,
): Promise<Result<{ invitations: InvitationView[] }, 'invalid_request' | 'too_many_requests' | Denial>> {
  const by = byOf(deps, caller, facts)
  const { organizationId } = caller
  const wanted = emails.map((email) => ({
    id: deps.newId('inv'),
    accountId: deps.newId('mem'),
    email,
    role,
    ...newLink(deps, by.at),
  }))
  const rationed = await rationMails(deps, organizationId, emails)
  if (!rationed.ok) return rationed
  const made = await deps.change(by, async (tx, caller) => {
    const foreign: Refused<'invalid_request'> | undefined = await foreignGroups(tx, organizationId, groupIds)
    const faults = [...faultsOf(emails, await statusesOf(tx, organizationId, emails)), ...(foreign?.errors ?? [])]
    if (faults.length > 0) return refuse('invalid_request', { errors: faults })
    await insertInvited(tx, organizationId, wanted, { at: by.at, createdBy: caller.accountId })
    const accountIds = wanted.map(({ accountId }) => accountId)
    await joinGroups(tx, organizationId, accountIds, groupIds)
    const [first, ...others] = wanted.map((it) => ({
      action: 'member.invited' as const,
      target: { kind: 'member' as const, id: it.accountId, name: it.email },
      after: { email: it.email, role, groups: groupIds, invitation: it.id, expiresAt: it.expiresAt },
    }))
    if (!first) throw new Error('A list of invitations holds at least one.')
    const mailIds = await enqueueInvitationMails(tx, deps, { invitations: wanted, requestedBy: caller })
    return { ok: true, value: mailIds, events: [first, ...others], forget: [] }
  })
  if (!made.ok) return made
  const committed = { invitations: wanted.map(({ hash: _, secretChannel: __, ...it }) => it), mailIds: made.value }
  return ok({ invitations: await presentInvitations(deps, organizationId, committed) })
}

/** O3: a new link for another seven days; the earlier one is void. */
export async function resendInvitation(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  id: string,
): Promise<Result<InvitationView, 'not_found' | 'too_many_requests' | Denial>> {
  const by = byOf(deps, caller, facts)
  const open = await deps.read(caller.organizationId, (db) => findInvitation(db, caller.organizationId, id))
  if (!open) return refuse('not_found')
  const rationed = await rationMails(deps, caller.organizationId, [open.email])
  if (!rationed.ok) return rationed
  const { secret, hash, secretChannel, expiresAt } = newLink(deps, by.at)
  const made = await deps.change(by, async (tx, caller) => {
    const now = await findInvitation(tx, caller.organizationId, id)
    if (!now) return refuse('not_found')
    await cancelMails(tx, 'invitation', id)
    await replaceSecret(tx, { id, hash, secretChannel, expiresAt })
    const invitation = { ...now, expiresAt }
    const mailIds = await enqueueInvitationMails(tx, deps, { invitations: [invitation], requestedBy: caller })
    const event = {
      action: 'invitation.resent' as const,
      target: { kind: 'invitation' as const, id, name: now.email },
      before: { expiresAt: now.expiresAt },
      after: { expiresAt },
    }
    return { ok: true, value: { invitation, mailIds }, events: [event], forget: [] }
  })
  if (!made.ok) return made
  const { invitation, mailIds } = made.value
  const [view] = await presentInvitations(deps, caller.organizationId, {
    invitations: [{ ...invitation, secret }],
    mailIds,
  })
  if (!view) throw new Error('An invitation that was just resent is missing.')
  return ok(view)
}

/**
 * O3: shows an admin a link. It has a new secret, which proves no address, and voids the one that left by mail; a mail
 * that is still pending does not leave.
 */
export function showInvitationLink(
  deps: Deps,
  caller: Caller,
  { facts, id }: { facts: RequestFacts; id: string },
): Promise<Result<{ acceptUrl: string; expiresAt: Date }, 'not_found' | Denial>> {
  const context = byOf(deps, caller, facts)
  const { secret, hash, expiresAt } = newLink(deps, context.at)
  return deps.change(context, async (tx) => {
    const invitation = await findInvitation(tx, caller.organizationId, id)
    if (!invitation) return refuse('not_found')
    await cancelMails(tx, 'invitation', id)
    await replaceSecret(tx, { id, hash, secretChannel: 'shown', expiresAt })
    const event = {
      action: 'invitation.link_shown' as const,
      target: { kind: 'invitation' as const, id, name: invitation.email },
      before: { expiresAt: invitation.expiresAt },
      after: { expiresAt },
    }
    return {
      ok: true,
      value: { acceptUrl: toInvitationUrl(deps.instance, secret), expiresAt },
      events: [event],
      forget: [],
    }
  })
}

/** O3: takes an invitation back; the account that waited is removed, and its link opens nothing any more. */
export function withdrawInvitation(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  id: string,
): Promise<Result<void, 'not_found' | Denial>> {
  const by = byOf(deps, caller, facts)
  return deps.change(by, async (tx, caller) => {
    const now = await findInvitation(tx, caller.organizationId, id)
    if (!now) return refuse('not_found')
    const { fallen, forget } = await removeAccount(tx, now.accountId, by.at)
    const event = {
      action: 'invitation.withdrawn' as const,
      target: { kind: 'invitation' as const, id, name: now.email },
      before: { email: now.email, role: now.role, account: now.accountId, groups: fallen.groups },
    }
    return { ok: true, value: undefined, events: [event], forget }
  })
}

/** An invitation that an operator hands over; its link is shown, so it proves nothing. (O11) */
export interface ShownInvitation {
  email: string
  url: string
  expiresAt: Date
}

/**
 * Invites an address as admin of an organization within the operator's change, or replaces the link of an invitation
 * that is open. Undefined for a member who has joined.
 */
async function issueAdminInvitation(
  tx: Writer,
  deps: Deps,
  { organizationId, email, at }: { organizationId: string; email: string; at: Date },
): Promise<{ invitation: ShownInvitation; event: AuditEntry } | undefined> {
  const secret = newLinkSecret(deps.randomBytes)
  const expiresAt = new Date(at.getTime() + invitationLifetimeMs)
  const link = { hash: linkHash(secret), secretChannel: 'shown' as const, expiresAt }
  const invitation = { email, expiresAt, url: `${deps.instance.publicUrl}/invitations/${secret}` }
  if ((await statusesOf(tx, organizationId, [email])).has(email)) {
    const open = await findInvitationOf(tx, organizationId, email)
    if (!open) return undefined
    // A mail that is still pending would void the link that the operator is about to see.
    await cancelMails(tx, 'invitation', open.id)
    await replaceSecret(tx, { id: open.id, ...link })
    const target = { kind: 'invitation' as const, id: open.id, name: email }
    const event = { action: 'invitation.resent' as const, target, before: { expiresAt: open.expiresAt } }
    return { invitation, event: { ...event, after: { expiresAt } } }
  }
  const ids = { id: deps.newId('inv'), accountId: deps.newId('mem') }
  await insertInvited(tx, organizationId, [{ ...ids, email, role: 'admin', ...link }], { at, createdBy: null })
  const target = { kind: 'member' as const, id: ids.accountId, name: email }
  const after = { email, role: 'admin', groups: [], invitation: ids.id, expiresAt }
  return { invitation, event: { action: 'member.invited' as const, target, after } }
}

/** O14: a new organization whose first admin is invited and joins by signing in; nobody has rights in it before. */
export function createInvitedOrganization(
  deps: Deps,
  { name, email }: { name: string; email: string },
  origin: Omit<By<OperatorAuthority>, 'organizationId' | 'at'>,
): Promise<Result<{ organization: Organization; invitation: ShownInvitation }, never>> {
  const organizationId = deps.newId('org')
  const at = deps.now()
  return deps.change({ ...origin, organizationId, at }, async (tx) => {
    const { organization, event } = await writeOrganization(tx, deps, { id: organizationId, name, at })
    const issued = await issueAdminInvitation(tx, deps, { organizationId, email, at })
    if (!issued) throw new Error('A new organization has no members.')
    const value = { organization, invitation: issued.invitation }
    return { ok: true, value, events: [event, issued.event], forget: [] }
  })
}

/** O14: the operator invites an admin to an organization that exists, or replaces the link of an open invitation. */
export function inviteAdmin(
  deps: Deps,
  { organizationId, email }: { organizationId: string; email: string },
  origin: Omit<By<OperatorAuthority>, 'organizationId' | 'at'>,
): Promise<Result<ShownInvitation, 'not_found' | 'name_taken'>> {
  const at = deps.now()
  return deps.change({ ...origin, organizationId, at }, async (tx) => {
    if (!(await organizationExists(tx, organizationId))) return refuse('not_found')
    const issued = await issueAdminInvitation(tx, deps, { organizationId, email, at })
    if (!issued) return refuse('name_taken')
    return { ok: true, value: issued.invitation, events: [issued.event], forget: [] }
  })
}
