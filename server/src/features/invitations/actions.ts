import type { OperatorAuthority } from '../../db/authority.ts'
import type { By, Writer } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { type Fault, ok, type Refused, type Result, refuse } from '../../kernel/result.ts'
import { linkHash, newLinkSecret } from '../../kernel/secrets.ts'
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
import { organizationExists, readOrganization, writeOrganization } from '../organizations/actions.ts'
import type { Organization, Role } from '../organizations/rules.ts'
import { invitationMail } from './rules.ts'
import {
  findInvitation,
  findInvitationOf,
  type InvitationRecord,
  insertInvited,
  replaceSecret,
  statusesOf,
} from './store.ts'

/** An invitation as its inviter sees it. */
export type InvitationView = InvitationRecord & { acceptUrl?: string }

type Secretive = InvitationRecord & { secret: string }

/** A secret with its hash and its time; made before the change, since it depends on nothing. */
function newLink(deps: Deps, at: Date) {
  const secret = newLinkSecret(deps.randomBytes)
  const secretChannel = deps.outbox.configured ? ('mail' as const) : ('shown' as const)
  return { secret, hash: linkHash(secret), secretChannel, expiresAt: new Date(at.getTime() + invitationLifetimeMs) }
}

/**
 * Sends an invitation once it is committed. Where no mail leaves, or this one failed, the inviter gets the link to hand
 * over: a mail server that is down undoes no invitation.
 */
async function deliver(
  deps: Deps,
  caller: Caller,
  organization: string,
  { secret, ...invitation }: Secretive,
): Promise<InvitationView> {
  const { publicUrl, productName } = deps.instance
  const url = `${publicUrl}/invitations/${secret}`
  if (!deps.outbox.configured) return { ...invitation, acceptUrl: url }
  const { email: to, expiresAt } = invitation
  const mail = invitationMail({ to, organization, inviter: caller.name, productName, url, expiresAt })
  const sent = await deps.outbox.send(mail).then(
    () => true,
    () => false,
  )
  return sent ? invitation : { ...invitation, acceptUrl: url }
}

/** O3: one bad, joined or invited address, or one foreign group, refuses the whole list; each fault with its path. */
function faultsOf(emails: readonly string[], known: ReadonlyMap<string, MemberStatus>): Fault[] {
  return invitationFaults(emails, known).map(({ index, fault }) => ({
    path: `emails.${index}`,
    message: invitationFaultTexts[fault],
  }))
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
): Promise<Result<{ invitations: InvitationView[] }, 'invalid_request' | Denial>> {
  const by = byOf(deps, caller, facts)
  const { organizationId } = caller
  const wanted = emails.map((email) => ({
    id: deps.newId('inv'),
    accountId: deps.newId('mem'),
    email,
    role,
    ...newLink(deps, by.at),
  }))
  const made = await deps.change(by, async (tx, caller) => {
    const foreign: Refused<'invalid_request'> | undefined = await foreignGroups(tx, organizationId, groupIds)
    const faults = [...faultsOf(emails, await statusesOf(tx, organizationId, emails)), ...(foreign?.errors ?? [])]
    if (faults.length > 0) return refuse('invalid_request', { errors: faults })
    await insertInvited(tx, organizationId, wanted, { at: by.at, createdBy: caller.accountId })
    const accountIds = wanted.map((it) => it.accountId)
    await joinGroups(tx, organizationId, accountIds, groupIds)
    const [first, ...others] = wanted.map((it) => ({
      action: 'member.invited' as const,
      target: { kind: 'member' as const, id: it.accountId, name: it.email },
      after: { email: it.email, role, groups: groupIds, invitation: it.id, expiresAt: it.expiresAt },
    }))
    if (!first) throw new Error('A list of invitations holds at least one.')
    const { name } = await readOrganization(tx, organizationId)
    return { ok: true, value: name, events: [first, ...others], forget: [] }
  })
  if (!made.ok) return made
  const invitations = await Promise.all(
    wanted.map(({ hash: _, secretChannel: __, ...it }) => deliver(deps, caller, made.value, it)),
  )
  return ok({ invitations })
}

/** O3: a new link for another seven days; the earlier one is void. */
export async function resendInvitation(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  id: string,
): Promise<Result<InvitationView, 'not_found' | Denial>> {
  const by = byOf(deps, caller, facts)
  const { secret, hash, secretChannel, expiresAt } = newLink(deps, by.at)
  const made = await deps.change(by, async (tx, caller) => {
    const now = await findInvitation(tx, caller.organizationId, id)
    if (!now) return refuse('not_found')
    await replaceSecret(tx, { id, hash, secretChannel, expiresAt })
    const { name } = await readOrganization(tx, caller.organizationId)
    const event = {
      action: 'invitation.resent' as const,
      target: { kind: 'invitation' as const, id, name: now.email },
      before: { expiresAt: now.expiresAt },
      after: { expiresAt },
    }
    return { ok: true, value: { invitation: { ...now, expiresAt }, name }, events: [event], forget: [] }
  })
  if (!made.ok) return made
  return ok(await deliver(deps, caller, made.value.name, { ...made.value.invitation, secret }))
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

/** An invitation that an operator hands over; its link is shown, so it proves nothing. (O10) */
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

/** O13: a new organization whose first admin is invited and joins by signing in; nobody has rights in it before. */
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

/** O13: the operator invites an admin to an organization that exists, or replaces the link of an open invitation. */
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
