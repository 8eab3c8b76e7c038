import { sql } from 'kysely'
import type { Reader, Writer } from '../../db/change.ts'
import type { Actor, AuditAction, AuditRecord, ChainEnd, ChainLink, Cut, Target } from './rules.ts'

/** An event as it is told: all that the chain's hash covers, so that whoever has it can compute the hash anew (A2). */
export interface AuditEvent extends Omit<AuditRecord, 'time'> {
  time: Date
  previousHash: string
  hash: string
}

export interface AuditFilter {
  from?: Date | undefined
  to?: Date | undefined
  actorId?: string | undefined
  action?: string | undefined
  targetId?: string | undefined
}

/** Which stretch of an organization's log is read: the newest `limit` events older than number `before`. */
export interface Stretch {
  organizationId: string
  before?: number | undefined
  limit: number
}

const eventRows = (db: Reader, organizationId: string) =>
  db
    .selectFrom('audit_events')
    .select(['id', 'organization_id', 'sequence', 'time', 'actor', 'action', 'target', 'before', 'after'])
    .select(['ip', 'user_agent', 'request_id', 'previous_hash', 'hash'])
    .where('organization_id', '=', organizationId)

type Row = Awaited<ReturnType<ReturnType<typeof eventRows>['executeTakeFirstOrThrow']>>

const toEvent = (row: Row): AuditEvent => ({
  id: row.id,
  organizationId: row.organization_id,
  sequence: row.sequence,
  time: row.time,
  actor: row.actor as Actor,
  action: row.action,
  target: row.target as Target,
  before: row.before,
  after: row.after,
  ip: row.ip,
  userAgent: row.user_agent,
  requestId: row.request_id,
  previousHash: row.previous_hash,
  hash: row.hash,
})

/** A3: newest first. The log only grows, so a stretch that is read later continues one that was read before. */
export async function listEvents(db: Reader, filter: AuditFilter, it: Stretch): Promise<AuditEvent[]> {
  let rows = eventRows(db, it.organizationId).orderBy('sequence', 'desc').limit(it.limit)
  if (it.before !== undefined) rows = rows.where('sequence', '<', it.before)
  if (filter.from !== undefined) rows = rows.where('time', '>=', filter.from)
  if (filter.to !== undefined) rows = rows.where('time', '<', filter.to)
  if (filter.actorId !== undefined) rows = rows.where('actor_id', '=', filter.actorId)
  if (filter.action !== undefined) rows = rows.where('action', '=', filter.action)
  if (filter.targetId !== undefined) rows = rows.where('target_id', '=', filter.targetId)
  return (await rows.execute()).map(toEvent)
}

/** To the microsecond, as it is stored: a Date has milliseconds, and an alteration below them must not pass. */
const storedTime = sql<string>`to_char(time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`

/** A2: the next links of the chain after an event, oldest first. */
export async function readLinks(
  db: Reader,
  organizationId: string,
  after: number,
  limit: number,
): Promise<ChainLink[]> {
  const rows = await eventRows(db, organizationId)
    .select(['actor_id', 'target_id', storedTime.as('stored_time')])
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(limit)
    .execute()
  return rows.map((row) => {
    const { previousHash, hash, ...event } = toEvent(row)
    const record: AuditRecord = { ...event, time: `${row.stored_time.replace(/000$/, '')}Z` }
    return { record, previousHash, hash, foundBy: { actorId: row.actor_id, targetId: row.target_id } }
  })
}

/** Where the organization's row says that its chain ends; undefined when there is no such organization. */
export async function readChainEnd(db: Reader, organizationId: string): Promise<ChainEnd | undefined> {
  const row = await db
    .selectFrom('organizations')
    .select(['audit_sequence', 'audit_hash'])
    .where('id', '=', organizationId)
    .executeTakeFirst()
  return row && { sequence: row.audit_sequence, hash: row.audit_hash }
}

const cutAction: AuditAction = 'audit.cut'

/** What the event of a cut says, or undefined when it says nothing that a cut could have said. */
function cutIn({ sequence: recordedAs, time, after }: AuditEvent): Cut | undefined {
  const { sequence, hash } = (after ?? {}) as Partial<ChainEnd>
  if (typeof sequence !== 'number' || typeof hash !== 'string') return undefined
  return { sequence, hash, time, recordedAs }
}

/** A2: the newest cut that the log records. Whether that record is genuine is for the chain to say. */
export async function readLastCut(db: Reader, organizationId: string): Promise<Cut | undefined> {
  const row = await eventRows(db, organizationId)
    .where('action', '=', cutAction)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && cutIn(toEvent(row))
}

/** The number of the oldest event that is there, or, with `from`, of the first that was written at that time or later. */
export async function readOldest(db: Reader, organizationId: string, from?: Date): Promise<number | undefined> {
  let rows = db
    .selectFrom('audit_events')
    .select((it) => it.fn.min('sequence').as('sequence'))
    .where('organization_id', '=', organizationId)
  if (from) rows = rows.where('time', '>=', from)
  return (await rows.executeTakeFirst())?.sequence ?? undefined
}

/** Removes the oldest events up to number `upTo`, at most `limit`; answers how many. Only the owner of the tables can. */
export async function removeOldest(
  tx: Writer,
  organizationId: string,
  { upTo, limit }: { upTo: number; limit: number },
): Promise<number> {
  const oldest = await readOldest(tx, organizationId)
  if (oldest === undefined) return 0
  const removed = await tx
    .deleteFrom('audit_events')
    .where('organization_id', '=', organizationId)
    .where('sequence', '<=', Math.min(upTo, oldest + limit - 1))
    .executeTakeFirst()
  return Number(removed.numDeletedRows)
}
