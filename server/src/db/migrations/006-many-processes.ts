import { type Kysely, sql } from 'kysely'

/**
 * Many processes and verifiers on one truth. `mark` tells one history of the feed from another that bears the same
 * numbers (a failover that lost commits, a restored backup). `peers` are the processes and verifiers that were seen of
 * late, `confirmations` the last save of each organization's setting that each of them obeyed (P11). All ages are
 * reckoned by the database's clock alone, since those of its clients may differ.
 */
const statements = [
  `alter table feed add column mark text not null default left(replace(gen_random_uuid()::text, '-', ''), 12)`,
  'alter table token_settings add column saved_number bigint not null default 0',
  `create table peers (
    name text primary key, kind text not null check (kind in ('server', 'verifier')), applied bigint not null,
    allowance_ms integer not null, seen_at timestamptz not null)`,
  'create index peers_by_sight on peers (seen_at)',
  `create table confirmations (
    peer text not null references peers on delete cascade, organization_id text not null references organizations,
    number bigint not null, version bigint not null, after_ms integer not null, primary key (peer, organization_id))`,
  'create index confirmations_by_organization on confirmations (organization_id)',
  'alter table confirmations enable row level security',
  `create policy own on confirmations using (organization_id = current_setting('portcullis.organization', true))`,
  /*
   * As before, and a saved setting learns its number, so that whoever has applied that number is known to obey it. The
   * time is that of this statement, the transaction's last, and no longer that of its beginning.
   */
  `create or replace function append_to_feed(at_organization text, what jsonb) returns bigint
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
    declare taken bigint;
    begin
      update public.feed_head set head = head + 1 returning head into taken;
      insert into public.feed (number, organization_id, forget, at) values (taken, at_organization, what, clock_timestamp());
      if what @> '[{"kind": "organization"}]' and exists (select from jsonb_array_elements(what) it where it ? 'version') then
        update public.token_settings set saved_number = taken where organization_id = at_organization;
      end if;
      delete from public.feed where number < (select min(number) + 100 from public.feed)
        and number <= taken - 1000 and at < now() - interval '1 hour';
      perform pg_notify('portcullis_feed', taken::text);
      return taken;
    end $$`,
  `create function feed_since(seen bigint, at_most integer) returns table (
      head bigint, head_mark text, seen_mark text, number bigint, mark text, forget jsonb)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
      select h.head, coalesce(l.mark, ''), coalesce(s.mark, ''), f.number, f.mark, f.forget from public.feed_head h
      left join public.feed l on l.number = h.head
      left join public.feed s on s.number = seen
      left join (select * from public.feed where feed.number > seen order by feed.number limit at_most) f on true order by f.number $$`,
  /*
   * What a process knows of itself and of the verifiers that ask it: those that are there, when they were seen, and which
   * saves they obeyed since the last time. The first to tell of a save is believed, since it saw it soonest.
   */
  `create function record_peers(batch jsonb) returns void
    language sql security definer set search_path = pg_catalog, public, pg_temp as $$
      with told as (
        select * from jsonb_to_recordset(batch) as t (name text, kind text, applied bigint, "allowanceMs" integer,
          "seenAgoMs" double precision, confirmed jsonb)
      ), seen as (
        insert into public.peers as p (name, kind, applied, allowance_ms, seen_at)
        select name, kind, applied, "allowanceMs", clock_timestamp() - "seenAgoMs" * interval '1 millisecond' from told order by name
        on conflict (name) do update set applied = excluded.applied, allowance_ms = excluded.allowance_ms,
          seen_at = excluded.seen_at where p.seen_at < excluded.seen_at
        returning name
      ), gone as (
        delete from public.peers where seen_at < now() - interval '1 hour' and name not in (select name from told)
      )
      insert into public.confirmations as c (peer, organization_id, number, version, after_ms)
      select distinct on (t.name, f.organization_id) t.name, f.organization_id, f.number, it.version,
        least(greatest(0, extract(epoch from clock_timestamp() - f.at) * 1000 - it."agoMs"), 2147483647)
      from told t, jsonb_to_recordset(t.confirmed) as it (number bigint, version bigint, "agoMs" double precision)
      join public.feed f on f.number = it.number
      order by t.name, f.organization_id, f.number desc
      on conflict (peer, organization_id) do update set number = excluded.number, version = excluded.version,
        after_ms = excluded.after_ms where c.number < excluded.number $$`,
  `create function forget_peer(wanted text) returns void
    language sql security definer set search_path = pg_catalog, public, pg_temp as $$
      delete from public.peers where name = wanted $$`,
  /* Those of the last hour, with what each obeys of this organization; ages in milliseconds. */
  `create function find_peers(wanted_organization text) returns table (
      name text, kind text, applied bigint, allowance_ms integer, seen_ago_ms double precision, number bigint, version bigint, after_ms integer)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
      select p.name, p.kind, p.applied, p.allowance_ms, extract(epoch from clock_timestamp() - p.seen_at) * 1000,
        c.number, c.version, c.after_ms
      from public.peers p left join public.confirmations c on c.peer = p.name and c.organization_id = wanted_organization
      where p.seen_at >= now() - interval '1 hour' order by p.kind, p.name limit 1000 $$`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
