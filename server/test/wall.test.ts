import { randomUUID } from 'node:crypto'
import { sql, type Transaction } from 'kysely'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type OpenDatabase, openDatabase } from '../src/db/open.ts'
import type { Tables } from '../src/db/tables.ts'
import { asAdmin, newOrganization, newPostgresDatabase, openTestDatabase, type TestDatabase } from './databases.ts'

/** Tables that belong to no organization: people and how they sign in, the instance's own. All others are walled. */
const shared = [
  'users',
  'sessions',
  'user_credentials',
  'verifications',
  'two_factors',
  'rate_limits',
  'fresh_starts',
  'setups',
  'instance',
  'feed_head',
  'peers',
  'catalogues',
  'kysely_migration',
  'kysely_migration_lock',
]

/** The only doors through the wall (O1): each is asked before the organization is known, or writes for all of them. */
const definers = [
  'append_to_feed(at_organization text, what jsonb)',
  'claim_expiry_notices(batch jsonb, at_time timestamp with time zone, digest_of text, digest_day date)',
  'claim_mails(at_time timestamp with time zone, leased_until timestamp with time zone, at_most integer)',
  'count_pending_mails()',
  'expiring_tokens(later_than timestamp with time zone, until timestamp with time zone, seen_expiry timestamp with time zone, seen_id text, at_most integer)',
  'feed_after(seen bigint, at_most integer)',
  'feed_since(seen bigint, at_most integer)',
  'find_external(wanted_issuer text, wanted_audiences jsonb, claims jsonb, named text)',
  'find_fresh_start(wanted_user text)',
  'find_invitation(wanted_hash text)',
  'find_peers(wanted_organization text)',
  'find_preview_choices(id_or_slug text)',
  'find_provider_keys(wanted_provider text)',
  'find_subject_claims(wanted_issuer text)',
  'find_token(wanted_hash text)',
  'finish_mail(wanted_mail text, at_attempt integer, new_state text, next_at timestamp with time zone, error text, at_time timestamp with time zone)',
  'forget_peer(wanted text)',
  'list_feedback(of_feature text, before_id text, at_most integer)',
  'memberships_of(wanted_user text)',
  'number_catalogue(content_hash text)',
  'organization_count()',
  'prepare_invitation_mail(wanted_mail text, at_attempt integer, new_hash text, at_time timestamp with time zone)',
  'read_position(seen bigint)',
  'record_key_fetch(at_provider text, from_url text, at_time timestamp with time zone, failure text)',
  'record_peers(batch jsonb)',
  'record_uses(batch jsonb)',
]

/** The service owning nothing as another login (PORTCULLIS_MIGRATION_URL), with tables that a third one made. */
async function openSplit(): Promise<TestDatabase> {
  const database = await newPostgresDatabase()
  const options = { databaseUrl: database.appUrl, migrationUrl: database.url, dataFolder: '' }
  const opened = await openDatabase(options)
  const drop = async () => {
    await opened.close()
    await database.drop()
  }
  return { ...opened, options, drop }
}

const openers = {
  embedded: () => openTestDatabase('embedded'),
  'PostgreSQL, one login': () => openTestDatabase('postgres'),
  'PostgreSQL, two logins': openSplit,
}

/** One row in every walled table, each with everything that it refers to. */
async function furnish(opened: OpenDatabase): Promise<string> {
  const { id, accountId } = await newOrganization(opened)
  const at = new Date(0)
  const [groupId, tokenId] = [randomUUID(), randomUUID()]
  await opened.owner.transaction().execute(async (tx) => {
    const own = { organization_id: id }
    await tx
      .insertInto('groups')
      .values({ ...own, id: groupId, name: 'g', name_key: 'g', description: '', created_at: at })
      .execute()
    await tx
      .insertInto('group_members')
      .values({ ...own, group_id: groupId, account_id: accountId, role: 'member' })
      .execute()
    await tx
      .insertInto('selected_groups')
      .values({ ...own, group_id: groupId })
      .execute()
    const invitation = { id: randomUUID(), secret_hash: randomUUID(), created_at: at, expires_at: at }
    await tx
      .insertInto('invitations')
      .values({ ...own, ...invitation, account_id: accountId })
      .execute()
    const mail = { kind: 'invitation' as const, subject_id: invitation.id, recipient: 'a@example.com', details: '{}' }
    const queued = { state: 'pending' as const, attempts: 0, next_attempt_at: at, created_at: at }
    await tx
      .insertInto('mails')
      .values({ ...own, ...mail, ...queued, id: randomUUID() })
      .execute()
    const token = { name: 't', description: '', hint: '', created_by: null, expires_at: null, revoked_at: null }
    await tx
      .insertInto('tokens')
      .values({ ...own, ...token, id: tokenId, account_id: accountId, created_at: at, issued_at: at })
      .execute()
    await tx
      .insertInto('token_secrets')
      .values({ ...own, hash: randomUUID(), token_id: tokenId, retired_at: null })
      .execute()
    await tx
      .insertInto('token_uses')
      .values({ ...own, token_id: tokenId, day: '2026-01-01', count: 1 })
      .execute()
    await tx
      .insertInto('token_last_uses')
      .values({ ...own, token_id: tokenId, last_used_at: at })
      .execute()
    await tx
      .insertInto('expiry_notices')
      .values({ ...own, token_id: tokenId, issued_at: at, days: 7, at })
      .execute()
    await tx
      .insertInto('expiry_digests')
      .values({ ...own, day: '2026-01-01' })
      .execute()
    const provider = {
      id: randomUUID(),
      name: 'p',
      issuer: 'https://idp.example',
      jwks_url: 'https://idp.example/jwks',
    }
    const claims = { audiences: '["api"]', algorithms: '["RS256"]', subject_claim: 'sub', scope_claim: 'scope' }
    const limits = { require_scope: false, clock_tolerance: 30, max_lifetime: 60, enabled: true }
    await tx
      .insertInto('oauth_providers')
      .values({ ...own, ...provider, ...claims, ...limits, created_at: at })
      .execute()
    const keys = { jwks_url: provider.jwks_url, key_set: null, fetched_at: null, last_error: null }
    await tx
      .insertInto('provider_keys')
      .values({ ...own, ...keys, provider_id: provider.id })
      .execute()
    const mapping = {
      id: randomUUID(),
      provider_id: provider.id,
      account_id: accountId,
      subject: 's',
      display_name: '',
    }
    await tx
      .insertInto('account_mappings')
      .values({ ...own, ...mapping, created_at: at })
      .execute()
    const key = { feature_key: 'k' }
    await tx
      .insertInto('preview_settings')
      .values({ ...own, version: 1, updated_at: at, updated_by: null })
      .execute()
    await tx
      .insertInto('preview_choices')
      .values({ ...own, ...key, enabled_at: at, enabled_by: null })
      .execute()
    await tx
      .insertInto('preview_feedback')
      .values({ ...own, ...key, id: randomUUID(), account_id: accountId, text: 't', created_at: at })
      .execute()
    const event = {
      id: randomUUID(),
      sequence: 1,
      time: at,
      actor: '{}',
      actor_id: null,
      action: 'a',
      target: '{}',
      target_id: '',
    }
    const rest = {
      before: null,
      after: null,
      ip: null,
      user_agent: null,
      request_id: null,
      previous_hash: '',
      hash: '',
    }
    await tx
      .insertInto('audit_events')
      .values({ ...own, ...event, ...rest })
      .execute()
    await sql`select append_to_feed(${id}, '[]')`.execute(tx)
    await tx
      .insertInto('peers')
      .values({ name: id, kind: 'server', applied: 0, allowance_ms: 0, seen_at: at })
      .execute()
    await tx
      .insertInto('confirmations')
      .values({ ...own, peer: id, number: 0, version: 1, after_ms: 0 })
      .execute()
  })
  return id
}

const insufficientPrivilege = '42501'
const outcomeOf = async (work: Promise<{ numAffectedRows?: bigint | undefined }>): Promise<string | number> => {
  try {
    return Number((await work).numAffectedRows ?? 0n)
  } catch (error) {
    return (error as { code: string }).code
  }
}

/** Runs one statement as the service inside one organization's wall, and rolls it back. */
async function attempt(opened: OpenDatabase, organization: string, statement: ReturnType<typeof sql>) {
  const rollback = new Error('rollback')
  let outcome: string | number = 'nothing'
  const work = async (tx: Transaction<Tables>) => {
    await sql`select set_config('portcullis.organization', ${organization}, true)`.execute(tx)
    outcome = await outcomeOf(statement.execute(tx))
    throw rollback
  }
  await opened.db
    .transaction()
    .execute(work)
    .catch((error) => {
      if (error !== rollback) throw error
    })
  return outcome
}

describe.each(Object.entries(openers))('O1: the second wall [%s]', (_, openIt) => {
  let opened: TestDatabase
  let a: string
  let b: string
  let tables: string[]
  /** Each table's column that names the organization. */
  const columnOf = (table: string) => sql.ref(table === 'organizations' ? 'id' : 'organization_id')

  beforeAll(async () => {
    opened = await openIt()
    a = await furnish(opened)
    b = await furnish(opened)
    const found = await sql<{ name: string }>`select relname::text as name from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1`.execute(opened.owner)
    tables = found.rows.map((it) => it.name).filter((name) => !shared.includes(name))
    expect(tables.length).toBeGreaterThan(10)
  })
  afterAll(() => opened.drop())

  const can = async (table: string, privilege: string) => {
    const asked = sql<{ it: boolean }>`select has_table_privilege(${table}, ${privilege}) as it`
    return (await asked.execute(opened.db)).rows[0]?.it === true
  }

  test('every table that is not shared has a policy, and a row of each organization to try it on', async () => {
    for (const table of tables) {
      const policies = await sql<{ on: boolean; count: number }>`select relrowsecurity as on,
        (select count(*) from pg_policy where polrelid = c.oid) as count from pg_class c
        where oid = ${`public.${table}`}::regclass`.execute(opened.owner)
      expect(policies.rows, table).toEqual([{ on: true, count: 1 }])
      const rows = await sql<{ count: number }>`select count(*) as count from ${sql.table(table)}
        where ${columnOf(table)} in (${a}, ${b})`.execute(opened.owner)
      expect(rows.rows[0]?.count, table).toBeGreaterThanOrEqual(2)
    }
  })

  test('nothing of another organization is read, and without an organization nothing at all', async () => {
    for (const table of tables) {
      const select = (organization: string) =>
        sql`insert into setups select ${columnOf(table)} || random(), now(), now() from ${sql.table(table)}
          where ${columnOf(table)} = ${organization}`
      const granted = await can(table, 'select')
      const one = granted ? expect.any(Number) : insufficientPrivilege
      const none = granted ? 0 : insufficientPrivilege
      expect(await attempt(opened, a, select(a)), table).toEqual(one)
      if (granted) expect(await attempt(opened, a, select(a)), table).toBeGreaterThan(0)
      expect(await attempt(opened, a, select(b)), table).toBe(none)
      expect(await attempt(opened, '', select(a)), table).toBe(none)
    }
  })

  test('nothing of another organization is changed or taken over', async () => {
    for (const table of tables) {
      const column = columnOf(table)
      const touch = (organization: string) =>
        sql`update ${sql.table(table)} set ${column} = ${column} where ${column} = ${organization}`
      const granted = await can(table, 'update')
      if (granted) expect(await attempt(opened, a, touch(a)), table).toBeGreaterThan(0)
      expect(await attempt(opened, a, touch(b)), table).toBe(granted ? 0 : insufficientPrivilege)
      const give = sql`update ${sql.table(table)} set ${column} = ${b} where ${column} = ${a}`
      expect(await attempt(opened, a, give), table).toBe(insufficientPrivilege)
    }
  })

  test('nothing of another organization is deleted', async () => {
    for (const table of tables) {
      const remove = sql`delete from ${sql.table(table)} where ${columnOf(table)} = ${b}`
      expect(await attempt(opened, a, remove), table).toBe((await can(table, 'delete')) ? 0 : insufficientPrivilege)
    }
  })

  test('nothing is written into another organization', async () => {
    for (const table of tables) {
      const found = await sql<{ row: unknown }>`select to_jsonb(it) as row from ${sql.table(table)} it
        where ${columnOf(table)} = ${b} limit 1`.execute(opened.owner)
      const insert = sql`insert into ${sql.table(table)}
        select * from jsonb_populate_record(null::${sql.table(table)}, ${JSON.stringify(found.rows[0]?.row)}::jsonb)`
      expect(await attempt(opened, a, insert), table).toBe(insufficientPrivilege)
    }
  })

  test('A2: audit events can only be added, and the feed is reached through its functions alone', async () => {
    for (const privilege of ['update', 'delete', 'truncate']) expect(await can('audit_events', privilege)).toBe(false)
    for (const table of ['feed', 'feed_head', 'peers', 'confirmations', 'catalogues', 'kysely_migration'])
      for (const privilege of ['select', 'insert', 'update', 'delete']) expect(await can(table, privilege)).toBe(false)
    for (const table of tables) expect(await can(table, 'truncate'), table).toBe(false)
  })

  test('the SECURITY DEFINER functions are the named few, have a fixed search path, and are not for everybody', async () => {
    const found = await sql<{ name: string; config: string[]; everybody: boolean; service: boolean }>`
      select proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name, proconfig as config,
        exists (select from aclexplode(coalesce(proacl, acldefault('f', proowner))) where grantee = 0) as everybody,
        has_function_privilege(p.oid, 'execute') as service
      from pg_proc p where pronamespace = 'public'::regnamespace and prosecdef order by 1`.execute(opened.db)
    const config = ['search_path=pg_catalog, public, pg_temp']
    expect(found.rows).toEqual(definers.map((name) => ({ name, config, everybody: false, service: true })))
  })

  test('the service owns nothing and has no power over the wall', async () => {
    const found = await sql`select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,
      (select count(*) from pg_class where relowner = r.oid) as tables,
      (select count(*) from pg_proc where proowner = r.oid) as functions,
      has_schema_privilege('public', 'create') as creates
      from pg_roles r where rolname = current_user`.execute(opened.db)
    const powerless = { rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcreatedb: false }
    expect(found.rows).toEqual([{ ...powerless, tables: 0, functions: 0, creates: false }])
  })
})

test('a database whose login may not make roles serves all the same, and says that the wall is weak', async () => {
  const login = `portcullis_plain_${process.pid}`
  const { admin } = inject('servers')
  await asAdmin(`create role ${login} login password '${login}'`, `create database ${login} owner ${login}`)
  const url = new URL(admin)
  Object.assign(url, { username: login, password: login, pathname: `/${login}` })
  const opened = await openDatabase({ databaseUrl: url.href, dataFolder: '' })
  try {
    expect(opened.weakWall).toBe(true)
    expect(opened.migrated.wall).toBe(false)
    await newOrganization(opened)
    const count = await sql<{ count: number }>`select organization_count() as count`.execute(opened.db)
    expect(count.rows[0]?.count).toBe(1)
  } finally {
    await opened.close()
    await asAdmin(`drop database ${login} with (force)`, `drop role ${login}`)
  }
})
