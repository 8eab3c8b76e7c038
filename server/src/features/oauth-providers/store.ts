import { sql } from 'kysely'
import type { Reader, Writer } from '../../db/change.ts'
import type { SignatureAlgorithm } from './rules.ts'

/** What an admin sets at a provider (E1); times in seconds. */
export interface ProviderFields {
  name: string
  issuer: string
  jwksUrl: string
  audiences: string[]
  algorithms: SignatureAlgorithm[]
  subjectClaim: string
  scopeClaim: string
  requireScope: boolean
  clockTolerance: number
  maxLifetime: number
  enabled: boolean
}

export interface ProviderRecord extends ProviderFields {
  id: string
  createdAt: Date
  mappingCount: number
  /** As it is stored for all processes (E7). */
  keys: { fetchedAt: Date | null; count: number; lastError: string | null }
}

const mappingCount = sql<number>`(select count(*) from account_mappings m where m.provider_id = p.id)`
const keyCount = sql<number>`coalesce(jsonb_array_length(k.key_set->'keys'), 0)`

const providerRows = (db: Reader, organizationId: string) =>
  db
    .selectFrom('oauth_providers as p')
    .leftJoin('provider_keys as k', (join) =>
      join.onRef('k.provider_id', '=', 'p.id').onRef('k.jwks_url', '=', 'p.jwks_url'),
    )
    .select(['p.id', 'p.name', 'p.issuer', 'p.jwks_url', 'p.audiences', 'p.algorithms', 'p.subject_claim'])
    .select(['p.scope_claim', 'p.require_scope', 'p.clock_tolerance', 'p.max_lifetime', 'p.enabled', 'p.created_at'])
    .select(['k.fetched_at', 'k.last_error', keyCount.as('key_count'), mappingCount.as('mapping_count')])
    .where('p.organization_id', '=', organizationId)

type ProviderRow = Awaited<ReturnType<ReturnType<typeof providerRows>['executeTakeFirstOrThrow']>>

const toRecord = (row: ProviderRow): ProviderRecord => ({
  id: row.id,
  name: row.name,
  issuer: row.issuer,
  jwksUrl: row.jwks_url,
  audiences: row.audiences,
  algorithms: row.algorithms,
  subjectClaim: row.subject_claim,
  scopeClaim: row.scope_claim,
  requireScope: row.require_scope,
  clockTolerance: row.clock_tolerance,
  maxLifetime: row.max_lifetime,
  enabled: row.enabled,
  createdAt: row.created_at,
  mappingCount: row.mapping_count,
  keys: { fetchedAt: row.fetched_at, count: row.key_count, lastError: row.last_error },
})

export async function findProvider(
  db: Reader,
  organizationId: string,
  id: string,
): Promise<ProviderRecord | undefined> {
  const row = await providerRows(db, organizationId).where('p.id', '=', id).executeTakeFirst()
  return row && toRecord(row)
}

/** In the order of ids; one more than `limit`, to know whether there is a next page. */
export async function listProviders(
  db: Reader,
  organizationId: string,
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<ProviderRecord[]> {
  let rows = providerRows(db, organizationId)
    .orderBy('p.id')
    .limit(limit + 1)
  if (after !== undefined) rows = rows.where('p.id', '>', after)
  return (await rows.execute()).map(toRecord)
}

/** Issuer and audiences of all providers, for what two of them may not share (E1). */
export const listRivals = (
  db: Reader,
  organizationId: string,
): Promise<{ id: string; issuer: string; audiences: string[] }[]> =>
  db
    .selectFrom('oauth_providers')
    .select(['id', 'issuer', 'audiences'])
    .where('organization_id', '=', organizationId)
    .execute()

export async function isAnyEnabled(db: Reader, organizationId: string): Promise<boolean> {
  const row = await db
    .selectFrom('oauth_providers')
    .select('id')
    .where('organization_id', '=', organizationId)
    .where('enabled', '=', true)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

const columnsOf = (it: Omit<ProviderFields, 'issuer'>) => ({
  name: it.name,
  jwks_url: it.jwksUrl,
  audiences: JSON.stringify(it.audiences),
  algorithms: JSON.stringify(it.algorithms),
  subject_claim: it.subjectClaim,
  scope_claim: it.scopeClaim,
  require_scope: it.requireScope,
  clock_tolerance: it.clockTolerance,
  max_lifetime: it.maxLifetime,
  enabled: it.enabled,
})

export async function insertProvider(
  tx: Writer,
  it: ProviderFields & { id: string; organizationId: string; at: Date },
): Promise<void> {
  await tx
    .insertInto('oauth_providers')
    .values({
      ...columnsOf(it),
      id: it.id,
      organization_id: it.organizationId,
      issuer: it.issuer,
      created_at: it.at,
    })
    .execute()
  await tx
    .insertInto('provider_keys')
    .values({
      provider_id: it.id,
      organization_id: it.organizationId,
      jwks_url: it.jwksUrl,
      key_set: null,
      fetched_at: null,
      last_error: null,
    })
    .execute()
}

/** The issuer stays (E1). Keys of another address say nothing of the new one, so they go. */
export async function writeProvider(tx: Writer, id: string, it: Omit<ProviderFields, 'issuer'>): Promise<void> {
  await tx.updateTable('oauth_providers').set(columnsOf(it)).where('id', '=', id).execute()
  await tx
    .updateTable('provider_keys')
    .set({ jwks_url: it.jwksUrl, key_set: null, fetched_at: null, last_error: null })
    .where('provider_id', '=', id)
    .where('jwks_url', '!=', it.jwksUrl)
    .execute()
}

/** Its keys go with it. */
export async function deleteProvider(tx: Writer, id: string): Promise<void> {
  await tx.deleteFrom('oauth_providers').where('id', '=', id).execute()
}
