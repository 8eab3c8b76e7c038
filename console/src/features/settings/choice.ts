import type { Choice } from './queries'

/** The form's view of the setting: a checkbox, two options, and a selection that every mode keeps (P6). */
export type Draft = {
  allowed: boolean
  audience: 'all' | 'groups'
  groupIds: string[]
  suspendOutsideGroups: boolean
}

export function toDraft({ creation, groupIds, suspendOutsideGroups }: Choice): Draft {
  const audience = creation === 'none' ? (groupIds.length > 0 ? 'groups' : 'all') : creation
  return { allowed: creation !== 'none', audience, groupIds, suspendOutsideGroups }
}

export function toChoice({ allowed, audience, groupIds, suspendOutsideGroups }: Draft): Choice {
  return { creation: allowed ? audience : 'none', groupIds: [...groupIds].sort(), suspendOutsideGroups }
}

export function sameChoice(one: Choice, other: Choice): boolean {
  return (
    one.creation === other.creation &&
    one.suspendOutsideGroups === other.suspendOutsideGroups &&
    [...one.groupIds].sort().join() === [...other.groupIds].sort().join()
  )
}

/** P6: nobody would be allowed, and the server would refuse it. */
export const lacksGroups = ({ creation, groupIds }: Choice) => creation === 'groups' && groupIds.length === 0
