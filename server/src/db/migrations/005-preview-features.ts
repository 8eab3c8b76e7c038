import { type Kysely, sql } from 'kysely'

/**
 * What organizations chose among the preview features (F2), and what they say of them. An organization that never chose
 * has no row and stands at version 0. `catalogues` numbers every content that the operator ever published, for all
 * processes, so that what is told of features never goes back (F1).
 */
const statements = [
  `create table preview_settings (
    organization_id text primary key references organizations, version bigint not null, updated_at timestamptz not null, updated_by text)`,
  `create table preview_choices (
    organization_id text not null references organizations, feature_key text not null, enabled_at timestamptz not null, enabled_by text,
    primary key (organization_id, feature_key))`,
  `create table preview_feedback (
    id text primary key, organization_id text not null, feature_key text not null, account_id text not null, text text not null,
    created_at timestamptz not null, foreign key (organization_id, account_id) references accounts (organization_id, id))`,
  'create index preview_feedback_in_order on preview_feedback (created_at, id)',
  'create table catalogues (number bigint primary key, hash text not null, at timestamptz not null)',
  ...['preview_settings', 'preview_choices', 'preview_feedback'].flatMap((table) => [
    `alter table ${table} enable row level security`,
    `create policy own on ${table} using (organization_id = current_setting('portcullis.organization', true))`,
  ]),
  /* Where an organization stands, by its id or its slug, for whoever asks with a resource key (F6). */
  `create function find_preview_choices(id_or_slug text) returns table (organization_id text, slug text, version bigint, chosen jsonb)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
      select o.id, o.slug, coalesce(s.version, 0),
        coalesce((select jsonb_agg(c.feature_key order by c.feature_key) from public.preview_choices c where c.organization_id = o.id), '[]')
      from public.organizations o left join public.preview_settings s on s.organization_id = o.id
      where o.id = id_or_slug or o.slug = id_or_slug order by o.id = id_or_slug desc limit 1 $$`,
  /* The number of this content if it is the latest, else a new one: what was there before and comes back is news, too. */
  `create function number_catalogue(content_hash text) returns bigint
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
    declare latest public.catalogues;
    begin
      lock table public.catalogues in exclusive mode;
      select * into latest from public.catalogues order by number desc limit 1;
      if latest.hash = content_hash then return latest.number; end if;
      insert into public.catalogues (number, hash, at) values (coalesce(latest.number, 0) + 1, content_hash, now());
      return coalesce(latest.number, 0) + 1;
    end $$`,
  /* What people wrote, newest first, for the operator's command. */
  `create function list_feedback(of_feature text, before_id text, at_most integer) returns table (
      id text, feature_key text, organization_id text, organization_name text, account_id text, account_name text, text text, created_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
      select f.id, f.feature_key, o.id, o.name, a.id, coalesce(u.name, a.name), f.text, f.created_at
      from public.preview_feedback f join public.organizations o on o.id = f.organization_id
      join public.accounts a on a.id = f.account_id left join public.users u on u.id = a.user_id
      where (of_feature is null or f.feature_key = of_feature) and (before_id is null or f.id < before_id)
      order by f.id desc limit at_most $$`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
