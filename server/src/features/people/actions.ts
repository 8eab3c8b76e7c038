import { createJobAuthority, type JobAuthority, type OperatorAuthority } from '../../db/authority.ts'
import type { By } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import type { Membership } from '../../db/lookups.ts'
import type { Person } from '../../db/people.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { revokeTokens } from '../accounts/actions.ts'
import type { AuditAction } from '../audit/rules.ts'
import { freshStartWaitMs } from './rules.ts'

/** Who acts on a person's sign-in. Without an actor it is the person, as a member of each organization. */
export type PersonOrigin = Omit<By<OperatorAuthority | JobAuthority>, 'organizationId' | 'at' | 'actor'> &
  Partial<Pick<By, 'actor'>>

interface PersonChange {
  action: AuditAction
  after?: unknown
  /** Revokes the managed tokens of the person's account and lists them in the event. */
  revokesTokens?: true
}

/** Records a change of a person's sign-in in each of their organizations (A1), one after another. */
async function recordInOrganizations(
  deps: Deps,
  person: Person,
  origin: PersonOrigin,
  { action, after, revokesTokens }: PersonChange,
): Promise<Membership[]> {
  const memberships = await deps.lookups.membershipsOf(person.id)
  for (const { organizationId, accountId } of memberships) {
    const member = { kind: 'member' as const, id: accountId, name: person.name }
    const at = deps.now()
    await deps.change({ actor: member, ...origin, organizationId, at }, async (tx) => {
      const before = revokesTokens && { tokens: await revokeTokens(tx, accountId, at) }
      const event = { action, target: member, ...(before && { before }), ...(after !== undefined && { after }) }
      return { ok: true, value: undefined, events: [event], forget: [{ kind: 'account', id: accountId }] }
    })
  }
  return memberships
}

/**
 * O12: begins the wait of a fresh start. The organizations are notified before it counts, so that no wait can end
 * without a notice; the event does not name the organization that invites.
 */
export async function requestFreshStart(
  deps: Deps,
  { person, secretHash }: { person: Person; secretHash: string },
  facts: RequestFacts,
): Promise<void> {
  const readyAt = new Date(deps.now().getTime() + freshStartWaitMs)
  const actor = { kind: 'anonymous', id: null, name: '' } as const
  const origin = { ...facts, actor, authority: createJobAuthority('fresh start') }
  await recordInOrganizations(deps, person, origin, { action: 'fresh_start.requested', after: { readyAt } })
  const at = deps.now()
  await deps.people.requestFreshStart({
    secretHash,
    userId: person.id,
    at,
    readyAt: new Date(at.getTime() + freshStartWaitMs),
  })
}

/**
 * O12: ends every way to sign in and revokes the managed tokens of a person whose fresh start is ready. What follows
 * can fail and be repeated: sign-in ends first, so nobody can create a token that this misses.
 */
export async function completeFreshStart(
  deps: Deps,
  start: { person: Person; secretHash: string; name: string },
  facts: RequestFacts,
): Promise<boolean> {
  const { person, secretHash, name } = start
  const ended = await deps.people.endSignInForFreshStart({ secretHash, userId: person.id, name, now: deps.now() })
  if (!ended) return false
  const renamed = { ...person, name }
  const origin = { ...facts, authority: createJobAuthority('fresh start') }
  await recordInOrganizations(deps, renamed, origin, { action: 'fresh_start.completed', revokesTokens: true })
  return true
}

/** O12: the operator's objection. Answers how many requests were stopped. */
export async function stopFreshStart(deps: Deps, person: Person, origin: PersonOrigin): Promise<number> {
  const stopped = await deps.people.stopFreshStarts(person.id, deps.now())
  if (stopped > 0) await recordInOrganizations(deps, person, origin, { action: 'fresh_start.stopped' })
  return stopped
}

/** O11: the operator vouches for the address, which also ends requests for a fresh start. */
export async function confirmAddress(deps: Deps, person: Person, origin: PersonOrigin): Promise<void> {
  await deps.people.proveAddress(person.id, deps.now())
  await recordInOrganizations(deps, person, origin, { action: 'member.address_confirmed' })
}

/** O14: ends every way in that the person has, and revokes their managed tokens. The memberships stay. */
export async function resetPerson(deps: Deps, person: Person, origin: PersonOrigin): Promise<Membership[]> {
  await deps.people.endSignIn(person.id)
  return recordInOrganizations(deps, person, origin, { action: 'member.sign_in_reset', revokesTokens: true })
}

/** O14: turns the second factor off, which no link can do. False when none was on. */
export async function resetSecondFactor(deps: Deps, person: Person, origin: PersonOrigin): Promise<boolean> {
  const wasOn = await deps.people.endSecondFactor(person.id)
  if (wasOn) await recordInOrganizations(deps, person, origin, { action: 'second_factor.reset' })
  return wasOn
}
