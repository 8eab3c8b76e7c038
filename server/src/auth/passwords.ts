import { hashPassword, verifyPassword } from 'better-auth/crypto'
import { asking } from '../db/asking.ts'
import { FairQueue } from '../db/fair-queue.ts'

/** As Better Auth takes them. */
export interface PasswordHashing {
  hash: (password: string) => Promise<string>
  verify: (it: { hash: string; password: string }) => Promise<boolean>
}

/**
 * Half of the threads that node has for such work. Signatures of sessions and of OAuth providers' tokens are verified on
 * them too, and must not wait for everybody who signs in.
 */
const atOnce = 2
/** Longer than an honest rush of people; what waits longer than its time would be given up by whoever asked. */
const bounds = { atOnce, atOncePerFlow: atOnce, waiting: 200, waitingPerFlow: Number.POSITIVE_INFINITY, waitMs: 5000 }

/** For browsers that are known to the person who signs in. */
const laneBounds = { ...bounds, atOnce: 1, atOncePerFlow: 1 }

/** Hashing is slow on purpose, so it is the dearest thing that a stranger can ask for: few at once, address after address. */
export function hashedInTurns(
  refused: () => void,
  slow: PasswordHashing = { hash: hashPassword, verify: verifyPassword },
): PasswordHashing {
  const queue = new FairQueue(bounds, refused)
  const lane = new FairQueue(laneBounds, refused)
  const inTurn = <T>(work: () => Promise<T>) => {
    const { source = '', known } = asking.getStore() ?? {}
    return (known ? lane : queue).run('', source, work)
  }
  return {
    hash: (password) => inTurn(() => slow.hash(password)),
    verify: (it) => inTurn(() => slow.verify(it)),
  }
}
