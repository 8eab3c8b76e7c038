const minute = 60
const hour = 60 * minute
const day = 24 * hour

/** So many attempts in a window of so many seconds. */
export interface Limit {
  most: number
  seconds: number
}

/**
 * What guards against guessing, and against making this instance work or write for others. Attempts at signing in that
 * succeed are given back, so what counts is failures. `sign_in_here` counts one person's from one address and is reached
 * long before `sign_in` (that person from anywhere), so that nobody locks a stranger out from one place. A name that ends
 * with `_from` counts an address, any other a person or an account. The gate has none of these (N4).
 */
export const limits = {
  sign_in_from: { most: 50, seconds: 15 * minute },
  sign_in_here: { most: 10, seconds: 15 * minute },
  sign_in: { most: 100, seconds: hour },
  /** Of one person from a browser that is known to them (S5). */
  sign_in_device: { most: 10, seconds: 15 * minute },
  /** Codes of the second factor, for one person. */
  second_factor: { most: 10, seconds: 15 * minute },
  /** The present password, asked again of somebody who is signed in. */
  password: { most: 10, seconds: 15 * minute },
  /** Asking for a link: what counts is every mail; beyond, everybody is answered alike and none leaves. */
  forgotten_from: { most: 20, seconds: hour },
  forgotten: { most: 1, seconds: 10 * minute },
  /** Guessing the secret of a link. */
  reset_from: { most: 20, seconds: 15 * minute },
  invitation_from: { most: 100, seconds: 15 * minute },
  setup_from: { most: 100, seconds: 15 * minute },
  /** Inviting people: what counts is every person who is written to. */
  inviting: { most: 500, seconds: hour },
  inviting_from: { most: 2000, seconds: hour },
  /** Mails with an invitation of one organization to one address, so that no admin fills a mailbox. */
  invited_address: { most: 10, seconds: day },
  /** Mails about changes of one person's sign-in: who claimed the address may repeat such changes. */
  security_notice: { most: 10, seconds: hour },
  /** Whatever makes us ask an address that an admin typed (E7). */
  key_fetch: { most: 60, seconds: 5 * minute },
  key_fetch_from: { most: 300, seconds: 5 * minute },
  feedback: { most: 60, seconds: hour },
  feedback_from: { most: 600, seconds: hour },
} as const satisfies Record<string, Limit>

export type LimitName = keyof typeof limits

/** What accounts may do only so often; each has two limits, one for the account and one for the address. */
export type Rationed = 'inviting' | 'key_fetch' | 'feedback'

/** A limit that is counted in the database, or one of those that each process keeps: requests at once, their queue, and changes. */
export const reachedLimits = [
  ...(Object.keys(limits) as LimitName[]),
  'in_flight',
  'in_flight_from',
  'organization_queue',
  'change',
  'change_organization',
] as const
export type ReachedLimit = (typeof reachedLimits)[number]

/** Whole seconds until a window that began at `startedMs` is over; undefined while there is room in it. */
export function waitSeconds(limit: Limit, it: { count: number; startedMs: number }, nowMs: number): number | undefined {
  if (it.count <= limit.most) return undefined
  return Math.max(1, Math.ceil((it.startedMs + limit.seconds * 1000 - nowMs) / 1000))
}
