import type { ZodType } from 'zod'
import type { Person } from '../db/people.ts'
import type { Session, SignIn } from '../features/sign-in/actions.ts'
import type { GuardedTransaction, GuardKind } from '../features/sign-in/store.ts'
import type { RequestFacts } from '../kernel/deps.ts'
import type { LimitName } from '../kernel/limits.ts'

/** What one of sign-in's routes was asked, with whatever is known of the person whom it is about. */
export interface Asked {
  body: Record<string, unknown>
  headers: Headers
  facts: RequestFacts
  /** By the machine's clock, as Better Auth's own times. */
  startedAt: Date
  session: Session | undefined
  person: Person | undefined
}

/** Better Auth's answer. */
export interface Answered {
  status: number
  body: unknown
}

/** Better Auth's own shape of a refusal. */
export interface AuthRefusal {
  status: 400 | 401 | 404 | 413 | 415 | 429
  code: string
  message: string
  retryAfterSeconds?: number
}

/**
 * A route of Better Auth that is let through. All else below `/api/auth` is a 404, whatever a new version of it brings.
 * Errors keep Better Auth's shape: `{code, message}`, a 400 for a faulty field.
 */
export interface SignInRoute {
  method: 'GET' | 'POST'
  path: string
  summary: string
  /** What is handed on, and nothing else; unknown fields are refused. */
  body?: ZodType<Record<string, unknown>>
  /** What Better Auth answers with 200; only described, it is sent as it is. */
  reply: ZodType
  /** Whom it is about besides the session's person. */
  personOf?: (signIn: SignIn, asked: Omit<Asked, 'person'>) => Promise<Person | undefined>
  /** Attempts from browsers and addresses that are known to the person are counted apart. (S5) */
  recognizes?: true
  /** When it succeeds, the browser is known to the person from then on. (S5) */
  remembers?: true
  /** What guards it against guessing. */
  limits?: readonly LimitName[]
  /** Every attempt counts, not only those that fail. */
  countsAll?: true
  /** What is answered instead of 429 when a limit is reached. */
  whenLimited?: (signIn: SignIn) => AuthRefusal | { status: 200; body: object }
  /** What must still be true when Better Auth first writes. (A5) */
  guard?: GuardKind
  /** Writes audit events or sessions, so that a person may do it only so often (429). */
  changes?: true
  /** Refuses or answers before Better Auth is asked. */
  first?: (signIn: SignIn, asked: Asked) => Promise<AuthRefusal | { status: 200; body: object } | undefined>
  /** Done in the transaction of Better Auth's writes, so that nothing comes in between. */
  inTransaction?: (transaction: GuardedTransaction, asked: Asked, answered: Answered) => Promise<void>
  /** Done before the answer leaves. */
  atOnce?: (signIn: SignIn, asked: Asked, answered: Answered) => Promise<unknown>
  /** What follows the answer (A1). */
  after?: (signIn: SignIn, asked: Asked, answered: Answered) => Promise<void>
}
