import type { Reader, Writer } from '../../db/change.ts'
import type { FoundChoices } from '../../db/lookups.ts'
import type { AccountName } from '../accounts/rules.ts'
import type { VersionedStanding } from './rules.ts'

/** A row of `find_preview_choices`. */
export const toStanding = (row: FoundChoices): VersionedStanding => ({
  id: row.organization_id,
  slug: row.slug,
  version: row.version,
  chosen: new Set(row.chosen),
})

export interface Choice {
  enabledAt: Date
  enabledBy: AccountName | null
}

/** The organization's standing as it is in this transaction, and who chose what when. */
export async function readStanding(
  db: Reader,
  organizationId: string,
): Promise<{ standing: VersionedStanding; choices: Map<string, Choice> }> {
  const { slug, version } = await db
    .selectFrom('organizations as o')
    .leftJoin('preview_settings as s', 's.organization_id', 'o.id')
    .select(['o.slug', 's.version'])
    .where('o.id', '=', organizationId)
    .executeTakeFirstOrThrow()
  const rows = await db
    .selectFrom('preview_choices as c')
    .leftJoin('accounts as a', 'a.id', 'c.enabled_by')
    .leftJoin('users as u', 'u.id', 'a.user_id')
    .select(['c.feature_key', 'c.enabled_at', 'a.id', 'a.kind', 'a.name', 'u.name as person'])
    .where('c.organization_id', '=', organizationId)
    .orderBy('c.feature_key')
    .execute()
  const choices = new Map(
    rows.map((row) => [
      row.feature_key,
      {
        enabledAt: row.enabled_at,
        enabledBy:
          row.id === null ? null : { id: row.id, kind: row.kind ?? 'member', name: row.person ?? row.name ?? '' },
      } satisfies Choice,
    ]),
  )
  return { standing: { id: organizationId, slug, version: version ?? 0, chosen: new Set(choices.keys()) }, choices }
}

/** Writes who chose what; choices that stay keep their date and their author. */
export async function writeChoices(
  tx: Writer,
  organizationId: string,
  {
    added,
    dropped,
    version,
    at,
    by,
  }: { added: readonly string[]; dropped: readonly string[]; version: number; at: Date; by: string | null },
): Promise<void> {
  const stand = { version, updated_at: at, updated_by: by }
  await tx
    .insertInto('preview_settings')
    .values({ organization_id: organizationId, ...stand })
    .onConflict((conflict) => conflict.column('organization_id').doUpdateSet(stand))
    .execute()
  if (dropped.length > 0)
    await tx
      .deleteFrom('preview_choices')
      .where('organization_id', '=', organizationId)
      .where('feature_key', 'in', [...dropped])
      .execute()
  if (added.length === 0) return
  await tx
    .insertInto('preview_choices')
    .values(
      added.map((feature_key) => ({ organization_id: organizationId, feature_key, enabled_at: at, enabled_by: by })),
    )
    .execute()
}

export async function insertFeedback(
  tx: Writer,
  it: { id: string; organizationId: string; key: string; accountId: string; text: string; at: Date },
): Promise<void> {
  await tx
    .insertInto('preview_feedback')
    .values({
      id: it.id,
      organization_id: it.organizationId,
      feature_key: it.key,
      account_id: it.accountId,
      text: it.text,
      created_at: it.at,
    })
    .execute()
}
