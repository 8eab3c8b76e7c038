import { type Kysely, sql } from 'kysely'

/**
 * The durable mail queue, and the channel through which the secret of an invitation left. `mails` stores what to send
 * and to whom, never a secret: each attempt makes a new one. A mail without an organization belongs to a person; the
 * service can add it and no tenant can read it. `secret_channel` defaults to `shown`, which proves nothing about the
 * address, so invitations of the previous version fail closed.
 */
const statements = [
  `alter table invitations add column secret_channel text not null default 'shown'`,
  `create table mails (
    id text primary key, organization_id text references organizations, kind text not null, subject_id text not null,
    recipient text not null, requested_by text, details jsonb not null,
    state text not null check (state in ('pending', 'sent', 'failed')), attempts integer not null,
    next_attempt_at timestamptz not null, lease_until timestamptz, last_error text, created_at timestamptz not null,
    finished_at timestamptz)`,
  // An invitation has one mail at most: lists join it.
  `create unique index mails_of_invitation on mails (subject_id) where kind = 'invitation'`,
  'create index mails_by_subject on mails (subject_id)',
  `create index mails_due on mails (next_attempt_at) where state = 'pending'`,
  'create index mails_by_finish on mails (finished_at) where finished_at is not null',
  'alter table mails enable row level security',
  `create policy own on mails using (organization_id = current_setting('portcullis.organization', true))
    with check (organization_id is null or organization_id = current_setting('portcullis.organization', true))`,
  /*
   * Leases mails that are due, of all organizations, to one process. Mails of people who wait (a forgotten password) and
   * first attempts come first, so that addresses that never answer delay nobody else.
   */
  `create function claim_mails(at_time timestamptz, leased_until timestamptz, at_most integer)
    returns table (id text, organization_id text, kind text, subject_id text, recipient text, details jsonb, attempts integer,
      created_at timestamptz)
    language sql security definer set search_path = pg_catalog, public, pg_temp as $$
      with due as materialized (
        select c.id from public.mails c
        where c.state = 'pending' and c.next_attempt_at <= at_time and (c.lease_until is null or c.lease_until <= at_time)
        order by c.organization_id is not null, c.attempts, c.next_attempt_at, c.id limit at_most for update skip locked
      )
      update public.mails m set lease_until = leased_until, attempts = m.attempts + 1 from due where m.id = due.id
      returning m.id, m.organization_id, m.kind, m.subject_id, m.recipient, m.details, m.attempts, m.created_at $$`,
  /*
   * Stores the result of one attempt. The number of the attempt fences off a process whose lease ended before its attempt
   * did. Without a state the mail is obsolete and is deleted; so are results that are older than 30 days.
   */
  `create function finish_mail(wanted_mail text, at_attempt integer, new_state text, next_at timestamptz, error text,
      at_time timestamptz) returns void
    language sql security definer set search_path = pg_catalog, public, pg_temp as $$
      delete from public.mails where finished_at < at_time - interval '30 days';
      delete from public.mails where id = wanted_mail and attempts = at_attempt and state = 'pending' and new_state is null;
      update public.mails set state = new_state, next_attempt_at = coalesce(next_at, next_attempt_at), lease_until = null,
        last_error = error, finished_at = case when new_state = 'pending' then null else at_time end
      where id = wanted_mail and attempts = at_attempt and state = 'pending' and new_state is not null $$`,
  `create function count_pending_mails() returns bigint
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
      select count(*) from public.mails where state = 'pending' $$`,
  /*
   * Gives an invitation a new secret that leaves by mail, and answers what the mail says; no row where the mail is
   * obsolete (withdrawn, accepted, expired, shown to an admin, resent, or claimed by another process). The row lock of the
   * organization puts this in line with its changes.
   */
  `create function prepare_invitation_mail(wanted_mail text, at_attempt integer, new_hash text, at_time timestamptz)
    returns table (organization_name text, inviter text, email text, expires_at timestamptz)
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
    #variable_conflict use_column
    declare mail public.mails;
    begin
      select * into mail from public.mails where id = wanted_mail and kind = 'invitation';
      perform from public.organizations where id = mail.organization_id for update;
      perform from public.mails where id = wanted_mail and state = 'pending' and attempts = at_attempt;
      if not found then return; end if;
      return query
      with renewed as (
        update public.invitations i set secret_hash = new_hash, secret_channel = 'mail'
        from public.accounts a
        where i.id = mail.subject_id and i.organization_id = mail.organization_id and i.expires_at > at_time
          and a.id = i.account_id and a.removed_at is null
        returning a.email, i.expires_at
      )
      select o.name, coalesce(u.name, r.name, ''), renewed.email, renewed.expires_at
      from renewed join public.organizations o on o.id = mail.organization_id
      left join public.accounts r on r.id = mail.requested_by left join public.users u on u.id = r.user_id;
    end $$`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
