import { type Kysely, sql } from 'kysely'

/**
 * Every change begins here: it takes the organization's lock and then reads whatever decides about its actor. Both are
 * one round trip, and two statements of a volatile function: under READ COMMITTED each of them has a snapshot of its own,
 * so what is read after the wait for the lock is what was committed before it was given. In one plain statement the
 * other tables would be seen as they were before the wait. It runs with the caller's rights: row-level security binds it.
 *
 * Sessions and users belong to no organization, so the lock does not cover them. They are read FOR SHARE: whoever ends a
 * session waits for the change that it carries.
 */
const statements = [
  `create function begin_change(wanted_organization text, asked jsonb) returns jsonb
    language plpgsql volatile as $$
    declare
      found_session jsonb;
      answer jsonb;
    begin
      perform set_config('portcullis.organization', wanted_organization, true);
      perform 1 from public.organizations o where o.id = wanted_organization for update;
      if asked ? 'session' then
        select jsonb_build_object('userId', s.user_id, 'expiresAt', s.expires_at, 'name', u.name, 'email', u.email)
          into found_session
          from public.sessions s join public.users u on u.id = s.user_id
          where s.id = asked->>'session' for share of s, u;
      end if;
      select jsonb_build_object(
        'session', found_session,
        'account', case when asked ? 'account' then (
          select jsonb_build_object('userId', a.user_id, 'role', a.role) from public.accounts a
          where a.organization_id = wanted_organization and a.id = asked->>'account'
            and a.removed_at is null and a.status = 'joined') end,
        'groupRole', case when asked ? 'group' then (
          select m.role from public.group_members m where m.organization_id = wanted_organization
            and m.group_id = asked->>'group' and m.account_id = asked->>'account') end,
        'token', case when asked ? 'token' then (
          select to_jsonb(t) from public.find_token(asked->>'token') t) end,
        'external', case when asked ? 'external' then (
          select jsonb_agg(to_jsonb(e) || jsonb_build_object('key_set', k.key_set))
          from public.find_external(asked->'external'->>'issuer', asked->'external'->'audiences',
            asked->'external'->'claims', wanted_organization) e
          left join public.provider_keys k on k.provider_id = e.provider_id and k.jwks_url = e.jwks_url) end,
        'invitation', case when asked ? 'invitation' then (
          select jsonb_build_object('expiresAt', i.expires_at, 'email', a.email)
          from public.invitations i join public.accounts a on a.id = i.account_id
          where i.organization_id = wanted_organization and i.secret_hash = asked->>'invitation') end,
        'setup', case when asked ? 'setup' then (
          select jsonb_build_object('expiresAt', s.expires_at) from public.setups s
          where s.secret_hash = asked->>'setup') end)
        into answer;
      return answer;
    end $$`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
