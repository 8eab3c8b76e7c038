import { sql } from 'kysely'
import type { Database } from './change.ts'

/** What `portcullis doctor` asks a database about itself. */
export interface DatabaseFacts {
  /** As PostgreSQL numbers itself: 150004 is 15.4. */
  version: number
  versionText: string
  /** The database's clock, in milliseconds since 1970. */
  nowMs: number
  role: string
  /** Undefined while our tables are not there yet. */
  schema:
    | {
        /** Row-level security does not bind the role: it owns the tables, is a superuser or may bypass (O1's second wall). */
        unbound: boolean
        organizations: number
      }
    | undefined
}

interface RoleRow {
  version: number
  version_text: string
  now_ms: number
  role: string
  exempt: boolean
  migrated: boolean
}

export async function databaseFacts(db: Database): Promise<DatabaseFacts> {
  const found = await sql<RoleRow>`
    select current_setting('server_version_num')::integer as version, current_setting('server_version') as version_text,
      (extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms, current_user::text as role,
      rolsuper or rolbypassrls as exempt, to_regclass('organizations') is not null as migrated
    from pg_roles where rolname = current_user`.execute(db)
  const row = found.rows[0]
  if (!row) throw new Error('The database does not know the role that it was opened with.')
  return {
    version: row.version,
    versionText: row.version_text,
    nowMs: row.now_ms,
    role: row.role,
    schema: row.migrated ? await schemaFacts(db, row.exempt) : undefined,
  }
}

async function schemaFacts(db: Database, exempt: boolean) {
  const found = await sql<{ owns: boolean; organizations: number }>`
    select pg_has_role(current_user, relowner, 'USAGE') as owns, organization_count()::integer as organizations
    from pg_class where oid = to_regclass('organizations')`.execute(db)
  const row = found.rows[0]
  return { unbound: exempt || row?.owns === true, organizations: row?.organizations ?? 0 }
}
