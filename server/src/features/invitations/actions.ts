import type { InvitationAuthority } from '../../db/authority.ts'
import type { Deps } from '../../db/deps.ts'
import { insertPerson, type Person } from '../../db/people.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { type Fault, ok, type Refused, type Result, refuse } from '../../kernel/result.ts'
import { linkHash, newLinkSecret } from '../../kernel/secrets.ts'
import type { Principal } from '../access/rules.ts'
import { type PreparedPerson, preparePerson, removeAccount } from '../accounts/actions.ts'
import {
  byOf,
  type Caller,
  type Denial,
  invitationFaults,
  invitationFaultTexts,
  invitationLifetimeMs,
  isInvitationOpen,
  type MemberStatus,
  mayAccept,
} from '../accounts/rules.ts'
import { foreignGroups, joinGroups } from '../group-members/actions.ts'
import { readOrganization } from '../organizations/actions.ts'
import { type OrganizationView, organizationFor, type Role } from '../organizations/rules.ts'
import { invitationMail } from './rules.ts'
import {
  findBySecret,
  findInvitation,
  type InvitationRecord,
  insertInvited,
  join,
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

/** The invitation that a secret opens at this moment, and the person who has its email already. */
async function findOpen(deps: Deps, secret: string) {
  const hash = linkHash(secret)
  const found = await deps.lookups.findInvitation(hash)
  if (!found) return undefined
  const opened = await deps.read(found.organizationId, async (db) => {
    const invitation = await findBySecret(db, found.organizationId, hash)
    if (!invitation || !isInvitationOpen(invitation.expiresAt, deps.now())) return undefined
    return { invitation, hash, organization: await readOrganization(db, found.organizationId) }
  })
  return opened && { ...opened, person: await deps.people.byEmail(opened.invitation.email) }
}

export interface OpenInvitationView {
  organization: { id: string; name: string; slug: string }
  email: string
  expiresAt: Date
  userExists: boolean
}

/** Unknown, expired, used, void and withdrawn secrets get one answer. */
export async function getInvitation(deps: Deps, secret: string): Promise<Result<OpenInvitationView, 'not_found'>> {
  const open = await findOpen(deps, secret)
  if (!open) return refuse('not_found')
  const { organization, invitation, person } = open
  const { id, name, slug } = organization
  return ok({
    organization: { id, name, slug },
    email: invitation.email,
    expiresAt: invitation.expiresAt,
    userExists: person !== undefined,
  })
}

export interface Acceptance {
  secret: string
  /** Who is signed in while accepting, if anybody. */
  signedIn: Principal | undefined
  name?: string | undefined
  password?: string | undefined
}

type Joining = { person: Person; credential?: PreparedPerson['credential'] }

/** O3: who joins: the person who is signed in as the invited email and sends nothing, or somebody new with a name and a password. */
async function joiningOf(
  deps: Deps,
  { signedIn, name, password }: Acceptance,
  invited: { email: string; userExists: boolean },
): Promise<Result<Joining, 'sign_in_required' | 'invalid_request'>> {
  const session = signedIn?.kind === 'session' ? signedIn : undefined
  const way = mayAccept(invited, session?.email)
  if (!way.ok) return way
  if (way.value === 'join' && session) {
    const sent = Object.entries({ name, password }).filter(([, it]) => it !== undefined)
    const errors = sent.map(([path]) => ({ path, message: 'Leave it out: you are signed in as the invited person.' }))
    const { userId: id, email } = session
    return errors.length > 0 ? refuse('invalid_request', { errors }) : ok({ person: { id, name: session.name, email } })
  }
  if (name === undefined || password === undefined) {
    const missing = Object.entries({ name, password }).filter(([, it]) => it === undefined)
    return refuse('invalid_request', { errors: missing.map(([path]) => ({ path, message: `Enter a ${path}.` })) })
  }
  return preparePerson(deps, { name, password, email: invited.email })
}

const sessionOf = (signedIn: Principal | undefined) =>
  signedIn?.kind === 'session' ? { userId: signedIn.userId, sessionId: signedIn.sessionId } : undefined

/** O3: accepts an invitation, which binds the account to the person with the invited email and signs somebody new in. */
export async function acceptInvitation(
  deps: Deps,
  acceptance: Acceptance,
  { facts, headers }: { facts: RequestFacts; headers: Headers },
): Promise<
  Result<{ organization: OrganizationView; cookies: string[] }, 'not_found' | 'sign_in_required' | 'invalid_request'>
> {
  const open = await findOpen(deps, acceptance.secret)
  if (!open) return refuse('not_found')
  const { email, accountId } = open.invitation
  const joining = await joiningOf(deps, acceptance, { email, userExists: open.person !== undefined })
  if (!joining.ok) return joining
  const { person, credential } = joining.value
  const organizationId = open.organization.id
  const at = deps.now()
  const actor = { kind: 'member' as const, id: accountId, name: person.name }
  const session = credential === undefined ? sessionOf(acceptance.signedIn) : undefined
  const authority: InvitationAuthority = { kind: 'invitation', hash: open.hash, session }
  const joined = await deps.change({ organizationId, actor, authority, at, ...facts }, async (tx) => {
    const now = await findBySecret(tx, organizationId, open.hash)
    if (!now || !isInvitationOpen(now.expiresAt, at)) return refuse('not_found')
    if (credential && !(await insertPerson(tx, { ...person, ...credential, at }))) return refuse('sign_in_required')
    await join(tx, now, person, at)
    const event = {
      action: 'member.joined' as const,
      target: { kind: 'member' as const, id: accountId, name: person.name },
      before: { status: 'invited', invitation: now.id },
      after: { status: 'joined', email },
    }
    const value = organizationFor(now.role, await readOrganization(tx, organizationId))
    return { ok: true, value, events: [event], forget: [{ kind: 'account', id: accountId }] }
  })
  if (!joined.ok) return joined
  const cookies = credential ? await deps.sessions.start(person.id, headers) : []
  return ok({ organization: joined.value, cookies })
}
