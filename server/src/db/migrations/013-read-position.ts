import { type Kysely, sql } from 'kysely'

/**
 * Where the database stands for a read in the same statement, hence in the same snapshot: whether it can write, whether
 * its commits wait for a standby, the head of the feed, and the mark of a number that the reader has applied (empty when
 * it is not there, or not any more). A read that decides is compared with all of it. PL/pgSQL keeps its plan for the
 * session, where an SQL function would be planned at every call.
 */
const statement = `create function read_position(seen bigint)
  returns table (not_writable boolean, synchronous boolean, head bigint, seen_mark text)
  language plpgsql stable rows 1 security definer set search_path = pg_catalog, public, pg_temp as $$
  begin
    return query select pg_is_in_recovery() or current_setting('transaction_read_only')::boolean,
      current_setting('synchronous_standby_names') <> '', h.head,
      coalesce((select f.mark from public.feed f where f.number = seen), '') from public.feed_head h;
  end $$`

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(statement).execute(db)
}
