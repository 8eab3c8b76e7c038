import type { Reader, Writer } from '../../db/change.ts'
import type { KeptKeys } from '../../db/deps.ts'
import { type KeySet, readKeySet } from './rules.ts'

/** A set as it is stored (E7): a JWK Set of its good keys with public members, name and algorithm alone. */
const storedForm = ({ keys }: KeySet) => ({
  keys: keys.map(({ publicKey, kid, alg }) => ({
    ...publicKey.export({ format: 'jwk' }),
    ...(kid !== undefined && { kid }),
    ...(alg !== undefined && { alg }),
  })),
})

/** A stored set as the checks need it; undefined where none was stored yet. */
export function keptOf(row: { key_set: { keys: unknown[] } | null; fetched_at: Date | null }): KeptKeys | undefined {
  if (row.key_set === null || row.fetched_at === null) return undefined
  const set = readKeySet(row.key_set)
  if (typeof set === 'string') throw new Error(`A stored key set cannot be read: ${set}`)
  return { set, fetchedAtMs: row.fetched_at.getTime() }
}

/** A provider by name with its stored keys; undefined when it is gone, or has another address by now. */
export async function findStoredKeys(
  db: Reader,
  { id, jwksUrl }: { id: string; jwksUrl: string },
): Promise<{ name: string; kept: KeptKeys | undefined } | undefined> {
  const row = await db
    .selectFrom('oauth_providers as p')
    .leftJoin('provider_keys as k', (join) =>
      join.onRef('k.provider_id', '=', 'p.id').onRef('k.jwks_url', '=', 'p.jwks_url'),
    )
    .select(['p.name', 'k.key_set', 'k.fetched_at'])
    .where('p.id', '=', id)
    .where('p.jwks_url', '=', jwksUrl)
    .executeTakeFirst()
  return row && { name: row.name, kept: keptOf(row) }
}

/** Stores a fetched set in place of whatever is there. */
export async function writeKeySet(
  tx: Writer,
  { id, organizationId, jwksUrl }: { id: string; organizationId: string; jwksUrl: string },
  { set, fetchedAtMs, lastError }: KeptKeys & { lastError: string | null },
): Promise<void> {
  const row = {
    jwks_url: jwksUrl,
    key_set: JSON.stringify(storedForm(set)),
    fetched_at: new Date(fetchedAtMs),
    last_error: lastError,
  }
  await tx
    .insertInto('provider_keys')
    .values({ ...row, provider_id: id, organization_id: organizationId })
    .onConflict((conflict) => conflict.column('provider_id').doUpdateSet(row))
    .execute()
}
