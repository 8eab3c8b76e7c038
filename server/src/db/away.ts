import { Overload } from './fair-queue.ts'

/**
 * PostgreSQL's classes 08 and 57P0x (connection lost, shutting down, starting), too many clients, a socket that failed;
 * 25006: the server cannot write, so it is a standby or set to read-only; 40001 and 40P01: a conflict that was still
 * there when the transaction had been retried.
 */
const codes = /^(08\w{3}|57P0[123]|53300|25006|40001|40P01|ECONN(REFUSED|RESET)|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/

/**
 * What is said without a code: by `pg`, the last of it when a connection broke inside a transaction, instead of why it
 * did; and of the embedded database's thread, which is started anew.
 */
const messages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|The embedded database has stopped)/

/** The database answered, or did not in time, and what it knows must not be relied upon. */
export class DatabaseUnavailableError extends Error {
  /** As PostgreSQL would give it where there is one; our own errors for a slow database bear the operating system's. */
  readonly code: string

  constructor(message: string, code: string) {
    super(message)
    this.code = code
  }
}

/** What cannot write is not the primary: a standby, or a database that was set to read-only. (N3) */
export const createNotWritableError = () =>
  new DatabaseUnavailableError('the database is a standby or read-only, where the primary is needed', '25006')

/**
 * A database that is not there, as opposed to one that says no; or that is not the primary; or with so much before it
 * that it was not asked.
 */
export const isDatabaseAway = (error: unknown): boolean => {
  if (error instanceof Overload || error instanceof DatabaseUnavailableError) return true
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (typeof code === 'string' && codes.test(code)) return true
  return typeof message === 'string' && messages.test(message)
}
