import type { ZodType } from 'zod'
import { createOperatorAuthority } from '../db/authority.ts'
import type { Deps } from '../db/deps.ts'
import type { Snapshot } from '../db/dump.ts'
import type { Inspection } from '../db/inspect.ts'
import type { LoadedFacts, RowBatches } from '../db/load.ts'
import type { CutRequest, cutLog } from '../features/audit/actions.ts'
import type { Actor } from '../features/audit/rules.ts'
import type { Result } from '../kernel/result.ts'

/** What a command works with, be it inside the running instance or in a process of its own. */
export interface CommandContext {
  deps: Deps
  /** Where all of this is done, in words. */
  database: string
  /** Opens a one-time link by which a person chooses a new password. */
  resetPassword: (email: string) => Promise<Result<{ url: string; expiresAt: Date }, 'not_found'>>
  inspect: () => Promise<Inspection>
  /** All of the instance's, by id; only its operator sees over the walls (O1). */
  organizations: () => Promise<readonly { id: string; name: string }[]>
  /** Removes old events of an audit log; by the owner's access, since the service itself can only append (A2). */
  cutLog: (request: CutRequest) => ReturnType<typeof cutLog>
  /** Signs everybody out, and voids links to choose a password. */
  endSessions: () => Promise<void>
  /** Shows all of the instance as it is at this moment. */
  dump: <T>(work: (snapshot: Snapshot) => Promise<T>) => Promise<T>
  /** Puts an export into this database, which must be empty: all of it or nothing. */
  load: (facts: LoadedFacts, batches: RowBatches) => Promise<void>
}

export interface Outcome {
  exitCode: number
  /** For the command line, not for the eye: JSON that it saves or renders. */
  value?: unknown
}

export type Print = (line: string) => void

/** A command is written once; whoever types it may reach the database through the running instance or directly. */
export interface Command<A> {
  name: string
  /** Strict: arguments travel as JSON, and the socket's other end is believed no more than an HTTP client. */
  args: ZodType<A>
  run: (context: CommandContext, args: A, print: Print) => Promise<Outcome>
}

// biome-ignore lint/suspicious/noExplicitAny: a list of commands forgets what each of them was checked against.
export type AnyCommand = Command<any>

/** Identity function; exists so that each command is type-checked against its own arguments. */
export const command = <A>(it: Command<A>): AnyCommand => it

const operator: Actor = { kind: 'operator', id: null, name: 'Operator' }

/** A1: commands write on behalf of whoever runs the instance, and no request carries them. */
export const operatorOrigin = {
  actor: operator,
  authority: createOperatorAuthority(),
  ip: null,
  userAgent: null,
  requestId: null,
}
