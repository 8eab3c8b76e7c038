import type { RequestFacts, World } from '../../kernel/deps.ts'
import { ok, type Result, refuse } from '../../kernel/result.ts'
import type { ReadToken } from '../jws/rules.ts'
import type { Role } from '../organizations/rules.ts'

export type AccountKind = 'member' | 'service_account'
export type MemberStatus = 'invited' | 'joined'

/** How an account appears in answers. */
export interface AccountName {
  id: string
  kind: AccountKind
  name: string
}

/** O3: an invitation lives for seven days. */
export const invitationLifetimeMs = 7 * 24 * 60 * 60 * 1000

/** O2: what counts is a joined member who is an admin. */
export interface AdminCount {
  joinedAdmins: number
}

/** The account that is to be demoted or removed, as O2 sees it. */
export interface Standing {
  kind: AccountKind
  role: Role
  status: MemberStatus
}

const isLastAdmin = (it: Standing, { joinedAdmins }: AdminCount) =>
  it.kind === 'member' && it.role === 'admin' && it.status === 'joined' && joinedAdmins <= 1

/** O2: the last joined admin is not removed. */
export const mayRemoveMember = (it: Standing, count: AdminCount): Result<void, 'last_admin'> =>
  isLastAdmin(it, count) ? refuse('last_admin', { detail: 'Make another member an admin first.' }) : ok(undefined)

/** O2: the last joined admin is not demoted. */
export const mayChangeRole = (it: Standing, role: Role, count: AdminCount): Result<void, 'last_admin'> =>
  role === 'admin' ? ok(undefined) : mayRemoveMember(it, count)

/** O7: whose email a reader sees: an admin everybody's, others the admins' and their own. */
export const maySeeEmail = (
  reader: { role: Role; accountId: string },
  member: { id: string; role: Role; status: MemberStatus },
): boolean =>
  reader.role === 'admin' || reader.accountId === member.id || (member.role === 'admin' && member.status === 'joined')

/** O7: an account's name as a reader sees it. An invited member has no name yet but the email, which not everybody sees. */
export const shownName = (
  reader: { role: Role; accountId: string },
  account: { id: string; kind: AccountKind; role: Role; status: MemberStatus; name: string },
): string =>
  account.kind === 'service_account' || account.status === 'joined' || maySeeEmail(reader, account)
    ? account.name
    : 'Invited member'

export type InvitationFault = 'repeated' | 'joined' | 'invited'

/**
 * O3: what is wrong with each address of a list, by its place; one fault refuses the whole list.
 * `known` tells an address's status in this organization. Addresses come in canonical form.
 */
export function invitationFaults(
  emails: readonly string[],
  known: ReadonlyMap<string, MemberStatus>,
): { index: number; fault: InvitationFault }[] {
  const seen = new Set<string>()
  return emails.flatMap((email, index) => {
    const fault = seen.has(email) ? 'repeated' : known.get(email)
    seen.add(email)
    return fault ? [{ index, fault }] : []
  })
}

export const invitationFaultTexts: Record<InvitationFault, string> = {
  repeated: 'This address stands in the list twice.',
  joined: 'This person is a member already.',
  invited: 'This person is invited already; resend the invitation instead.',
}

/** O3: expired and used invitations open nothing. */
export const isInvitationOpen = (expiresAt: Date, now: Date): boolean => expiresAt > now

/** What a request was made with; it limits what the request may make (T2) and break (P12). */
export type Credential =
  | { kind: 'session'; userId: string; sessionId: string }
  /** `hash` names the secret, since a refresh leaves the token and ends the secret (T4). */
  | { kind: 'managed'; tokenId: string; hash: string; expiresAt: Date | null }
  /** Narrowed: its scope took from the role of its account (E5). */
  | { kind: 'external'; providerId: string; narrowed: boolean; expiresAt: Date; verified: VerifiedJws }

/** An external token as far as it is needed to judge it again: all but its text, and the key that verified it (RFC 7638). */
export interface VerifiedJws extends ReadToken {
  thumbprint: string
}

/** What a route demands of its caller (`who`), which is judged when the request arrives and again under the lock (A4). */
export type Requirement = 'account' | 'admin' | { groupManager: string }

/** Who asks, inside the organization that the request is about. */
export interface Caller {
  accountId: string
  organizationId: string
  kind: AccountKind
  name: string
  role: Role
  credential: Credential
  requires: Requirement
}

/** Why a request is refused that came without a right: the same codes whether it came so, or lost it on its way (A4). */
export type Denial = 'unauthenticated' | 'not_found' | 'forbidden' | 'insufficient_scope' | 'unavailable'

/** A change that an account asks for with the credential of its request. */
export interface AccountAuthority {
  kind: 'account'
  caller: Caller
}

/** A1: on whose behalf, from where and when a change is made; what `change` wants to know first. */
export const byOf = (world: Pick<World, 'now'>, caller: Caller, facts: RequestFacts) => ({
  organizationId: caller.organizationId,
  actor: { kind: caller.kind, id: caller.accountId, name: caller.name },
  authority: { kind: 'account', caller } satisfies AccountAuthority as AccountAuthority,
  at: world.now(),
  ip: facts.ip,
  userAgent: facts.userAgent,
  requestId: facts.requestId,
})
