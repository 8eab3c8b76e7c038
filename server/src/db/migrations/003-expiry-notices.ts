import { type Kysely, sql } from 'kysely'

/**
 * Who was told of an expiration. A row is taken before its mail leaves, so that of several processes one sends it, once.
 * `issued_at` names the secret: a refreshed token starts anew. The service reaches both tables through the functions
 * alone, since a sweep asks for all organizations at once (O1).
 */
const statements = [
  `create table expiry_notices (
    token_id text not null references tokens, organization_id text not null references organizations, issued_at timestamptz not null,
    days integer not null check (days in (1, 7)), at timestamptz not null, primary key (token_id, issued_at, days))`,
  'create index expiry_notices_by_time on expiry_notices (at)',
  `create table expiry_digests (
    organization_id text not null references organizations, day date not null, primary key (organization_id, day))`,
  ...['expiry_notices', 'expiry_digests'].flatMap((table) => [
    `alter table ${table} enable row level security`,
    `create policy own on ${table} using (organization_id = current_setting('portcullis.organization', true))`,
  ]),
  /* Living tokens of living accounts by expiration, a page at a time, each with what was told of its present secret. */
  `create function expiring_tokens(later_than timestamptz, until timestamptz, seen_expiry timestamptz, seen_id text, at_most integer)
    returns table (token_id text, organization_id text, kind text, issued_at timestamptz, expires_at timestamptz, told jsonb)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
      select t.id, t.organization_id, a.kind, t.issued_at, t.expires_at, coalesce(
        (select jsonb_agg(n.days) from public.expiry_notices n where n.token_id = t.id and n.issued_at = t.issued_at), '[]')
      from public.tokens t join public.accounts a on a.id = t.account_id
      where t.revoked_at is null and a.removed_at is null and t.expires_at > later_than and t.expires_at <= until
        and (t.expires_at, t.id) > (seen_expiry, seen_id)
      order by t.expires_at, t.id limit at_most $$`,
  /*
   * Takes the notices that are still to be given, and answers what their mails say. With a day, all or nothing: an
   * organization is told of its service accounts' tokens once a day. What is over 30 days old speaks of expired secrets.
   */
  `create function claim_expiry_notices(batch jsonb, at_time timestamptz, digest_of text, digest_day date)
    returns table (token_id text, organization_id text, organization_name text, organization_slug text, token_name text, hint text,
      expires_at timestamptz, owner text, email text)
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
    #variable_conflict use_column
    begin
      delete from public.expiry_notices where at < at_time - interval '30 days';
      if digest_of is not null then
        delete from public.expiry_digests where organization_id = digest_of and day < digest_day - 30;
        insert into public.expiry_digests (organization_id, day) values (digest_of, digest_day) on conflict do nothing;
        if not found then return; end if;
      end if;
      return query
      with claimed as (
        insert into public.expiry_notices as n (token_id, organization_id, issued_at, days, at)
        select t.id, t.organization_id, t.issued_at, (b->>'days')::integer, at_time
        from jsonb_array_elements(batch) b join public.tokens t on t.id = b->>'tokenId'
        join public.accounts a on a.id = t.account_id
        where t.issued_at = (b->>'issuedAt')::timestamptz and t.expires_at > at_time and t.revoked_at is null and a.removed_at is null
        order by t.id
        on conflict do nothing returning n.token_id
      )
      select t.id, o.id, o.name, o.slug, t.name, t.hint, t.expires_at, coalesce(u.name, a.name), u.email
      from claimed c join public.tokens t on t.id = c.token_id join public.accounts a on a.id = t.account_id
      join public.organizations o on o.id = t.organization_id left join public.users u on u.id = a.user_id
      order by t.expires_at, t.id;
    end $$`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
