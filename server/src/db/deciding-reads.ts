import { type RawBuilder, sql } from 'kysely'
import { createNotWritableError, DatabaseUnavailableError } from './away.ts'
import type { Database } from './change.ts'
import type { Lease } from './feed.ts'

/** What a read that decides is compared with. */
export type ReadLease = Pick<Lease, 'holds' | 'applied' | 'mark' | 'beginnings' | 'confirmedAt'>

/** Where the server stood in the snapshot of the read. */
export interface ReadPosition {
  not_writable: boolean
  /** A commit waits for a standby, so only a lease shows that this is still the primary. */
  synchronous: boolean
  head: number
  seen_mark: string
}

/** Callers of the gate wait for a second or two, not for the ten of a statement. */
const readTimeoutMs = 1500

/**
 * Why a read must not decide; undefined when it may. It must come from the primary, at or after the point up to which
 * this process had applied the feed when it asked, and of the same history. (N3)
 */
export function refusalOf(
  position: ReadPosition,
  asked: { applied: number; mark: string },
  holds: boolean,
): DatabaseUnavailableError | undefined {
  if (position.not_writable) return createNotWritableError()
  if (position.head < asked.applied || position.seen_mark !== asked.mark)
    return new DatabaseUnavailableError('the database is behind the change feed, or has another history', '57P03')
  if (position.synchronous && !holds)
    return new DatabaseUnavailableError('no standby has confirmed that this database is the primary', '57P03')
  return undefined
}

const createTimeoutError = () => new DatabaseUnavailableError('the database did not answer in time', 'ETIMEDOUT')

/**
 * Runs reads that decide whether somebody is let in. The position comes in the same statement, so it costs no round trip.
 *
 * A database that is frozen answers nothing: a read without a lease ends after 1.5 s, and from then on all of them fail at
 * once until the feed has answered again, so that callers are not kept waiting one after another.
 */
export function createDecidingReads(db: Database, lease: ReadLease, timeoutMs = readTimeoutMs) {
  /** The feed's last confirmation when a read timed out. */
  let frozenSince: number | undefined

  const withTimeout = async <T>(read: Promise<T>): Promise<T> => {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_, reject) => {
      const end = () => {
        // With a lease the feed has answered within the last second: the database is slow and not frozen.
        if (lease.holds) {
          timer = setTimeout(end, timeoutMs)
          return
        }
        frozenSince = lease.confirmedAt
        reject(createTimeoutError())
      }
      timer = setTimeout(end, timeoutMs)
    })
    try {
      return await Promise.race([read, timeout])
    } finally {
      clearTimeout(timer)
    }
  }

  /** `call` is a call of a set-returning function, and `key` a column of its rows that is never null. */
  const readOnce = async <Row extends object>(call: RawBuilder<Row>, key: keyof Row): Promise<Row[]> => {
    const asked = { applied: lease.applied, mark: lease.mark }
    const statement = sql<ReadPosition & Row>`
      select p.*, f.* from read_position(${asked.applied}) p left join ${call} f on true`
    const { rows } = await withTimeout(statement.execute(db))
    const [first] = rows
    if (first === undefined) throw new Error('the feed has no head')
    const refusal = refusalOf(first, asked, lease.holds)
    if (refusal) throw refusal
    return rows.filter((row) => row[key] !== null)
  }

  return async <Row extends object>(call: RawBuilder<Row>, key: keyof Row): Promise<Row[]> => {
    if (frozenSince !== undefined && frozenSince === lease.confirmedAt) throw createTimeoutError()
    frozenSince = undefined
    const { beginnings } = lease
    const rows = await readOnce(call, key)
    // The feed was opened anew meanwhile, perhaps to another server, so what was read may be of a primary that was replaced.
    return lease.beginnings === beginnings ? rows : readOnce(call, key)
  }
}
