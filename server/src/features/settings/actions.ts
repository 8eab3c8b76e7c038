import type { OperatorAuthority } from '../../db/authority.ts'
import type { By, Forget, Reader, Writer } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { ok, type Refused, type Result, refuse } from '../../kernel/result.ts'
import { byOf, type Caller, type Denial } from '../accounts/rules.ts'
import {
  beforeStopAfter,
  type Holder,
  isRestore,
  mayDeleteGroup,
  mayNotLockOut,
  maySave,
  outsideGroup,
  sameTokenCreation,
  type TokenCreation,
  withoutGroup,
} from './rules.ts'
import { groupNames, readHolder, readSettings, type SettingsRecord, writeSettings } from './store.ts'

/** The setting and the account's groups in this transaction, for whoever must decide about creating (P2, P4). */
export async function readPolicy(
  db: Reader,
  organizationId: string,
  accountId: string,
): Promise<{ setting: TokenCreation; owner: Holder }> {
  const setting = await readTokenCreation(db, organizationId)
  return { setting, owner: await readHolder(db, accountId) }
}

/** The setting as it is in this transaction. */
export const readTokenCreation = async (db: Reader, organizationId: string): Promise<TokenCreation> =>
  (await readSettings(db, organizationId)).apiTokens

/** P4: the names of the selected groups, for the sentence that says who may create. */
export async function selectedGroupNames(db: Reader, setting: TokenCreation): Promise<string[]> {
  return [...(await groupNames(db, setting.groupIds)).values()].sort((a, b) => a.localeCompare(b))
}

/** Those of these ids that lead to a group, in their order. */
export async function groupsAmong(db: Reader, ids: readonly string[]): Promise<string[]> {
  const names = await groupNames(db, ids)
  return ids.filter((id) => names.has(id))
}

export const getSettings = (deps: Deps, caller: Caller): Promise<SettingsRecord> =>
  deps.read(caller.organizationId, (db) => readSettings(db, caller.organizationId))

/** O1: each id must lead to a group of this organization; the fault names its place. */
export async function findForeignGroup(
  db: Reader,
  ids: readonly string[],
): Promise<Refused<'invalid_request'> | undefined> {
  const names = await groupNames(db, ids)
  const errors = ids.flatMap((id, i) =>
    names.has(id) ? [] : [{ path: `apiTokens.groupIds.${i}`, message: 'There is no such group in this organization.' }],
  )
  return errors.length > 0 ? refuse('invalid_request', { errors }) : undefined
}

/** P12: the groups of the account behind a managed token; undefined for a console session. */
export const askerOf = async (db: Reader, caller: Caller): Promise<Holder | undefined> =>
  caller.credential.kind === 'managed' ? readHolder(db, caller.accountId) : undefined

/** What the audit log keeps of a setting: groups by name too, since they may be gone when it is read. */
const told = (setting: TokenCreation, names: ReadonlyMap<string, string>) => ({
  creation: setting.creation,
  groups: setting.groupIds.map((id) => ({ id, name: names.get(id) ?? '' })),
  suspendOutsideGroups: setting.suspendOutsideGroups,
})

/**
 * Writes a setting inside somebody's transaction, with its audit entry: used by a save and by deleting a selected group
 * (P6). The caller of this function has checked what a save must hold to.
 */
export async function applySettings(tx: Writer, by: By, now: SettingsRecord, next: TokenCreation) {
  const names = await groupNames(tx, [...now.apiTokens.groupIds, ...next.groupIds])
  await writeSettings(tx, by.organizationId, {
    apiTokens: { ...next, beforeStop: beforeStopAfter(now, next) },
    version: now.version + 1,
    updatedAt: by.at,
    updatedBy: by.actor.id,
  })
  return {
    action: 'settings.updated' as const,
    target: { kind: 'settings' as const, id: by.organizationId, name: 'API tokens' },
    before: told(now.apiTokens, names),
    after: told(next, names),
  }
}

/** What a group's leaving the selection adds to the change that deletes it. */
interface Deselected {
  event: Awaited<ReturnType<typeof applySettings>>
  forget: Forget
}

/**
 * P6, P12: what deleting a group does to the setting, inside that deletion. Nothing where it is not selected; else it
 * leaves the selection, once that was confirmed, and the token that asks must survive it.
 */
export async function deselectGroup(
  tx: Writer,
  by: By,
  caller: Caller,
  { groupId, confirmed }: { groupId: string; confirmed: boolean },
): Promise<Result<Deselected | undefined, 'group_in_use' | 'would_lock_out'>> {
  const now = await readSettings(tx, by.organizationId)
  const allowed = mayDeleteGroup(now.apiTokens, groupId, confirmed)
  if (!allowed.ok) return allowed
  if (!now.apiTokens.groupIds.includes(groupId)) return ok(undefined)
  const next = withoutGroup(now.apiTokens, groupId)
  const asker = await askerOf(tx, caller)
  const kept = mayNotLockOut(next, asker && outsideGroup(asker, groupId))
  if (!kept.ok) return kept
  const event = await applySettings(tx, by, now, next)
  return ok({ event, forget: { kind: 'organization', id: by.organizationId, version: now.version + 1 } })
}

/** P12: a managed token cannot cut itself off by taking its own account out of a group. */
export async function mayLeaveGroup(
  db: Reader,
  caller: Caller,
  { groupId, accountId }: { groupId: string; accountId: string },
): Promise<Result<void, 'would_lock_out'>> {
  const asker = accountId === caller.accountId ? await askerOf(db, caller) : undefined
  if (!asker) return ok(undefined)
  return mayNotLockOut(await readTokenCreation(db, caller.organizationId), outsideGroup(asker, groupId))
}

type SaveRefusal = 'invalid_request' | 'precondition_failed' | 'would_lock_out'

/** P1–P12: saves who may create tokens. Writes the setting and not the tokens (P8), so its cost knows no number of tokens. */
export function saveSettings(
  deps: Deps,
  caller: Caller,
  facts: RequestFacts,
  wanted: { apiTokens: TokenCreation; beforeStopVersion?: number | undefined; ifMatch: string },
): Promise<Result<SettingsRecord, SaveRefusal | Denial>> {
  const by = byOf(deps, caller, facts)
  return deps.change(by, async (tx, caller) => {
    const now = await readSettings(tx, caller.organizationId)
    const complete = maySave(wanted.apiTokens, isRestore(now.apiTokens, wanted.apiTokens, wanted.beforeStopVersion))
    if (!complete.ok) return complete
    const foreign = await findForeignGroup(tx, wanted.apiTokens.groupIds)
    if (foreign) return foreign
    if (String(now.version) !== wanted.ifMatch) return refuse('precondition_failed', { current: now })
    if (sameTokenCreation(now.apiTokens, wanted.apiTokens)) return { ok: true, value: now, unchanged: true }
    const kept = mayNotLockOut(wanted.apiTokens, await askerOf(tx, caller))
    if (!kept.ok) return kept
    const event = await applySettings(tx, by, now, wanted.apiTokens)
    const value = await readSettings(tx, caller.organizationId)
    const { version } = value
    return { ok: true, value, events: [event], forget: [{ kind: 'organization', id: caller.organizationId, version }] }
  })
}

/**
 * Saves settings that no admin asks for (a recovery): one after another in one change, so that the last alone is ever in
 * force. `plan` sees the present one; answers how many were saved.
 */
export const imposeSettings = (
  deps: Deps,
  by: By<OperatorAuthority>,
  plan: (db: Reader, present: TokenCreation) => Promise<readonly TokenCreation[]>,
): Promise<Result<number, never>> =>
  deps.change(by, async (tx) => {
    let now = await readSettings(tx, by.organizationId)
    const wanted = await plan(tx, now.apiTokens)
    const events: Awaited<ReturnType<typeof applySettings>>[] = []
    for (const apiTokens of wanted) {
      events.push(await applySettings(tx, by, now, apiTokens))
      now = {
        ...now,
        apiTokens: { ...apiTokens, beforeStop: beforeStopAfter(now, apiTokens) },
        version: now.version + 1,
      }
    }
    const [first, ...more] = events
    if (!first) return { ok: true, value: 0, unchanged: true }
    const forget = { kind: 'organization' as const, id: by.organizationId, version: now.version }
    return { ok: true, value: events.length, events: [first, ...more], forget: [forget] }
  })
