import type { Reader, Writer } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { ok, type Refused, type Result, refuse } from '../../kernel/result.ts'
import { type AccountName, byOf, type Caller, type Denial, shownName } from '../accounts/rules.ts'
import { findGroup, type GroupRecord, roleInGroup } from '../groups/actions.ts'
import { type GroupRole, mayJoinGroup } from '../groups/rules.ts'
import { mayLeaveGroup } from '../settings/actions.ts'
import {
  countGroupsOf,
  deleteMembership,
  findAccount,
  type GroupableAccount,
  insertMemberships,
  knownGroups,
  listMemberships,
  type MembershipFilter,
  setMembershipRole,
} from './store.ts'

/** An account in a group, as one reader sees it (O7). */
export interface GroupMemberView {
  account: AccountName
  role: GroupRole
}

const viewFor = (caller: Caller, account: GroupableAccount, role: GroupRole): GroupMemberView => ({
  account: { id: account.id, kind: account.kind, name: shownName(caller, account) },
  role,
})

/** A page of a group's accounts; reads one more than `limit`. */
export function listGroupMembers(
  deps: Deps,
  caller: Caller,
  groupId: string,
  filter: MembershipFilter,
): Promise<Result<GroupMemberView[], 'not_found'>> {
  const { organizationId } = caller
  return deps.read(organizationId, async (db) => {
    if (!(await findGroup(db, organizationId, groupId))) return refuse('not_found')
    const found = await listMemberships(db, organizationId, groupId, filter)
    return ok(found.map((it) => viewFor(caller, it.account, it.role)))
  })
}

interface Pair {
  groupId: string
  accountId: string
}

/** The group and the account that a path names, as they are in this transaction. */
async function findPair(db: Reader, caller: Caller, { groupId, accountId }: Pair) {
  const group = await findGroup(db, caller.organizationId, groupId)
  const account = await findAccount(db, caller.organizationId, accountId)
  if (!group || !account) return undefined
  return { group, account, present: await roleInGroup(db, groupId, accountId) }
}

const targetOf = (group: GroupRecord) => ({ kind: 'group' as const, id: group.id, name: group.name })
const told = ({ id, kind, name }: GroupableAccount) => ({ id, kind, name })

/** O6: puts an account into a group, or gives it another role there. */
export function putGroupMember(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  { role, ...pair }: Pair & { role: GroupRole },
): Promise<Result<GroupMemberView, 'not_found' | 'invalid_request' | Denial>> {
  return deps.change(byOf(deps, caller, facts), async (tx, caller) => {
    const found = await findPair(tx, caller, pair)
    if (!found) return refuse('not_found')
    const { group, account, present } = found
    const value = viewFor(caller, account, role)
    const target = targetOf(group)
    const forget = [{ kind: 'account' as const, id: account.id }]
    if (present === role) return { ok: true, value, unchanged: true }
    if (present !== undefined) {
      await setMembershipRole(tx, { ...pair, role })
      const before = { account: told(account), role: present }
      const after = { account: told(account), role }
      return { ok: true, value, events: [{ action: 'group.member_changed', target, before, after }], forget }
    }
    const room = mayJoinGroup(await countGroupsOf(tx, account.id))
    if (!room.ok) return room
    await insertMemberships(tx, caller.organizationId, [{ ...pair, role }])
    const after = { account: told(account), role }
    return { ok: true, value, events: [{ action: 'group.member_added', target, after }], forget }
  })
}

/** O6, P12: takes an account out of a group; what only that group allowed it, ends at once (P4). */
export function deleteGroupMember(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  pair: Pair,
): Promise<Result<void, 'not_found' | 'would_lock_out' | Denial>> {
  return deps.change(byOf(deps, caller, facts), async (tx, caller) => {
    const found = await findPair(tx, caller, pair)
    if (found?.present === undefined) return refuse('not_found')
    const kept = await mayLeaveGroup(tx, caller, pair)
    if (!kept.ok) return kept
    const { group, account, present } = found
    await deleteMembership(tx, pair.groupId, pair.accountId)
    const event = {
      action: 'group.member_removed' as const,
      target: targetOf(group),
      before: { account: told(account), role: present },
    }
    return { ok: true, value: undefined, events: [event], forget: [{ kind: 'account', id: account.id }] }
  })
}

/** O1: each of these ids must lead to a group of this organization; the fault names its place in the body. */
export async function foreignGroups(
  db: Reader,
  organizationId: string,
  groupIds: readonly string[],
): Promise<Refused<'invalid_request'> | undefined> {
  const known = await knownGroups(db, organizationId, groupIds)
  const errors = groupIds.flatMap((id, i) =>
    known.has(id) ? [] : [{ path: `groupIds.${i}`, message: 'There is no such group in this organization.' }],
  )
  return errors.length > 0 ? refuse('invalid_request', { errors }) : undefined
}

/** O3: puts new accounts into groups, within the change that makes them. */
export const joinGroups = (
  tx: Writer,
  organizationId: string,
  accountIds: readonly string[],
  groupIds: readonly string[],
): Promise<void> =>
  insertMemberships(
    tx,
    organizationId,
    accountIds.flatMap((accountId) => groupIds.map((groupId) => ({ groupId, accountId, role: 'member' as const }))),
  )
