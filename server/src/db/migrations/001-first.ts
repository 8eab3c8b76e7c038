import { type Kysely, sql } from 'kysely'

/**
 * Everything the first version remembers. The second wall for O1 stands here: row-level security on every table that
 * belongs to an organization, for a role that owns nothing (granted in `migrate.ts`). The few look-ups that happen
 * before an organization is known are the SECURITY DEFINER functions at the end, and nothing else.
 */
const statements = [
  `create table users (
    id text primary key, name text not null, email text not null unique, email_verified boolean not null default false,
    image text, two_factor_enabled boolean default false, created_at timestamptz not null, updated_at timestamptz not null)`,
  `create table sessions (
    id text primary key, user_id text not null references users on delete cascade, token text not null unique,
    expires_at timestamptz not null, ip_address text, user_agent text, created_at timestamptz not null, updated_at timestamptz not null)`,
  'create index sessions_by_user on sessions (user_id)',
  `create table user_credentials (
    id text primary key, user_id text not null references users on delete cascade, account_id text not null, provider_id text not null,
    password text, access_token text, refresh_token text, id_token text, access_token_expires_at timestamptz,
    refresh_token_expires_at timestamptz, scope text, created_at timestamptz not null, updated_at timestamptz not null)`,
  'create index user_credentials_by_user on user_credentials (user_id)',
  `create table verifications (
    id text primary key, identifier text not null, value text not null, expires_at timestamptz not null,
    created_at timestamptz not null, updated_at timestamptz not null)`,
  'create index verifications_by_identifier on verifications (identifier)',
  `create table two_factors (
    id text primary key, user_id text not null references users on delete cascade, secret text not null, backup_codes text not null,
    verified boolean default true, failed_verification_count integer default 0, locked_until timestamptz)`,
  'create index two_factors_by_user on two_factors (user_id)',
  'create table rate_limits (id text primary key, key text not null unique, count integer not null, last_request bigint not null)',
  'create table setups (secret_hash text primary key, created_at timestamptz not null, expires_at timestamptz not null)',

  `create table organizations (
    id text primary key, name text not null, slug text not null unique, created_at timestamptz not null,
    admin_role_id uuid not null, member_role_id uuid not null, audit_sequence bigint not null default 0, audit_hash text not null default '')`,
  `create table accounts (
    id text primary key, organization_id text not null references organizations, kind text not null check (kind in ('member', 'service_account')),
    user_id text references users, name text not null, email text, role text not null check (role in ('admin', 'member')),
    status text not null check (status in ('invited', 'joined')), created_at timestamptz not null, created_by text,
    joined_at timestamptz, removed_at timestamptz, unique (organization_id, id))`,
  `create unique index accounts_by_email on accounts (organization_id, email) where removed_at is null and email is not null`,
  `create unique index accounts_by_user on accounts (user_id, organization_id) where removed_at is null and user_id is not null`,
  `create index accounts_in_order on accounts (organization_id, kind, id) where removed_at is null`,
  `create table invitations (
    id text primary key, organization_id text not null, account_id text not null unique, secret_hash text not null unique,
    created_at timestamptz not null, expires_at timestamptz not null,
    foreign key (organization_id, account_id) references accounts (organization_id, id))`,
  `create index invitations_by_organization on invitations (organization_id)`,
  `create table groups (
    id text primary key, organization_id text not null references organizations, name text not null, name_key text not null,
    description text not null default '', created_at timestamptz not null, unique (organization_id, name_key), unique (organization_id, id))`,
  `create table group_members (
    group_id text not null, account_id text not null, organization_id text not null,
    role text not null check (role in ('member', 'manager')), primary key (group_id, account_id),
    foreign key (organization_id, group_id) references groups (organization_id, id) on delete cascade,
    foreign key (organization_id, account_id) references accounts (organization_id, id))`,
  'create index group_members_by_account on group_members (account_id)',
  `create table token_settings (
    organization_id text primary key references organizations, creation text not null check (creation in ('all', 'groups', 'none')),
    suspend_outside_groups boolean not null, version bigint not null, updated_at timestamptz not null, updated_by text)`,
  `create table selected_groups (
    organization_id text not null, group_id text not null, primary key (organization_id, group_id),
    foreign key (organization_id, group_id) references groups (organization_id, id))`,
  `create table tokens (
    id text primary key, organization_id text not null, account_id text not null, name text not null, description text not null,
    hint text not null, created_at timestamptz not null, created_by text, issued_at timestamptz not null, expires_at timestamptz,
    revoked_at timestamptz, foreign key (organization_id, account_id) references accounts (organization_id, id))`,
  'create index tokens_by_account on tokens (organization_id, account_id, id) include (expires_at) where revoked_at is null',
  'create index tokens_in_order on tokens (organization_id, id) where revoked_at is null',
  'create index tokens_by_expiry on tokens (expires_at) where revoked_at is null and expires_at is not null',
  `create table token_secrets (
    hash text primary key, token_id text not null references tokens, organization_id text not null references organizations, retired_at timestamptz)`,
  'create index token_secrets_by_token on token_secrets (token_id)',
  `create table token_uses (
    token_id text not null references tokens, organization_id text not null, day date not null, count bigint not null, primary key (token_id, day))`,
  'create index token_uses_by_day on token_uses (organization_id, day)',
  `create table token_last_uses (token_id text primary key references tokens, organization_id text not null, last_used_at timestamptz not null)`,
  'create index token_last_uses_recent on token_last_uses (organization_id, last_used_at)',
  `create table audit_events (
    id text not null unique, organization_id text not null references organizations, sequence bigint not null, time timestamptz not null,
    actor jsonb not null, actor_id text, action text not null, target jsonb not null, target_id text not null, before jsonb, after jsonb,
    ip text, user_agent text, request_id text, previous_hash text not null, hash text not null, primary key (organization_id, sequence))`,
  'create index audit_events_by_time on audit_events (organization_id, time)',
  'create index audit_events_by_actor on audit_events (organization_id, actor_id, sequence)',
  'create index audit_events_by_target on audit_events (organization_id, target_id, sequence)',
  'create index audit_events_by_action on audit_events (organization_id, action, sequence)',
  `create table feed (number bigint primary key, organization_id text not null, forget jsonb not null, at timestamptz not null)`,
  'create table feed_head (single boolean primary key default true check (single), head bigint not null)',
  'insert into feed_head (head) values (0)',

  `alter table organizations enable row level security`,
  `create policy own on organizations using (id = current_setting('portcullis.organization', true))`,
  ...[
    'accounts',
    'invitations',
    'groups',
    'group_members',
    'token_settings',
    'selected_groups',
    'tokens',
    'token_secrets',
    'token_uses',
    'token_last_uses',
    'audit_events',
    'feed',
  ].flatMap((table) => [
    `alter table ${table} enable row level security`,
    `create policy own on ${table} using (organization_id = current_setting('portcullis.organization', true))`,
  ]),

  /*
   * What the gate must know about a secret, in one round trip (N2): the token, its owner, the organization's setting.
   * In PL/pgSQL, which keeps the plan for the session: planning anew cost several times what the look-up does.
   */
  `create function find_token(wanted_hash text) returns table (
      token_id text, organization_id text, account_id text, issued_at timestamptz, expires_at timestamptz, revoked boolean, owner_removed boolean,
      kind text, role text, name text, username text, groups jsonb, organization_role_ids jsonb,
      creation text, suspend_outside_groups boolean, selected jsonb)
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    #variable_conflict use_column
    begin
      return query
      select t.id, t.organization_id, t.account_id, t.issued_at, t.expires_at,
        t.revoked_at is not null or s.retired_at is not null, a.removed_at is not null,
        a.kind, a.role, coalesce(u.name, a.name), coalesce(u.email, a.email, a.name),
        coalesce((select jsonb_agg(jsonb_build_object('id', g.id, 'name', g.name) order by g.id)
          from public.group_members m join public.groups g on g.id = m.group_id where m.account_id = a.id), '[]'),
        jsonb_build_object('admin', o.admin_role_id, 'member', o.member_role_id),
        c.creation, c.suspend_outside_groups,
        coalesce((select jsonb_agg(group_id) from public.selected_groups where organization_id = t.organization_id), '[]')
      from public.token_secrets s
      join public.tokens t on t.id = s.token_id
      join public.accounts a on a.id = t.account_id
      join public.organizations o on o.id = t.organization_id
      join public.token_settings c on c.organization_id = t.organization_id
      left join public.users u on u.id = a.user_id
      where s.hash = wanted_hash;
    end $$`,
  `create function find_invitation(wanted_hash text) returns table (organization_id text, invitation_id text)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
      select organization_id, id from public.invitations where secret_hash = wanted_hash $$`,
  `create function memberships_of(wanted_user text) returns table (
      organization_id text, organization_name text, organization_slug text, account_id text, role text)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
      select o.id, o.name, o.slug, a.id, a.role from public.accounts a join public.organizations o on o.id = a.organization_id
      where a.user_id = wanted_user and a.removed_at is null and a.status = 'joined' order by o.id $$`,
  `create function organization_count() returns bigint
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$ select count(*) from public.organizations $$`,
  /*
   * Takes the feed's next number and holds its lock until commit, so that numbers appear in the order of commits. Each
   * new entry takes away some that are over an hour old, from the old end: whoever is further behind forgets everything.
   */
  `create function append_to_feed(at_organization text, what jsonb) returns bigint
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
    declare taken bigint;
    begin
      update public.feed_head set head = head + 1 returning head into taken;
      insert into public.feed (number, organization_id, forget, at) values (taken, at_organization, what, now());
      delete from public.feed where number < (select min(number) + 100 from public.feed)
        and number <= taken - 1000 and at < now() - interval '1 hour';
      perform pg_notify('portcullis_feed', taken::text);
      return taken;
    end $$`,
  `create function feed_after(seen bigint, at_most integer) returns table (head bigint, number bigint, organization_id text, forget jsonb)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
      select h.head, f.number, f.organization_id, f.forget from public.feed_head h
      left join (select * from public.feed where feed.number > seen order by feed.number limit at_most) f on true order by f.number $$`,
  /* T8: adds up a batch of uses; rows are taken in the order of their ids, so that two processes never wait in a circle. */
  `create function record_uses(batch jsonb) returns void
    language sql security definer set search_path = pg_catalog, public, pg_temp as $$
      with uses as (
        select t.id, t.organization_id, (u->>'day')::date as day, (u->>'count')::bigint as count, (u->>'lastUsedAt')::timestamptz as last
        from jsonb_array_elements(batch) u join public.tokens t on t.id = u->>'tokenId' order by t.id, 3
      ), days as (
        insert into public.token_uses as d (token_id, organization_id, day, count)
        select id, organization_id, day, sum(count) from uses group by 1, 2, 3 order by 1, 3
        on conflict (token_id, day) do update set count = d.count + excluded.count
      )
      insert into public.token_last_uses as l (token_id, organization_id, last_used_at)
      select id, organization_id, max(last) from uses group by 1, 2 order by 1
      on conflict (token_id) do update set last_used_at = greatest(l.last_used_at, excluded.last_used_at) $$`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
