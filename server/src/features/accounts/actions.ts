import type { Reader, Writer } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import { ok, type Result, refuse } from '../../kernel/result.ts'
import type { Principal } from '../access/rules.ts'
import type { Role } from '../organizations/rules.ts'
import type { AccountName } from './rules.ts'
import {
  deleteInvitationOf,
  findWithOrganization,
  type GroupOfAccount,
  groupsOfAccounts,
  leaveAllGroups,
  markRemoved,
  revokeTokensOf,
  setRole,
} from './store.ts'

export type { GroupOfAccount } from './store.ts'

/** Adds to each account the groups that it is in. */
export async function withGroups<T extends { id: string }>(
  db: Reader,
  organizationId: string,
  accounts: readonly T[],
): Promise<(T & { groups: GroupOfAccount[] })[]> {
  const ids = accounts.map((it) => it.id)
  const groups = await groupsOfAccounts(db, organizationId, ids)
  return accounts.map((it) => ({ ...it, groups: groups.get(it.id) ?? [] }))
}

/** What falls with an account, by id, for the event's `before` (A1). */
export interface Fallen {
  tokens: string[]
  groups: string[]
  invitation?: string
}

/**
 * O5: removes an account within somebody's change: its tokens are revoked for good, it leaves its groups, an open
 * invitation opens nothing any more. Whether a member may go is asked before (O2).
 */
export async function removeAccount(tx: Writer, accountId: string, at: Date): Promise<Fallen> {
  const tokens = await revokeTokensOf(tx, accountId, at)
  const groups = await leaveAllGroups(tx, accountId)
  const invitation = await deleteInvitationOf(tx, accountId)
  await markRemoved(tx, accountId, at)
  return { tokens, groups, ...(invitation !== undefined && { invitation }) }
}

/** O9: gives an account another role within somebody's change. Whether a member may be demoted is asked before (O2). */
export const giveRole = (tx: Writer, accountId: string, role: Role): Promise<void> => setRole(tx, accountId, role)

export interface Me {
  user?: { id: string; name: string; email: string }
  account?: AccountName
  organizations: { id: string; name: string; slug: string; accountId: string; role: Role }[]
}

/** Who asks, and where they belong (O4); a token speaks for its own account and organization alone. */
export async function getMe(deps: Deps, principal: Principal): Promise<Result<Me, 'unauthenticated'>> {
  if (principal.kind === 'session') {
    const memberships = await deps.lookups.membershipsOf(principal.userId)
    return ok({
      user: { id: principal.userId, name: principal.name, email: principal.email },
      organizations: memberships.map((it) => ({
        id: it.organizationId,
        name: it.organizationName,
        slug: it.organizationSlug,
        accountId: it.accountId,
        role: it.role,
      })),
    })
  }
  const { id, organizationId, role } = principal.account
  const found = await deps.read(organizationId, (db) => findWithOrganization(db, organizationId, id))
  if (!found) return refuse('unauthenticated')
  return ok({ account: found.account, organizations: [{ ...found.organization, accountId: id, role }] })
}
