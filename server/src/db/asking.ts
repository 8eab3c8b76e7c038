import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * For whom the database is asked: the gate or the router, and there for which client; or an organization whose turn it is.
 * What is asked outside of all that is asked for ourselves.
 */
export interface Asking {
  flow: 'gate' | 'router' | 'turn'
  source: string
  /** A sign-in with a browser that is known to the person: it does not wait behind a flood of strangers. (S5) */
  known?: true
}

/** Follows a request through whatever it awaits, so that libraries that ask the database by themselves take their turns, too. */
export const asking = new AsyncLocalStorage<Asking>()
