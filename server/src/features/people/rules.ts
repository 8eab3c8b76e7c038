import { ok, type Result, refuse } from '../../kernel/result.ts'

/** How a one-time secret reached its reader: by mail and never shown, or shown to an admin or operator. */
export type SecretChannel = 'mail' | 'shown'

/** Only the owner of a mailbox can read a mailed secret, so only that secret proves the address. (O11) */
export const provesAddress = (channel: SecretChannel): boolean => channel === 'mail'

/**
 * A password link does not prove the address of a person with a second factor: the factor may belong to someone who
 * claimed the address first, and a proven person can no longer start afresh. (O11)
 */
export const resetProvesAddress = (reset: { channel: SecretChannel; hasSecondFactor: boolean }): boolean =>
  provesAddress(reset.channel) && !reset.hasSecondFactor

/** Starts the password links that an operator prints. Links in mails are alphanumeric, so none of them starts like this. */
export const shownResetPrefix = 'shown_'

export const channelOfReset = (token: string): SecretChannel => (token.startsWith(shownResetPrefix) ? 'shown' : 'mail')

/** The time in which the person's organizations and live sessions can object to a fresh start. (O12) */
export const freshStartWaitMs = 24 * 60 * 60 * 1000

/** How long a request can be completed or shown after its wait is over; invitations expire earlier. */
export const freshStartLifetimeMs = 30 * 24 * 60 * 60 * 1000

export interface FreshStart {
  readyAt: Date
  stoppedAt: Date | null
}

export type FreshStartState = 'unavailable' | 'available' | 'waiting' | 'ready' | 'stopped'

/** What an invitation's secret can do about a person whose address is not proven. `request` is the one of this secret. (O12) */
export function freshStartState(
  { channel, person, request }: InvitedPerson & { request: FreshStart | undefined },
  now: Date,
): FreshStartState {
  if (!provesAddress(channel) || !person || person.emailProvenAt !== null) return 'unavailable'
  if (!request) return 'available'
  if (request.stoppedAt !== null) return 'stopped'
  return now < request.readyAt ? 'waiting' : 'ready'
}

/** The person who has the invited address already, if anybody, and how the invitation's secret was delivered. */
export interface InvitedPerson {
  channel: SecretChannel
  person: { emailProvenAt: Date | null } | undefined
}

/** A shown secret must not disclose whether the address belongs to a person of another organization. (O13) */
export const disclosedExistence = ({ channel, person }: InvitedPerson): boolean | null =>
  provesAddress(channel) ? person !== undefined : null

/** Each attempt to accept discloses whether the person exists, so an invitation has only a few. (O13) */
export const maxRefusedAttempts = 5

export const hasAttemptsLeft = (refusedAttempts: number): boolean => refusedAttempts < maxRefusedAttempts

export type AcceptanceMethod = 'join' | 'create' | 'start_afresh'

const acceptanceTexts: Record<FreshStartState, string> = {
  unavailable: 'Sign in as the invited person, then accept again.',
  available: 'Sign in as the invited person, or ask to start afresh.',
  waiting: 'Sign in as the invited person, or wait until the fresh start is possible.',
  ready: 'Sign in as the invited person, then accept again.',
  stopped: 'The fresh start was stopped. Sign in as the invited person, then accept again.',
}

/**
 * O3: who may accept. An existing person signs in as the invited address; a new one brings a name and a password. Only
 * a mailed secret can replace the credentials of an existing person, after the wait of its fresh start. (O12)
 */
export function decideAcceptance({
  isSignedIn,
  freshStart,
  personExists,
}: {
  isSignedIn: boolean
  freshStart: FreshStartState
  personExists: boolean
}): Result<AcceptanceMethod, 'sign_in_required'> {
  if (isSignedIn) return ok('join')
  if (!personExists) return ok('create')
  if (freshStart === 'ready') return ok('start_afresh')
  return refuse('sign_in_required', { detail: acceptanceTexts[freshStart] })
}

/** Asking twice changes nothing, so that nobody can postpone a fresh start. (O12) */
export function mayRequestFreshStart(state: FreshStartState): Result<'request' | 'requested', 'not_found'> {
  if (state === 'available') return ok('request')
  return state === 'waiting' || state === 'ready' ? ok('requested') : refuse('not_found')
}
