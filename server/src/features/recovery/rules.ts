import type { Actor, AuditAction, AuditRecord } from '../audit/rules.ts'
import type { TokenCreation } from '../settings/rules.ts'

/** A save of the setting, as the audit log tells of it. */
export interface SettingsEvent {
  time: Date
  actor: Actor
  before: unknown
  after: unknown
}

/** The setting that an event tells of; undefined when it tells of none. */
export function settingIn(told: unknown): TokenCreation | undefined {
  const { creation, groups, suspendOutsideGroups } = (told ?? {}) as Record<string, unknown>
  if (creation !== 'all' && creation !== 'groups' && creation !== 'none') return undefined
  if (!Array.isArray(groups) || typeof suspendOutsideGroups !== 'boolean') return undefined
  return { creation, groupIds: groups.map((it: { id: string }) => it.id), suspendOutsideGroups }
}

/** How an organization stands after its gate was lowered for a recovery. */
export type Stand =
  /** Its gate is down since then; `before` comes back once that is confirmed. */
  | { kind: 'held'; since: Date; before: TokenCreation }
  /** Somebody saved the setting since: whatever stands there now is theirs. */
  | { kind: 'changed'; by: string; at: Date }
  /** Nothing waits for a confirmation. */
  | { kind: 'free' }

/** Nothing is remembered of a recovery but the event that began it: no operator saves a setting otherwise. */
export function standOf(
  present: TokenCreation,
  { newest, newestByOperator }: { newest: SettingsEvent | undefined; newestByOperator: SettingsEvent | undefined },
): Stand {
  if (!newest || settingIn(newestByOperator?.after)?.creation !== 'none') return { kind: 'free' }
  if (newest.actor.kind !== 'operator') return { kind: 'changed', by: newest.actor.name, at: newest.time }
  const before = settingIn(newest.before)
  if (!before || before.creation === 'none' || present.creation !== 'none') return { kind: 'free' }
  return { kind: 'held', since: newest.time, before }
}

/** An event that came after a backup: the audit log's export knows it, the restored database does not. */
export interface LostEvent extends Omit<AuditRecord, 'time' | 'ip' | 'userAgent' | 'requestId'> {
  time: Date
}

const finalSteps = {
  'token.revoked': 'revoke_token',
  'member.removed': 'remove_member',
  'service_account.deleted': 'delete_service_account',
  'invitation.withdrawn': 'withdraw_invitation',
  'account_mapping.deleted': 'delete_mapping',
  'oauth_provider.deleted': 'delete_provider',
  'token.refreshed': 'retire_secret',
  'settings.updated': 'set',
} as const satisfies Partial<Record<AuditAction, string>>

/** What took something away and is not simple to do again: told to the operator. */
const byHand: readonly string[] = [
  'group.deleted',
  'invitation.resent',
  'invitation.link_shown',
  'oauth_provider.updated',
  'password.changed',
  'password.reset',
  'second_factor.enabled',
] satisfies AuditAction[]

export type StepKind =
  | (typeof finalSteps)[keyof typeof finalSteps]
  | ('demote_member' | 'demote_service_account' | 'disable_provider' | 'leave_group' | 'by_hand')

export interface Step {
  kind: StepKind
  event: LostEvent
}

/** An action of a file is any text, and must not be found among what every object inherits. */
const isFinal = (action: string): action is keyof typeof finalSteps => Object.hasOwn(finalSteps, action)

/** The account that an event of a group tells of. */
export const accountIn = ({ before, after }: LostEvent): string | undefined =>
  ((after ?? before) as { account?: { id?: string } } | null)?.account?.id

/** What an event is about, so that the newest about it counts, and what to do again if it is the newest. */
function meaningOf(event: LostEvent): { about: string; kind?: StepKind } | undefined {
  const { action, target } = event
  const after = (event.after ?? {}) as { role?: unknown; enabled?: unknown }
  if (isFinal(action)) return { about: action, kind: finalSteps[action] }
  if (action === 'member.role_changed' || (action === 'service_account.updated' && after.role !== undefined)) {
    const kind = target.kind === 'member' ? 'demote_member' : 'demote_service_account'
    return { about: 'role', ...(after.role === 'member' && { kind }) }
  }
  if (action === 'oauth_provider.updated' && after.enabled !== undefined)
    return { about: 'enabled', ...(after.enabled === false && { kind: 'disable_provider' }) }
  if (action.startsWith('group.member_')) {
    const about = `${accountIn(event)}`
    if (action === 'group.member_removed') return { about, kind: 'leave_group' }
    return { about, ...(action === 'group.member_changed' && after.role === 'member' && { kind: 'by_hand' }) }
  }
  return byHand.includes(action) ? { about: action, kind: 'by_hand' } : undefined
}

/** Does an event matter here at all, be it that a newer one of the same kind makes it void? */
export const concernsRecovery = (event: LostEvent): boolean => meaningOf(event) !== undefined

/** What must be done again of an organization's lost events, in the order in which it happened. */
export function stepsOf(events: readonly LostEvent[]): Step[] {
  const newest = new Map<string, LostEvent>()
  for (const event of events) {
    const meaning = meaningOf(event)
    if (!meaning) continue
    const key = `${meaning.about} ${event.target.id}`
    if ((newest.get(key)?.sequence ?? 0) < event.sequence) newest.set(key, event)
  }
  return [...newest.values()]
    .sort((a, b) => a.sequence - b.sequence)
    .flatMap((event) => {
      const kind = meaningOf(event)?.kind
      return kind ? [{ kind, event }] : []
    })
}
