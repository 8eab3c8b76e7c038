import type { Forget, Reader } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { ok, type Result, refuse } from '../../kernel/result.ts'
import { byOf, type Caller, type Denial } from '../accounts/rules.ts'
import { deselectGroup } from '../settings/actions.ts'
import type { GroupRole } from './rules.ts'
import {
  deleteGroup as deleteGroupRow,
  describeGroup,
  findGroup as findGroupRow,
  findRole,
  type GroupFilter,
  type GroupRecord,
  insertGroup,
  isNameTaken,
  listGroups as listGroupRows,
  memberIds,
} from './store.ts'

export type { GroupRecord } from './store.ts'

/** The account's role in a group; undefined outside of it (O6). */
export const roleInGroup = (db: Reader, groupId: string, accountId: string): Promise<GroupRole | undefined> =>
  findRole(db, groupId, accountId)

/** A group as it is in this transaction. */
export const findGroup = (db: Reader, organizationId: string, id: string): Promise<GroupRecord | undefined> =>
  findGroupRow(db, organizationId, id)

/** A page of groups; reads one more than `limit`. */
export const listGroups = (deps: Deps, caller: Caller, filter: GroupFilter): Promise<GroupRecord[]> =>
  deps.read(caller.organizationId, (db) => listGroupRows(db, caller.organizationId, filter))

export async function getGroup(deps: Deps, caller: Caller, id: string): Promise<Result<GroupRecord, 'not_found'>> {
  const found = await deps.read(caller.organizationId, (db) => findGroup(db, caller.organizationId, id))
  return found ? ok(found) : refuse('not_found')
}

const nameTaken = () => refuse('name_taken', { detail: 'Another group has this name; upper and lower case are alike.' })

/** O6: a new, empty group. */
export function createGroup(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  wanted: { name: string; description: string },
): Promise<Result<GroupRecord, 'name_taken' | Denial>> {
  const by = byOf(deps, caller, facts)
  const id = deps.newId('grp')
  return deps.change(by, async (tx, caller) => {
    const { organizationId } = caller
    if (await isNameTaken(tx, organizationId, wanted.name)) return nameTaken()
    await insertGroup(tx, { id, organizationId, ...wanted, at: by.at })
    const event = {
      action: 'group.created' as const,
      target: { kind: 'group' as const, id, name: wanted.name },
      after: wanted,
    }
    return { ok: true, value: { id, ...wanted, memberCount: 0 }, events: [event], forget: [] }
  })
}

const forgetAccounts = (ids: readonly string[]): Forget[] => ids.map((id) => ({ kind: 'account', id }))

/** O6: another name or description. The gate tells groups by name, so whoever is in this one is looked up anew. */
export function updateGroup(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  { id, ...wanted }: { id: string; name?: string | undefined; description?: string | undefined },
): Promise<Result<GroupRecord, 'not_found' | 'name_taken' | Denial>> {
  return deps.change(byOf(deps, caller, facts), async (tx, caller) => {
    const now = await findGroup(tx, caller.organizationId, id)
    if (!now) return refuse('not_found')
    const name = wanted.name ?? now.name
    const description = wanted.description ?? now.description
    const value = { ...now, name, description }
    if (name === now.name && description === now.description) return { ok: true, value, unchanged: true }
    if (await isNameTaken(tx, caller.organizationId, name, id)) return nameTaken()
    await describeGroup(tx, id, { name, description })
    const event = {
      action: 'group.updated' as const,
      target: { kind: 'group' as const, id, name },
      before: changed(now, value),
      after: changed(value, now),
    }
    const forget = name === now.name ? [] : forgetAccounts(await memberIds(tx, id))
    return { ok: true, value, events: [event], forget }
  })
}

/** Of `it`, what differs from `other`. */
const changed = (it: GroupRecord, other: GroupRecord) => ({
  ...(it.name !== other.name && { name: it.name }),
  ...(it.description !== other.description && { description: it.description }),
})

/** O6, P6, P12: deletes a group; one that is selected in the settings leaves the selection, once that was confirmed. */
export function deleteGroup(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  { id, confirmed }: { id: string; confirmed: boolean },
): Promise<Result<void, 'not_found' | 'group_in_use' | 'would_lock_out' | Denial>> {
  const by = byOf(deps, caller, facts)
  return deps.change(by, async (tx, caller) => {
    const group = await findGroup(tx, caller.organizationId, id)
    if (!group) return refuse('not_found')
    const deselected = await deselectGroup(tx, by, caller, { groupId: id, confirmed })
    if (!deselected.ok) return deselected
    const members = await memberIds(tx, id)
    await deleteGroupRow(tx, id)
    const { name, description } = group
    const event = {
      action: 'group.deleted' as const,
      target: { kind: 'group' as const, id, name },
      before: { name, description, members },
    }
    const forget = forgetAccounts(members)
    if (deselected.value === undefined) return { ok: true, value: undefined, events: [event], forget }
    return {
      ok: true,
      value: undefined,
      events: [deselected.value.event, event],
      forget: [deselected.value.forget, ...forget],
    }
  })
}
