import type { AccountAuthority, Caller, Denial } from '../features/accounts/rules.ts'

/* On whose authority a change is made (A4). Each kind has a check of its own, made under the organization's lock. */

/** The holder of an invitation's secret; with a session where a person who exists accepts it (O3). */
export interface InvitationAuthority {
  kind: 'invitation'
  /** Of the secret. */
  hash: string
  session?: { userId: string; sessionId: string } | undefined
}

/** The holder of the set-up link of a first start. */
export interface SetupAuthority {
  kind: 'setup'
  /** Of the secret. */
  hash: string
}

declare const madeHere: unique symbol

/** Whoever runs the instance. The brand keeps object literals out; a test lists who calls `createOperatorAuthority`. */
export interface OperatorAuthority {
  kind: 'operator'
  readonly [madeHere]: true
}

/** The service itself; a test lists who calls `createJobAuthority`. */
export interface JobAuthority {
  kind: 'job'
  job: string
  readonly [madeHere]: true
}

export type Authority = AccountAuthority | InvitationAuthority | SetupAuthority | OperatorAuthority | JobAuthority

/** For `cli/` and the start of the process alone: nothing about it is checked. */
export const createOperatorAuthority = (): OperatorAuthority => ({ kind: 'operator' }) as OperatorAuthority

/** For modules that work without a request: nothing about it is checked. */
export const createJobAuthority = (job: string): JobAuthority => ({ kind: 'job', job }) as JobAuthority

/** What `work` is given: the caller as the lock found it, for changes that an account asks for. */
export type ActorOf<A extends Authority> = A extends AccountAuthority ? Caller : undefined

export type DenialOf<A extends Authority> = A extends AccountAuthority
  ? Denial
  : A extends InvitationAuthority
    ? 'not_found' | 'sign_in_required'
    : A extends SetupAuthority
      ? 'not_found'
      : never
