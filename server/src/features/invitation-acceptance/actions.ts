import type { InvitationAuthority } from '../../db/authority.ts'
import type { Writer } from '../../db/change.ts'
import type { Deps } from '../../db/deps.ts'
import {
  findFreshStart,
  findPersonState,
  insertCredential,
  insertPerson,
  type Person,
  type PersonState,
  proveAddress,
} from '../../db/people.ts'
import type { RequestFacts } from '../../kernel/deps.ts'
import { ok, type Result, refuse } from '../../kernel/result.ts'
import { linkHash } from '../../kernel/secrets.ts'
import type { Principal } from '../access/rules.ts'
import { type PreparedPerson, preparePerson } from '../accounts/actions.ts'
import { isInvitationOpen } from '../accounts/rules.ts'
import { rejectMissingSignIn } from '../authorization/rules.ts'
import { readOrganization } from '../organizations/actions.ts'
import { type OrganizationView, organizationFor } from '../organizations/rules.ts'
import { completeFreshStart, requestFreshStart } from '../people/actions.ts'
import {
  decideAcceptance,
  disclosedExistence,
  type FreshStartState,
  freshStartState,
  hasAttemptsLeft,
  mayRequestFreshStart,
  provesAddress,
} from '../people/rules.ts'
import { countRefusedAttempt, findBySecret, joinAccount, type OpenedInvitation } from './store.ts'

const isUsable = (invitation: OpenedInvitation, now: Date): boolean =>
  isInvitationOpen(invitation.expiresAt, now) && hasAttemptsLeft(invitation.refusedAttempts)

/** The invitation that a secret opens at this moment. */
async function findOpen(deps: Deps, secret: string) {
  const hash = linkHash(secret)
  const found = await deps.lookups.findInvitation(hash)
  if (!found) return undefined
  return deps.read(found.organizationId, async (db) => {
    const invitation = await findBySecret(db, found.organizationId, hash)
    if (!invitation || !isUsable(invitation, deps.now())) return undefined
    return { invitation, hash, organization: await readOrganization(db, found.organizationId) }
  })
}

type Open = NonNullable<Awaited<ReturnType<typeof findOpen>>>

/** The same two queries for every invitation, so that their time does not disclose who has the address. (O13) */
async function loadInvitedPerson(deps: Deps, { invitation, hash }: Open) {
  const [person, request] = await Promise.all([
    deps.people.stateByEmail(invitation.email),
    deps.people.freshStart(hash),
  ])
  const state = freshStartState({ channel: invitation.channel, person, request }, deps.now())
  return { person, state, request }
}

export interface FreshStartView {
  state: Exclude<FreshStartState, 'unavailable'>
  readyAt?: Date
}

function viewFreshStart(state: FreshStartState, request: { readyAt: Date } | undefined): FreshStartView | null {
  if (state === 'unavailable') return null
  const isPending = request && (state === 'waiting' || state === 'ready')
  return { state, ...(isPending && { readyAt: request.readyAt }) }
}

export interface OpenInvitationView {
  organization: { id: string; name: string; slug: string }
  email: string
  expiresAt: Date
  userExists: boolean | null
  freshStart: FreshStartView | null
}

/** Unknown, expired, used, void and withdrawn secrets get one answer, and so do those with too many refused attempts. */
export async function getInvitation(deps: Deps, secret: string): Promise<Result<OpenInvitationView, 'not_found'>> {
  const open = await findOpen(deps, secret)
  if (!open) return refuse('not_found')
  const { organization, invitation } = open
  const { person, state, request } = await loadInvitedPerson(deps, open)
  return ok({
    organization: { id: organization.id, name: organization.name, slug: organization.slug },
    email: invitation.email,
    expiresAt: invitation.expiresAt,
    userExists: disclosedExistence({ channel: invitation.channel, person }),
    freshStart: viewFreshStart(state, request),
  })
}

/** O12: begins the wait after which this invitation may replace the sign-in of an unproven person. */
export async function startAfresh(
  deps: Deps,
  secret: string,
  facts: RequestFacts,
): Promise<Result<FreshStartView, 'not_found'>> {
  const open = await findOpen(deps, secret)
  if (!open) return refuse('not_found')
  const { person, state } = await loadInvitedPerson(deps, open)
  const allowed = mayRequestFreshStart(state)
  if (!allowed.ok || !person) return refuse('not_found')
  if (allowed.value === 'request') await requestFreshStart(deps, { person, secretHash: open.hash }, facts)
  const current = await loadInvitedPerson(deps, open)
  const view = viewFreshStart(current.state, current.request)
  return view ? ok(view) : refuse('not_found')
}

export interface Acceptance {
  secret: string
  /** Who is signed in while accepting, if anybody. */
  signedIn: Principal | undefined
  name?: string | undefined
  password?: string | undefined
}

/** What an acceptance brings: the session of the invited person, or a name and a password. */
type Bringing =
  | { session: Person & { sessionId: string }; prepared?: undefined }
  | { session?: undefined; prepared: PreparedPerson }

/** Everything that is decided before anybody looks for the person, so that no fault discloses whether they exist. (O13) */
async function readAcceptance(
  deps: Deps,
  { signedIn, name, password }: Acceptance,
  email: string,
): Promise<Result<Bringing, 'sign_in_required' | 'invalid_request'>> {
  const sent = Object.entries({ name, password })
  if (signedIn?.kind === 'session' && signedIn.email === email) {
    const errors = sent
      .filter(([, value]) => value !== undefined)
      .map(([path]) => ({ path, message: 'Leave it out: you are signed in as the invited person.' }))
    const session = { id: signedIn.userId, name: signedIn.name, email, sessionId: signedIn.sessionId }
    return errors.length > 0 ? refuse('invalid_request', { errors }) : ok({ session })
  }
  if (name === undefined && password === undefined) return rejectMissingSignIn()
  if (name === undefined || password === undefined) {
    const missing = sent.filter(([, value]) => value === undefined)
    return refuse('invalid_request', { errors: missing.map(([path]) => ({ path, message: `Enter a ${path}.` })) })
  }
  const prepared = await preparePerson(deps, { name, password, email })
  return prepared.ok ? ok({ prepared: prepared.value }) : prepared
}

/** What the change finds under the organization's lock. */
interface Found {
  invitation: OpenedInvitation
  person: PersonState | undefined
  state: FreshStartState
}

async function findAgain(tx: Writer, organizationId: string, hash: string, at: Date): Promise<Found | undefined> {
  const invitation = await findBySecret(tx, organizationId, hash)
  if (!invitation || !isUsable(invitation, at)) return undefined
  const person = await findPersonState(tx, invitation.email)
  const request = await findFreshStart(tx, hash)
  return { invitation, person, state: freshStartState({ channel: invitation.channel, person, request }, at) }
}

/** Writes the person who joins. Undefined when another organization's change was faster: sign-in is required now. */
async function writePerson(
  tx: Writer,
  { invitation, person }: Found,
  bringing: Bringing,
  at: Date,
): Promise<Person | undefined> {
  const isProof = provesAddress(invitation.channel)
  if (bringing.session) {
    if (isProof) await proveAddress(tx, bringing.session.id, at)
    return bringing.session
  }
  const { prepared } = bringing
  if (person) {
    // Of two fresh starts at the same moment, only the first finds the address unproven.
    if (!(await proveAddress(tx, person.id, at))) return undefined
    await insertCredential(tx, person.id, { ...prepared.credential, at })
    return { ...person, name: prepared.person.name }
  }
  const emailProvenAt = isProof ? at : null
  const inserted = await insertPerson(tx, { ...prepared.person, ...prepared.credential, at, emailProvenAt })
  return inserted ? prepared.person : undefined
}

/** Decides and joins under the lock of the organization. `hasEnded`: this acceptance ended the former sign-in. (O3, O12) */
function joinOrganization(
  deps: Deps,
  { organization: { id: organizationId }, hash, invitation: { accountId } }: Open,
  bringing: Bringing & { hasEnded: boolean },
  facts: RequestFacts,
): Promise<Result<{ organization: OrganizationView; person: Person }, 'not_found' | 'sign_in_required'>> {
  const at = deps.now()
  const { name } = bringing.session ?? bringing.prepared.person
  const actor = { kind: 'member' as const, id: accountId, name }
  const { session } = bringing
  const authority: InvitationAuthority = {
    kind: 'invitation',
    hash,
    session: session && { userId: session.id, sessionId: session.sessionId },
  }
  return deps.change({ organizationId, actor, authority, at, ...facts }, async (tx) => {
    const found = await findAgain(tx, organizationId, hash, at)
    if (!found) return refuse('not_found')
    const { invitation, state } = found
    const method = decideAcceptance({
      isSignedIn: bringing.session !== undefined,
      // A wait that ended a moment ago is not ready for this attempt, which has ended nothing.
      freshStart: state === 'ready' && !bringing.hasEnded ? 'waiting' : state,
      personExists: found.person !== undefined,
    })
    if (!method.ok) return method
    const person = await writePerson(tx, found, bringing, at)
    if (!person) return refuse('sign_in_required', { detail: 'Sign in as the invited person, then accept again.' })
    await joinAccount(tx, invitation, person, at)
    const event = {
      action: 'member.joined' as const,
      target: { kind: 'member' as const, id: accountId, name: person.name },
      before: { status: 'invited', invitation: invitation.id },
      after: { status: 'joined', email: invitation.email },
    }
    const organization = organizationFor(invitation.role, await readOrganization(tx, organizationId))
    return {
      ok: true,
      value: { organization, person },
      events: [event],
      forget: [{ kind: 'account', id: accountId }],
    }
  })
}

/**
 * O13: a refused attempt discloses that the person exists, so it is counted and recorded before it is answered: parallel
 * attempts cannot all pass on the same count.
 */
function recordRefusal(
  deps: Deps,
  { organization: { id: organizationId }, hash }: Open,
  facts: RequestFacts,
): Promise<Result<void, 'not_found' | 'sign_in_required'>> {
  const at = deps.now()
  const actor = { kind: 'anonymous' as const, id: null, name: '' }
  const authority: InvitationAuthority = { kind: 'invitation', hash }
  return deps.change({ organizationId, actor, authority, at, ...facts }, async (tx) => {
    const invitation = await findBySecret(tx, organizationId, hash)
    if (!invitation || !isUsable(invitation, at)) return refuse('not_found')
    await countRefusedAttempt(tx, invitation.id)
    const target = { kind: 'invitation' as const, id: invitation.id, name: invitation.email }
    return { ok: true, value: undefined, events: [{ action: 'invitation.refused', target }], forget: [] }
  })
}

/** O12: ends the former sign-in of the person whose fresh start is ready; false when none is. */
async function endFormerSignIn(deps: Deps, open: Open, name: string, facts: RequestFacts): Promise<boolean> {
  const { person, state } = await loadInvitedPerson(deps, open)
  if (!person || state !== 'ready') return false
  return completeFreshStart(deps, { person, secretHash: open.hash, name }, facts)
}

/** O3: accepts an invitation, which joins the account to the person with the invited address and signs a new one in. */
export async function acceptInvitation(
  deps: Deps,
  acceptance: Acceptance,
  { facts, headers }: { facts: RequestFacts; headers: Headers },
): Promise<
  Result<{ organization: OrganizationView; cookies: string[] }, 'not_found' | 'sign_in_required' | 'invalid_request'>
> {
  const open = await findOpen(deps, acceptance.secret)
  if (!open) return refuse('not_found')
  const bringing = await readAcceptance(deps, acceptance, open.invitation.email)
  if (!bringing.ok) return bringing
  const { prepared } = bringing.value
  const hasEnded = prepared !== undefined && (await endFormerSignIn(deps, open, prepared.person.name, facts))
  const joined = await joinOrganization(deps, open, { ...bringing.value, hasEnded }, facts)
  if (!joined.ok) {
    if (joined.code === 'not_found') return joined
    const recorded = await recordRefusal(deps, open, facts)
    return recorded.ok ? joined : recorded
  }
  const { organization, person } = joined.value
  return ok({ organization, cookies: prepared ? await deps.sessions.start(person.id, headers) : [] })
}
