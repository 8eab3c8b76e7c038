import type { IdPrefix } from './ids.ts'

/** What the outside world gives us and a test may set: time, identity and chance. */
export interface World {
  now: () => Date
  newId: (prefix: IdPrefix) => string
  randomBytes: (size: number) => Uint8Array
}

/** Where this instance lives and what it is called. */
export interface Instance {
  /** Without a trailing slash. */
  publicUrl: string
  productName: string
}

export interface Mail {
  to: string
  subject: string
  text: string
  html: string
}

/** Mail leaves through here; `configured` tells whether it leaves at all (else links are shown to whoever invites). */
export interface Outbox {
  configured: boolean
  send: (mail: Mail) => Promise<void>
}

/** Passwords, as far as accounts need them; the rest of sign-in belongs to Better Auth. */
export interface Passwords {
  hash: (password: string) => Promise<string>
}

/** Signing a person in, for the doors that end with somebody signed in (invitation, set-up). */
export interface Sessions {
  /** Starts a session; answers the `Set-Cookie` values that carry it. `headers` are the request's. */
  start: (userId: string, headers: Headers) => Promise<string[]>
}

/** What is known about the request that asks, for the audit log (A1). */
export interface RequestFacts {
  requestId: string
  ip: string | null
  userAgent: string | null
}

export type WorkFacts = Record<string, string | number>

/** One piece of work that traces tell of. Its facts hold no secret, and nothing as a client typed it. */
export interface Work {
  name: string
  kind: 'server' | 'client'
  /** W3C Trace Context, as it came. */
  traceparent?: string | undefined
  facts: WorkFacts
}

/** Does a piece of work and tells of it where traces are wanted; `outcome` says what became of it. */
export type Trace = <T>(
  work: Work,
  run: () => Promise<T>,
  outcome: (it: T) => { facts: WorkFacts; failed: boolean },
) => Promise<T>

/** Nobody wants traces. */
export const untraced: Trace = (_work, run) => run()

/** What the service's log must offer; pino does. */
export interface Log {
  error: (facts: object, message: string) => void
  warn: (facts: object, message: string) => void
  info: (facts: object, message: string) => void
}
