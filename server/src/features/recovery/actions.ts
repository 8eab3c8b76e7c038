import type { OperatorAuthority } from '../../db/authority.ts'
import { type By, type Change, createOperatorChange, type Reader } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import { type Refused, type Result, refuse } from '../../kernel/result.ts'
import { deleteAccountMapping } from '../account-mappings/actions.ts'
import type { Caller } from '../accounts/rules.ts'
import { readCutUpTo } from '../audit/actions.ts'
import { deleteGroupMember } from '../group-members/actions.ts'
import { withdrawInvitation } from '../invitations/actions.ts'
import { changeMemberRole, removeMember } from '../members/actions.ts'
import { deleteOAuthProvider, updateOAuthProvider } from '../oauth-providers/actions.ts'
import { deleteServiceAccount, updateServiceAccount } from '../service-accounts/actions.ts'
import { groupsAmong, imposeSettings, readTokenCreation } from '../settings/actions.ts'
import { sameTokenCreation, suspensionOf, type TokenCreation } from '../settings/rules.ts'
import { deleteToken, listTokens, retireSecret, type TokenView } from '../tokens/actions.ts'
import {
  accountIn,
  type LostEvent,
  type Stand,
  type Step,
  type StepKind,
  settingIn,
  standOf,
  stepsOf,
} from './rules.ts'
import { knownEvents, lastSaves } from './store.ts'

/** Who recovers: whoever runs the instance, by no request. */
export type Origin = Omit<By<OperatorAuthority>, 'organizationId' | 'at'>

interface Place {
  organizationId: string
  origin: Origin
}

const byOf = (deps: Deps, { organizationId, origin }: Place): By<OperatorAuthority> => ({
  ...origin,
  organizationId,
  at: deps.now(),
})

/** The operator in an admin's place, for actions that ask who calls; what they write bears the operator's name. */
const callerIn = (organizationId: string): Caller => ({
  accountId: '',
  organizationId,
  kind: 'member',
  name: '',
  role: 'admin',
  credential: { kind: 'session', userId: '', sessionId: '' },
  requires: 'admin',
})
const noFacts = { requestId: '', ip: null, userAgent: null }
const standNow = async (db: Reader, organizationId: string, present: TokenCreation): Promise<Stand> =>
  standOf(present, await lastSaves(db, organizationId))

/** How an organization stands, and what its setting is. */
export const getStand = (deps: Deps, organizationId: string): Promise<{ stand: Stand; present: TokenCreation }> =>
  deps.read(organizationId, async (db) => {
    const present = await readTokenCreation(db, organizationId)
    return { stand: await standNow(db, organizationId, present), present }
  })

/** Lowers an organization's gate until that is confirmed. False: it was down already, and stays. */
export async function holdOrganization(deps: Deps, place: Place): Promise<boolean> {
  const saved = await imposeSettings(deps, byOf(deps, place), async (_db, present) =>
    present.creation === 'none' ? [] : [{ ...present, creation: 'none' }],
  )
  return saved.ok && saved.value > 0
}

/** Gives an organization back the setting that stood before, unless somebody saved another meanwhile. */
export async function releaseOrganization(deps: Deps, place: Place): Promise<Stand> {
  let found: Stand = { kind: 'free' }
  await imposeSettings(deps, byOf(deps, place), async (db, present) => {
    found = await standNow(db, place.organizationId, present)
    return found.kind === 'held' ? [found.before] : []
  })
  return found
}

const tokensAtOnce = 500

/** The tokens that would open again if this setting came back; some at a time, newest first. */
export async function* tokensThatWouldOpen(deps: Deps, organizationId: string, setting: TokenCreation) {
  const suspended = suspensionOf(setting)
  let before: string | undefined
  for (;;) {
    const found = await listTokens(deps, callerIn(organizationId), { state: 'suspended', before, limit: tokensAtOnce })
    const page: TokenView[] = found.ok ? found.value.slice(0, tokensAtOnce) : []
    const opening = page.filter((it) => !suspended[it.ownerSelected ? 'selected' : 'others'])
    if (opening.length > 0) yield opening
    before = page.at(-1)?.id
    if (!found.ok || found.value.length <= tokensAtOnce || before === undefined) return
  }
}

/** Those of an organization's events that its log does not have, since they came after the backup. */
export async function lostAmong(
  deps: Deps,
  organizationId: string,
  events: readonly LostEvent[],
): Promise<LostEvent[]> {
  if (events.length === 0) return []
  const ids = events.map((it) => it.id)
  // What a cut removed had been there, too.
  const [known, cutUpTo] = await deps.read(organizationId, async (db) => [
    await knownEvents(db, organizationId, ids),
    await readCutUpTo(db, organizationId),
  ])
  return events.filter((it) => !known.has(it.id) && it.sequence > cutUpTo)
}

type Outcome = Result<unknown, string>
type Again = (deps: Deps, place: Place, event: LostEvent) => Promise<Outcome>

/** One of the existing actions, on what the event was about; what it writes bears the operator's name. */
const again =
  (act: (deps: Deps, caller: Caller, event: LostEvent) => Promise<Outcome>): Again =>
  async (deps, { organizationId, origin }, event) => {
    let changes = true
    const operatorChange = createOperatorChange(deps.change, origin)
    const change: Change = (by, work) =>
      operatorChange(by, async (tx, actor) => {
        const outcome = await work(tx, actor)
        changes = !(outcome.ok && 'unchanged' in outcome)
        return outcome
      })
    const result = await act({ ...deps, change }, callerIn(organizationId), event)
    return changes ? result : refuse('not_found')
  }

const steps: Record<Exclude<StepKind, 'by_hand'>, Again> = {
  revoke_token: again((deps, caller, { target }) => deleteToken(deps, caller, noFacts, target.id)),
  remove_member: again((deps, caller, { target }) => removeMember(deps, caller, noFacts, target.id)),
  delete_service_account: again((deps, caller, { target }) => deleteServiceAccount(deps, caller, noFacts, target.id)),
  withdraw_invitation: again((deps, caller, { target }) => withdrawInvitation(deps, caller, noFacts, target.id)),
  delete_mapping: again((deps, caller, { target }) => deleteAccountMapping(deps, caller, noFacts, target.id)),
  delete_provider: again((deps, caller, { target }) => deleteOAuthProvider(deps, caller, noFacts, target.id)),
  disable_provider: again((deps, caller, { target }) =>
    updateOAuthProvider(deps, caller, noFacts, { id: target.id, enabled: false }),
  ),
  demote_member: again((deps, caller, { target }) =>
    changeMemberRole(deps, caller, noFacts, { id: target.id, role: 'member' }),
  ),
  demote_service_account: again((deps, caller, { target }) =>
    updateServiceAccount(deps, caller, noFacts, { id: target.id, role: 'member' }),
  ),
  leave_group: again((deps, caller, event) =>
    deleteGroupMember(deps, caller, noFacts, { groupId: event.target.id, accountId: accountIn(event) ?? '' }),
  ),
  // The secret that a lost refresh gave out is unknown here, so the token has none until its owner refreshes it.
  retire_secret: again((deps, caller, { target, time }) => retireSecret(deps, caller, noFacts, target.id, time)),
  set: setAgain,
}

/**
 * A lost save of the setting becomes what a confirmation gives back, while the gate stays down: both are written in one
 * change, so that none is in force in between. If the lost save had lowered the gate, a confirmation leaves it down.
 */
async function setAgain(deps: Deps, place: Place, { actor, before, after }: LostEvent): Promise<Outcome> {
  // An operator who lowered the gate had begun a recovery, which is lost, too: what stood before it is what was wanted.
  const isHold = actor.kind === 'operator' && settingIn(after)?.creation === 'none'
  const told = settingIn(isHold ? before : after)
  const saved = await imposeSettings(deps, byOf(deps, place), async (db, present) => {
    const stand = await standNow(db, place.organizationId, present)
    if (stand.kind !== 'held' || !told) return []
    const wanted = { ...told, groupIds: await groupsAmong(db, told.groupIds) }
    return sameTokenCreation(stand.before, wanted) ? [] : [wanted, { ...wanted, creation: 'none' }]
  })
  return saved.ok && saved.value === 0 ? refuse('not_found') : saved
}

export interface Applied {
  step: Step
  /** `absent`: there was nothing to do any more, or what it is about is not there. */
  outcome: 'done' | 'absent' | 'by_hand' | Refused<string>
}

/** Does again what lost events took away. One change a step, each as if an admin did it now; a second time does nothing. */
export async function* applyLost(
  deps: Deps,
  place: Place,
  lost: readonly LostEvent[],
): AsyncGenerator<Applied, void, undefined> {
  for (const step of stepsOf(lost)) {
    if (step.kind === 'by_hand') {
      yield { step, outcome: 'by_hand' }
      continue
    }
    const result = await steps[step.kind](deps, place, step.event)
    if (result.ok) yield { step, outcome: 'done' }
    else yield { step, outcome: result.code === 'not_found' ? 'absent' : result }
  }
}
