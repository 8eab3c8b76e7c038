import { Overload } from './fair-queue.ts'

const codes = /^(08\w{3}|57P0[123]|53300|ECONN(REFUSED|RESET)|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/

/**
 * What is said without a code: by `pg`, the last of it when a connection broke inside a transaction, instead of why it
 * did; and of the embedded database's thread, which is started anew.
 */
const messages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|The embedded database has stopped)/

/**
 * A database that is not there, as opposed to one that says no: PostgreSQL's classes 08 and 57P0x (connection lost,
 * shutting down, starting), too many clients, or a socket that failed; or with so much before it that it was not asked.
 */
export const isDatabaseAway = (error: unknown): boolean => {
  if (error instanceof Overload) return true
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (typeof code === 'string' && codes.test(code)) return true
  return typeof message === 'string' && messages.test(message)
}
