import type { Reader } from '../../db/change.ts'

/** The last save of the organization's setting: 0 as its number when it was never changed since the feed numbers saves. */
export async function readSave(
  db: Reader,
  organizationId: string,
): Promise<{ number: number; version: number; at: Date }> {
  const row = await db
    .selectFrom('token_settings')
    .select(['saved_number', 'version', 'updated_at'])
    .where('organization_id', '=', organizationId)
    .executeTakeFirstOrThrow()
  return { number: row.saved_number, version: row.version, at: row.updated_at }
}
