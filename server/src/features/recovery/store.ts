import type { Reader, Writer } from '../../db/change.ts'
import type { Actor, AuditAction } from '../audit/rules.ts'
import type { SettingsEvent } from './rules.ts'

const saved: AuditAction = 'settings.updated'
const cut: AuditAction = 'audit.cut'

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

/** Which of these events the log has, and the number up to which it was cut: those were there, too. */
export async function knownEvents(db: Reader, organizationId: string, ids: readonly string[]) {
  const rows = await db
    .selectFrom('audit_events')
    .select('id')
    .where('organization_id', '=', organizationId)
    .where('id', 'in', [...ids])
    .execute()
  const lastCut = await db
    .selectFrom('audit_events')
    .select('after')
    .where('organization_id', '=', organizationId)
    .where('action', '=', cut)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst()
  const upTo = (lastCut?.after as { sequence?: number } | null | undefined)?.sequence ?? 0
  return { ids: new Set(rows.map((it) => it.id)), cutUpTo: upTo }
}

/** Which of these accounts are in a selected group (P4). */
export async function selectedAmong(db: Reader, accountIds: readonly string[]): Promise<Set<string>> {
  if (accountIds.length === 0) return new Set()
  const rows = await db
    .selectFrom('group_members as m')
    .innerJoin('selected_groups as s', 's.group_id', 'm.group_id')
    .select('m.account_id')
    .where('m.account_id', 'in', [...accountIds])
    .execute()
  return new Set(rows.map((it) => it.account_id))
}

export async function groupsAmong(db: Reader, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await db
    .selectFrom('groups')
    .select('id')
    .where('id', 'in', [...ids])
    .execute()
  return rows.map((it) => it.id)
}

/** A living token whose present secret was given out before a moment. */
export const findOlder = (db: Reader, tokenId: string, issuedBefore: Date) =>
  db
    .selectFrom('tokens')
    .select(['name', 'hint', 'expires_at'])
    .where('id', '=', tokenId)
    .where('revoked_at', 'is', null)
    .where('issued_at', '<', issuedBefore)
    .executeTakeFirst()

/** Takes a token's present secret out of service without another in its place; answers its hash. */
export async function retireSecret(tx: Writer, tokenId: string, at: Date): Promise<string[]> {
  const rows = await tx
    .updateTable('token_secrets')
    .set({ retired_at: at })
    .where('token_id', '=', tokenId)
    .where('retired_at', 'is', null)
    .returning('hash')
    .execute()
  return rows.map((it) => it.hash)
}
