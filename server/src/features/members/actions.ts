import type { Reader } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { ok, type Result, refuse } from '../../kernel/result.ts'
import type { MailStatus } from '../../mail/store.ts'
import { type GroupOfAccount, giveRole, removeAccount, withGroups } from '../accounts/actions.ts'
import {
  byOf,
  type Caller,
  type Denial,
  isInvitationOpen,
  mayChangeRole,
  mayRemoveMember,
  maySeeEmail,
  shownName,
} from '../accounts/rules.ts'
import type { Role } from '../organizations/rules.ts'
import {
  countJoinedAdmins,
  findMember,
  listMembers as findMembers,
  type MemberFilter,
  type MemberRecord,
} from './store.ts'

/** A member as one reader sees them. */
export interface MemberView extends Omit<MemberRecord, 'email' | 'invitation' | 'emailProven' | 'freshStartAt'> {
  email?: string
  emailProven?: boolean
  freshStartAt?: Date
  groups: GroupOfAccount[]
  /** `mail` only where mail is configured. */
  invitation?: { id: string; expiresAt: Date; expired: boolean; mail?: MailStatus | null }
}

interface Viewer {
  caller: Caller
  mailConfigured: boolean
  now: Date
}

const toViewer = (deps: Deps, caller: Caller): Viewer => ({
  caller,
  mailConfigured: deps.outbox.configured,
  now: deps.now(),
})

/**
 * O7: emails as far as the reader may see them; invitations are the admins' business. Whether the address is proven is
 * told of joined members alone: for an invited one it would disclose whether the person exists elsewhere. (O11, O13)
 */
function viewFor({ caller, mailConfigured, now }: Viewer, record: MemberRecord & { groups: GroupOfAccount[] }) {
  const { invitation, email, emailProven, freshStartAt, ...member } = record
  const view: MemberView = { ...member, name: shownName(caller, { ...member, kind: 'member' }) }
  if (maySeeEmail(caller, member)) view.email = email
  if (caller.role !== 'admin') return view
  if (invitation) {
    const { mail, ...rest } = invitation
    const expired = !isInvitationOpen(invitation.expiresAt, now)
    view.invitation = { ...rest, expired, ...(mailConfigured && { mail }) }
  }
  if (member.status === 'joined') view.emailProven = emailProven
  if (member.status === 'joined' && freshStartAt) view.freshStartAt = freshStartAt
  return view
}

async function view(db: Reader, viewer: Viewer, members: readonly MemberRecord[]): Promise<MemberView[]> {
  return (await withGroups(db, viewer.caller.organizationId, members)).map((member) => viewFor(viewer, member))
}

/** A page of members; reads one more than `limit`. */
export const listMembers = (deps: Deps, caller: Caller, filter: Omit<MemberFilter, 'emailsSeen'>) =>
  deps.read(caller.organizationId, async (db) => {
    const emailsSeen = caller.role === 'admin' ? 'all' : { besidesAdmins: caller.accountId }
    return view(db, toViewer(deps, caller), await findMembers(db, caller.organizationId, { ...filter, emailsSeen }))
  })

async function present(db: Reader, viewer: Viewer, id: string): Promise<MemberView | undefined> {
  const found = await findMember(db, viewer.caller.organizationId, id)
  return found && (await view(db, viewer, [found]))[0]
}

export async function getMember(deps: Deps, caller: Caller, id: string): Promise<Result<MemberView, 'not_found'>> {
  const found = await deps.read(caller.organizationId, (db) => present(db, toViewer(deps, caller), id))
  return found ? ok(found) : refuse('not_found')
}

/** The member as O2 sees them, with the count that decides: taken in the change itself, when no other change runs. */
async function standing(tx: Reader, caller: Caller, id: string) {
  const member = await findMember(tx, caller.organizationId, id)
  if (!member) return undefined
  const joinedAdmins = await countJoinedAdmins(tx, caller.organizationId)
  return { member, stands: { ...member, kind: 'member' as const }, count: { joinedAdmins } }
}

const targetOf = (it: MemberRecord) => ({ kind: 'member' as const, id: it.id, name: it.name })

/** O2, O9: another role for a member, in effect on the next request. */
export function changeMemberRole(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  { id, role }: { id: string; role: Role },
): Promise<Result<MemberView, 'not_found' | 'last_admin' | Denial>> {
  return deps.change(byOf(deps, caller, facts), async (tx, caller) => {
    const found = await standing(tx, caller, id)
    if (!found) return refuse('not_found')
    const { member, stands, count } = found
    const allowed = mayChangeRole(stands, role, count)
    if (!allowed.ok) return allowed
    if (member.role !== role) await giveRole(tx, id, role)
    const value = await present(tx, toViewer(deps, caller), id)
    if (!value) throw new Error('A member that was just found is not there.')
    if (member.role === role) return { ok: true, value, unchanged: true }
    const event = {
      action: 'member.role_changed' as const,
      target: targetOf(member),
      before: { role: member.role },
      after: { role },
    }
    return { ok: true, value, events: [event], forget: [{ kind: 'account', id }] }
  })
}

/** O2, O5: removes a member, invited or joined; their access ends at once. */
export function removeMember(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  id: string,
): Promise<Result<void, 'not_found' | 'last_admin' | Denial>> {
  const by = byOf(deps, caller, facts)
  return deps.change(by, async (tx, caller) => {
    const found = await standing(tx, caller, id)
    if (!found) return refuse('not_found')
    const { member, stands, count } = found
    const allowed = mayRemoveMember(stands, count)
    if (!allowed.ok) return allowed
    const { fallen, forget } = await removeAccount(tx, id, by.at)
    const { email, role, status } = member
    const event = {
      action: 'member.removed' as const,
      target: targetOf(member),
      before: { email, role, status, ...fallen },
    }
    return { ok: true, value: undefined, events: [event], forget }
  })
}
