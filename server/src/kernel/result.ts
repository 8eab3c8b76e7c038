/** A fault in what was sent: where it stands (RFC 6901-like path with dots) and what to do about it. */
export interface Fault {
  path: string
  message: string
}

/** What a refusal may say beyond its code; `detail` never repeats an id or a secret. */
export interface RefusalFacts {
  detail?: string
  errors?: readonly Fault[]
  /** For 429: when it is worth trying again (RFC 9110 §10.2.3). */
  retryAfterSeconds?: number
  /** The present state, for 412 (P10): what the caller's change would have overwritten. */
  current?: unknown
}

export type Refused<Code extends string> = { ok: false; code: Code } & RefusalFacts

/** Refusals are values. Anything thrown is a bug or a broken dependency. */
export type Result<T, Code extends string> = { ok: true; value: T } | Refused<Code>

export const ok = <T>(value: T) => ({ ok: true, value }) as const

export const refuse = <const Code extends string>(code: Code, facts: RefusalFacts = {}): Refused<Code> => ({
  ok: false,
  code,
  ...facts,
})

/** A 422 for one field, for faults that only an action can see (an id of a body that leads nowhere). */
export const invalid = (path: string, message: string): Refused<'invalid_request'> =>
  refuse('invalid_request', { errors: [{ path, message }] })
