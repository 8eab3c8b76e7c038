import { toSessionSource } from '../db/fair-queue.ts'
import type { Principal } from '../features/access/rules.ts'
import type { Caller } from '../features/accounts/rules.ts'

/** Who a route let in. */
export type Admitted = Principal | Caller | undefined

/** Whose request it is: an account's, or a person's where no organization is named. Undefined: nobody's who is known. */
export function whoOf(admitted: Admitted): string | undefined {
  if (admitted === undefined) return undefined
  if ('accountId' in admitted) return admitted.accountId
  return admitted.kind === 'session' ? admitted.userId : admitted.account.id
}

/**
 * What requests at once, their queue and changes are counted by: an account's tokens, and its person in the console, each
 * apart. Who holds a leaked token must not keep its owner from suspending it. (P11)
 */
export function sourceOf(admitted: Admitted): string | undefined {
  const account = whoOf(admitted)
  if (admitted === undefined || account === undefined) return undefined
  const { kind } = 'accountId' in admitted ? admitted.credential : admitted
  return kind === 'session' ? toSessionSource(account) : account
}
