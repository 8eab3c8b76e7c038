import type { Reader } from '../../db/change.ts'
import type { Actor, AuditAction } from '../audit/rules.ts'
import type { SettingsEvent } from './rules.ts'

const saved: AuditAction = 'settings.updated'

/** The newest save of the setting, by anybody and by an operator. */
export async function lastSaves(db: Reader, organizationId: string) {
  const rows = db
    .selectFrom('audit_events')
    .select(['time', 'actor', 'before', 'after'])
    .where('organization_id', '=', organizationId)
    .where('action', '=', saved)
    .orderBy('sequence', 'desc')
    .limit(1)
  const newest = await rows.executeTakeFirst()
  // Only people and tokens have an id as actors of a save.
  const newestByOperator = await rows.where('actor_id', 'is', null).executeTakeFirst()
  const toEvent = (row: typeof newest): SettingsEvent | undefined => row && { ...row, actor: row.actor as Actor }
  return { newest: toEvent(newest), newestByOperator: toEvent(newestByOperator) }
}

/** Which of these events the log has. */
export async function knownEvents(
  db: Reader,
  organizationId: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom('audit_events')
    .select('id')
    .where('organization_id', '=', organizationId)
    .where('id', 'in', [...ids])
    .execute()
  return new Set(rows.map((it) => it.id))
}
