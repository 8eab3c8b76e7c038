import { type Kysely, sql } from 'kysely'

/** P9 shows the first ten tokens by name: without this order on hand, all of an organization's are sorted each time. */
const statement = `create index tokens_by_name on tokens (organization_id, name, id) include (account_id, expires_at)
  where revoked_at is null`

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(statement).execute(db)
}
