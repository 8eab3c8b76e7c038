import { type Kysely, sql } from 'kysely'

/** The setting that was in force before a stop is kept, so that turning token creation on again restores it (P13). */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('alter table token_settings add column before_stop jsonb').execute(db)
}
