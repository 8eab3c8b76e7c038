import { type Kysely, sql } from 'kysely'

/**
 * OAuth providers, their keys, and whose subject is whose account (E1, E3, E7). A subject is compared exactly and byte
 * by byte (collation "C"); it is unique per provider, and an account has one mapping per provider.
 */
const statements = [
  `create table oauth_providers (
    id text primary key, organization_id text not null references organizations, name text not null, issuer text collate "C" not null,
    jwks_url text not null, audiences jsonb not null, algorithms jsonb not null, subject_claim text not null, scope_claim text not null,
    require_scope boolean not null, clock_tolerance integer not null check (clock_tolerance between 0 and 60),
    max_lifetime integer not null check (max_lifetime > 0), enabled boolean not null, created_at timestamptz not null,
    unique (organization_id, id))`,
  'create index oauth_providers_by_issuer on oauth_providers (issuer, id)',
  `create table provider_keys (
    provider_id text primary key references oauth_providers on delete cascade, organization_id text not null, jwks_url text not null,
    key_set jsonb, fetched_at timestamptz, last_error text)`,
  `create table account_mappings (
    id text primary key, organization_id text not null, provider_id text not null, account_id text not null,
    subject text collate "C" not null, display_name text not null, created_at timestamptz not null,
    unique (provider_id, subject), unique (provider_id, account_id),
    foreign key (organization_id, provider_id) references oauth_providers (organization_id, id) on delete cascade,
    foreign key (organization_id, account_id) references accounts (organization_id, id))`,
  'create index account_mappings_in_order on account_mappings (organization_id, id)',
  'create index account_mappings_by_account on account_mappings (account_id)',
  'create index account_mappings_by_subject on account_mappings (subject, provider_id)',
  ...['oauth_providers', 'provider_keys', 'account_mappings'].flatMap((table) => [
    `alter table ${table} enable row level security`,
    `create policy own on ${table} using (organization_id = current_setting('portcullis.organization', true))`,
  ]),
  /*
   * What the gate must know about a token of an issuer, in one round trip (E4): the providers that map its subject, with
   * their accounts; or, where none does, one provider for the reason. \`claims\` are the token's top-level claims that are
   * strings, unverified. It starts from the subject, since thousands of organizations may register one issuer; of many
   * that match ten are enough to say that they are several, and the reason is looked for among a hundred.
   */
  `create function find_external(wanted_issuer text, wanted_audiences jsonb, claims jsonb, named text) returns table (
      provider_id text, organization_id text, jwks_url text, audiences jsonb, algorithms jsonb, subject_claim text, scope_claim text,
      require_scope boolean, clock_tolerance integer, max_lifetime integer, enabled boolean, keys_fetched_at timestamptz,
      account_id text, kind text, role text, name text, username text, groups jsonb, organization_role_ids jsonb,
      creation text, suspend_outside_groups boolean, selected jsonb)
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    #variable_conflict use_column
    declare
      texts text[] := array(select value from jsonb_each_text(claims));
      meant_for text[] := array(select jsonb_array_elements_text(wanted_audiences));
    begin
      return query
      with mapped as (
        select p.id as provider, m.account_id as account
        from public.account_mappings m join public.oauth_providers p on p.id = m.provider_id
        where m.subject = any(texts) and p.issuer = wanted_issuer and m.subject = claims->>p.subject_claim
          and (named is null or p.organization_id = named)
        order by (p.enabled and p.audiences ?| meant_for) desc, p.id limit 10
      ), unmapped as (
        select q.id as provider, null as account from (
          select * from public.oauth_providers p where p.issuer = wanted_issuer and (named is null or p.organization_id = named)
          order by p.issuer, p.id limit 100) q
        where not exists (select from mapped)
        order by q.enabled and q.audiences ?| meant_for desc, q.audiences ?| meant_for desc, q.enabled desc, q.id limit 1
      ), found as (select * from mapped union all select * from unmapped)
      select p.id, p.organization_id, p.jwks_url, p.audiences, p.algorithms, p.subject_claim, p.scope_claim,
        p.require_scope, p.clock_tolerance, p.max_lifetime, p.enabled, k.fetched_at,
        a.id, a.kind, a.role, coalesce(u.name, a.name), coalesce(u.email, a.email, a.name),
        coalesce((select jsonb_agg(jsonb_build_object('id', g.id, 'name', g.name) order by g.id)
          from public.group_members m join public.groups g on g.id = m.group_id where m.account_id = a.id), '[]'),
        jsonb_build_object('admin', o.admin_role_id, 'member', o.member_role_id),
        c.creation, c.suspend_outside_groups,
        coalesce((select jsonb_agg(group_id) from public.selected_groups where organization_id = p.organization_id), '[]')
      from found f
      join public.oauth_providers p on p.id = f.provider
      join public.organizations o on o.id = p.organization_id
      join public.token_settings c on c.organization_id = p.organization_id
      left join public.provider_keys k on k.provider_id = p.id and k.jwks_url = p.jwks_url
      left join public.accounts a on a.id = f.account and a.removed_at is null
      left join public.users u on u.id = a.user_id;
    end $$`,
  /* A provider's stored set, for a process that has not met it; only that of its present address. */
  `create function find_provider_keys(wanted_provider text) returns table (jwks_url text, key_set jsonb, fetched_at timestamptz, last_error text)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
      select k.jwks_url, k.key_set, k.fetched_at, k.last_error
      from public.provider_keys k join public.oauth_providers p on p.id = k.provider_id and p.jwks_url = k.jwks_url
      where k.provider_id = wanted_provider $$`,
  /* How a fetch ended that changed no key: its time, or why it failed (then the time of the last good one stays). */
  `create function record_key_fetch(at_provider text, from_url text, at_time timestamptz, failure text) returns void
    language sql security definer set search_path = pg_catalog, public, pg_temp as $$
      insert into public.provider_keys as k (provider_id, organization_id, jwks_url, fetched_at, last_error)
      select p.id, p.organization_id, p.jwks_url, at_time, failure from public.oauth_providers p where p.id = at_provider and p.jwks_url = from_url
      on conflict (provider_id) do update set jwks_url = excluded.jwks_url, last_error = excluded.last_error,
        key_set = case when k.jwks_url = excluded.jwks_url then k.key_set end,
        fetched_at = case when k.jwks_url = excluded.jwks_url then greatest(k.fetched_at, excluded.fetched_at) else excluded.fetched_at end $$`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
