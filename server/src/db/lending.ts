import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { asking } from './asking.ts'
import { FairQueue } from './fair-queue.ts'

export interface Load {
  /** Connections that are lent. */
  inUse: number
  /** Who waits for one. */
  waiting: number
  /** How many were not let wait, ever. */
  refused: number
}

/** Whoever waits for a connection; one more is told so at once, since its caller would have given up by then. */
const maxWaiting = 1000
const waitMs = 5000

/** Lends a connection of the pool; resolves when it was given back. */
async function lend(pool: PostgresPool, to: (client: PostgresPoolClient) => void): Promise<void> {
  const client = await pool.connect()
  const back = Promise.withResolvers<void>()
  const release = client.release.bind(client)
  client.release = (destroy) => {
    release(destroy)
    back.resolve()
  }
  to(client)
  await back.promise
}

/**
 * A pool in front of which no more than so many wait, and in turns: the gate, the router and we ourselves, and within each
 * one client after another. A pool's own line is served in the order in which it came, so whoever asks much at once,
 * for whatever takes no turn of an organization (sign-in, links, whose a session is), would keep all others waiting.
 */
export function lentInTurns(pool: PostgresPool, connections: number, present: () => Omit<Load, 'refused'>) {
  let refused = 0
  const queue = new FairQueue(
    {
      atOnce: connections,
      atOncePerFlow: connections,
      waiting: maxWaiting,
      // The fault is never told to be an organization's: which one's it is, nobody knows here.
      waitingPerFlow: Number.POSITIVE_INFINITY,
      waitMs,
    },
    () => {
      refused += 1
    },
  )
  const connect = () => {
    const { flow = '', source = '' } = asking.getStore() ?? {}
    return new Promise<PostgresPoolClient>((resolve, reject) => {
      queue.run(flow, source, () => lend(pool, resolve)).catch(reject)
    })
  }
  const load = (): Load => {
    const { inUse, waiting } = present()
    return { inUse, waiting: waiting + queue.waiting, refused }
  }
  return { pool: { connect, end: () => pool.end(), options: pool.options } satisfies PostgresPool, load }
}
