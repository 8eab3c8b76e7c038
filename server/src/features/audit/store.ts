import type { Reader } from '../../db/change.ts'
import type { Actor, AuditRecord, ChainEnd, ChainLink, Target } from './rules.ts'

/** An event as it is told: everything but the organization, which the asker knows, and the neighbour's hash. */
export interface AuditEvent {
  id: string
  sequence: number
  time: Date
  actor: Actor
  action: string
  target: Target
  before: unknown
  after: unknown
  ip: string | null
  userAgent: string | null
  requestId: string | null
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
    .select(['id', 'sequence', 'time', 'actor', 'action', 'target', 'before', 'after'])
    .select(['ip', 'user_agent', 'request_id', 'previous_hash', 'hash'])
    .where('organization_id', '=', organizationId)

type Row = Awaited<ReturnType<ReturnType<typeof eventRows>['executeTakeFirstOrThrow']>>

const toEvent = (row: Row): AuditEvent => ({
  id: row.id,
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
  hash: row.hash,
})

const toLink = (row: Row, organizationId: string): ChainLink => {
  const { hash, time, ...event } = toEvent(row)
  const record: AuditRecord = { ...event, organizationId, time: time.toISOString() }
  return { record, previousHash: row.previous_hash, hash }
}

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

/** A2: the next links of the chain after an event, oldest first. */
export async function readLinks(
  db: Reader,
  organizationId: string,
  after: number,
  limit: number,
): Promise<ChainLink[]> {
  const rows = await eventRows(db, organizationId)
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(limit)
    .execute()
  return rows.map((row) => toLink(row, organizationId))
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
