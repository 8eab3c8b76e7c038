import { type Kysely, sql } from 'kysely'

/**
 * The claims that providers of an issuer take for the subject; none when nobody registered it. What costs a look-up of a
 * token's claims is asked only for an issuer that is registered, and only with claims that can be a subject (E4).
 */
const statement = `create function find_subject_claims(wanted_issuer text) returns table (subject_claim text)
  language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
  begin
    return query select distinct p.subject_claim from public.oauth_providers p where p.issuer = wanted_issuer;
  end $$`

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(statement).execute(db)
}
