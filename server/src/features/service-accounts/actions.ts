import type { Reader } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { ok, type Result, refuse } from '../../kernel/result.ts'
import { type GroupOfAccount, giveRole, removeAccount, withGroups } from '../accounts/actions.ts'
import { byOf, type Caller, type Denial } from '../accounts/rules.ts'
import type { Role } from '../organizations/rules.ts'
import {
  findServiceAccount,
  listServiceAccounts as findServiceAccounts,
  insertServiceAccount,
  renameServiceAccount,
  type ServiceAccountFilter,
  type ServiceAccountRecord,
} from './store.ts'

export type ServiceAccountView = ServiceAccountRecord & { groups: GroupOfAccount[] }

/** A page of service accounts; reads one more than `limit`. */
export const listServiceAccounts = (deps: Deps, caller: Caller, filter: ServiceAccountFilter) =>
  deps.read(caller.organizationId, async (db) =>
    withGroups(db, caller.organizationId, await findServiceAccounts(db, caller.organizationId, filter)),
  )

async function find(db: Reader, caller: Caller, id: string): Promise<ServiceAccountView | undefined> {
  const found = await findServiceAccount(db, caller.organizationId, id)
  return found && (await withGroups(db, caller.organizationId, [found]))[0]
}

async function present(db: Reader, caller: Caller, id: string): Promise<ServiceAccountView> {
  const found = await find(db, caller, id)
  if (!found) throw new Error('A service account that was just written is not there.')
  return found
}

export async function getServiceAccount(
  deps: Deps,
  caller: Caller,
  id: string,
): Promise<Result<ServiceAccountView, 'not_found'>> {
  const found = await deps.read(caller.organizationId, (db) => find(db, caller, id))
  return found ? ok(found) : refuse('not_found')
}

/** O8: a new service account; two may bear one name. */
export function createServiceAccount(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  wanted: { name: string; role: Role },
): Promise<Result<ServiceAccountView, Denial>> {
  const by = byOf(deps, caller, facts)
  const id = deps.newId('svc')
  return deps.change(by, async (tx, caller) => {
    const { organizationId, accountId } = caller
    await insertServiceAccount(tx, { ...wanted, id, organizationId, at: by.at, createdBy: accountId })
    const event = {
      action: 'service_account.created' as const,
      target: { kind: 'service_account' as const, id, name: wanted.name },
      after: wanted,
    }
    return { ok: true, value: await present(tx, caller, id), events: [event], forget: [] }
  })
}

/** What a change would alter, as pairs of old and new; nothing where all is so already. */
function difference(now: ServiceAccountRecord, wanted: { name?: string | undefined; role?: Role | undefined }) {
  const before: { name?: string; role?: Role } = {}
  const after: { name?: string; role?: Role } = {}
  if (wanted.name !== undefined && wanted.name !== now.name) {
    before.name = now.name
    after.name = wanted.name
  }
  if (wanted.role !== undefined && wanted.role !== now.role) {
    before.role = now.role
    after.role = wanted.role
  }
  return { before, after }
}

/** O8, O9: another name or role, in effect on the next request. */
export function updateServiceAccount(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  { id, ...wanted }: { id: string; name?: string | undefined; role?: Role | undefined },
): Promise<Result<ServiceAccountView, 'not_found' | Denial>> {
  return deps.change(byOf(deps, caller, facts), async (tx, caller) => {
    const now = await findServiceAccount(tx, caller.organizationId, id)
    if (!now) return refuse('not_found')
    const { before, after } = difference(now, wanted)
    if (after.name !== undefined) await renameServiceAccount(tx, id, after.name)
    if (after.role !== undefined) await giveRole(tx, id, after.role)
    const value = await present(tx, caller, id)
    if (Object.keys(after).length === 0) return { ok: true, value, unchanged: true }
    const target = { kind: 'service_account' as const, id, name: value.name }
    const event = { action: 'service_account.updated' as const, target, before, after }
    return { ok: true, value, events: [event], forget: [{ kind: 'account', id }] }
  })
}

/** O5: deletes a service account; its tokens are revoked for good and its access ends at once. */
export function deleteServiceAccount(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  id: string,
): Promise<Result<void, 'not_found' | Denial>> {
  const by = byOf(deps, caller, facts)
  return deps.change(by, async (tx, caller) => {
    const now = await findServiceAccount(tx, caller.organizationId, id)
    if (!now) return refuse('not_found')
    const { fallen, forget } = await removeAccount(tx, id, by.at)
    const event = {
      action: 'service_account.deleted' as const,
      target: { kind: 'service_account' as const, id, name: now.name },
      before: { name: now.name, role: now.role, ...fallen },
    }
    return { ok: true, value: undefined, events: [event], forget }
  })
}
