import type { Choice, Settings } from './queries'

/** The form's view of the setting: a checkbox, two options, and a selection that every mode keeps (P6). */
export type Draft = {
  allowed: boolean
  audience: 'all' | 'groups'
  groupIds: string[]
  suspendOutsideGroups: boolean
}

/** While creation is off, the form offers what was in force before (P13). */
export function toDraft(saved: Settings['apiTokens']): Draft {
  const { creation, groupIds, suspendOutsideGroups } = saved.beforeStop ?? saved
  const audience = creation === 'none' ? (groupIds.length > 0 ? 'groups' : 'all') : creation
  return { allowed: saved.creation !== 'none', audience, groupIds, suspendOutsideGroups }
}

/** The version of the setting before the stop, if this choice restores exactly that (P13). */
export const findRestoredVersion = (choice: Choice, { beforeStop }: Settings['apiTokens']): number | undefined =>
  beforeStop && isSameSetting(choice, beforeStop) ? beforeStop.version : undefined

export function toChoice({ allowed, audience, groupIds, suspendOutsideGroups }: Draft): Choice {
  return { creation: allowed ? audience : 'none', groupIds: [...groupIds].sort(), suspendOutsideGroups }
}

const isSameSetting = (one: Choice, other: Choice): boolean =>
  one.creation === other.creation &&
  one.suspendOutsideGroups === other.suspendOutsideGroups &&
  [...one.groupIds].sort().join() === [...other.groupIds].sort().join()

/** Whether saving would change nothing. While creation is off, the selection under it is not shown and changes nothing. */
export const sameChoice = (one: Choice, other: Choice): boolean =>
  isSameSetting(one, other) || (one.creation === 'none' && other.creation === 'none')

/** P6: nobody would be allowed, and the server would refuse it. */
export const lacksGroups = ({ creation, groupIds }: Choice) => creation === 'groups' && groupIds.length === 0
