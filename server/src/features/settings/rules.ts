import { ok, type Result, refuse } from '../../kernel/result.ts'

export type Creation = 'all' | 'groups' | 'none'

/** P1, P6: who may create managed tokens. `groupIds` and `suspendOutsideGroups` are kept in every mode and act in `groups` alone. */
export interface TokenCreation {
  creation: Creation
  groupIds: readonly string[]
  suspendOutsideGroups: boolean
}

/** What the setting asks about an account: the groups that it is in at this moment. */
export interface Holder {
  groupIds: readonly string[]
}

/** P1: what an organization starts with. */
export const defaultTokenCreation: TokenCreation = { creation: 'all', groupIds: [], suspendOutsideGroups: false }

const isInSelectedGroup = (setting: TokenCreation, holder: Holder) =>
  holder.groupIds.some((id) => setting.groupIds.includes(id))

export type CreationRefusal = 'token_creation_disabled' | 'token_creation_restricted'

/** P2, P4: may a managed token be created or refreshed for this account? Its own groups decide, whoever asks. */
export function mayCreateToken(setting: TokenCreation, owner: Holder): Result<void, CreationRefusal> {
  if (setting.creation === 'all') return ok(undefined)
  if (setting.creation === 'none') return refuse('token_creation_disabled')
  return isInSelectedGroup(setting, owner) ? ok(undefined) : refuse('token_creation_restricted')
}

/** P2, P3, P5: are this account's managed tokens cut off? Present setting alone; outsiders' tokens go on unless chosen otherwise. */
export function isSuspended(setting: TokenCreation, owner: Holder): boolean {
  if (setting.creation === 'none') return true
  return setting.creation === 'groups' && setting.suspendOutsideGroups && !isInSelectedGroup(setting, owner)
}

/** P13: the setting that a stop replaced, and the version under which it was in force. */
export interface BeforeStop extends TokenCreation {
  version: number
}

/** The setting as it is stored; `beforeStop` is null unless creation is `none`. */
export interface SavedTokenCreation extends TokenCreation {
  beforeStop: BeforeStop | null
}

export interface VersionedSetting {
  apiTokens: SavedTokenCreation
  version: number
}

/** P13: what a save of `next` keeps for restoring. Saving `none` again keeps what the first stop replaced. */
export function beforeStopAfter(present: VersionedSetting, next: TokenCreation): BeforeStop | null {
  if (next.creation !== 'none') return null
  const { creation, groupIds, suspendOutsideGroups, beforeStop } = present.apiTokens
  return creation === 'none' ? beforeStop : { creation, groupIds, suspendOutsideGroups, version: present.version }
}

/** P13: whether a save restores exactly what a stop replaced, named by its version. */
export const isRestore = (
  { beforeStop }: SavedTokenCreation,
  next: TokenCreation,
  beforeStopVersion: number | undefined,
): boolean => beforeStop !== null && beforeStop.version === beforeStopVersion && sameTokenCreation(beforeStop, next)

/** P6: a save of `groups` must select at least one group, unless it restores a selection whose groups were deleted (P13). */
export function maySave(wanted: TokenCreation, restores = false): Result<void, 'invalid_request'> {
  if (wanted.creation !== 'groups' || wanted.groupIds.length > 0 || restores) return ok(undefined)
  return refuse('invalid_request', {
    errors: [{ path: 'apiTokens.groupIds', message: 'Select at least one group, or choose all or none.' }],
  })
}

/** P6: a deleted group leaves the selection; an emptied selection stays `groups`, with nobody allowed. */
export const withoutGroup = (setting: TokenCreation, groupId: string): TokenCreation => ({
  ...setting,
  groupIds: setting.groupIds.filter((id) => id !== groupId),
})

/**
 * P12: a managed token cannot saw off its own branch. Refused when the account that the asking token belongs to would
 * be cut off by the new state and is not cut off now. `asker` is undefined for console sessions and external tokens.
 */
export function mayNotLockOut(after: TokenCreation, asker: Holder | undefined): Result<void, 'would_lock_out'> {
  if (asker === undefined || !isSuspended(after, asker)) return ok(undefined)
  return refuse('would_lock_out', {
    detail: 'Sign in to the console to make this change, or use a token of your OAuth provider.',
  })
}

/** P6: a selected group is deleted once that was confirmed. */
export const mayDeleteGroup = (
  setting: TokenCreation,
  groupId: string,
  confirmed: boolean,
): Result<void, 'group_in_use'> =>
  confirmed || !setting.groupIds.includes(groupId)
    ? ok(undefined)
    : refuse('group_in_use', { detail: 'Confirm that it may leave the selection, or select other groups first.' })

/** What is left of an account's groups without this one. */
export const outsideGroup = (holder: Holder, groupId: string): Holder => ({
  groupIds: holder.groupIds.filter((id) => id !== groupId),
})

/** P9, P10: equal in every part, whatever the order of the groups. */
export const sameTokenCreation = (a: TokenCreation, b: TokenCreation): boolean =>
  a.creation === b.creation &&
  a.suspendOutsideGroups === b.suspendOutsideGroups &&
  a.groupIds.length === b.groupIds.length &&
  a.groupIds.every((id) => b.groupIds.includes(id))

/** P2, P5: what the setting does to the tokens of accounts inside and outside the selection. */
export const suspensionOf = (setting: TokenCreation): { selected: boolean; others: boolean } => ({
  selected: isSuspended(setting, createHolder(setting, true)),
  others: isSuspended(setting, createHolder(setting, false)),
})

/** An account inside or outside the selection, as the setting sees it. */
export const createHolder = (setting: TokenCreation, selected: boolean): Holder => ({
  groupIds: selected ? setting.groupIds.slice(0, 1) : [],
})
