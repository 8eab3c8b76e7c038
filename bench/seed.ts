import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { typeidUnboxed } from 'typeid-js'
import type { Database } from '../server/src/db/change.ts'
import { openDatabase } from '../server/src/db/open.ts'
import { hashOf } from '../server/src/features/tokens/actions.ts'
import { newSecret } from '../server/src/features/tokens/rules.ts'
import type { Postgres } from './processes.ts'

const perStatement = 50_000
const perAccount = 100

/** Ids that look like ours, made by the database: 26 letters of Crockford's base32, in the order of a number. */
const id = (prefix: string, number: string) =>
  `'${prefix}_01jd${'0'.repeat(15)}' || lpad(translate(to_hex(${number}), 'abcdef', 'abcdef'), 7, '0')`

/**
 * `count` tokens of service accounts, by SQL: nobody knows their secrets, they are there to be many. `from` keeps the
 * ids of several calls apart.
 */
export async function fillTokens(owner: Database, organizationId: string, count: number, from: number): Promise<void> {
  const accounts = Math.ceil(count / perAccount)
  const account = (number: string) => id('svc', `${from} + (${number} - 1) / ${perAccount}`)
  await sql
    .raw(`
    insert into accounts (id, organization_id, kind, name, role, status, created_at, joined_at)
    select ${id('svc', `${from} + n`)}, '${organizationId}', 'service_account', 'Service ' || n, 'member', 'joined', now(), now()
    from generate_series(0, ${accounts - 1}) n`)
    .execute(owner)
  for (let at = 1; at <= count; at += perStatement) {
    const range = `generate_series(${at}, ${Math.min(at + perStatement - 1, count)}) n`
    await sql
      .raw(`
      insert into tokens (id, organization_id, account_id, name, description, hint, created_at, issued_at)
      select ${id('tok', `${from} + n`)}, '${organizationId}', ${account('n')}, 'Token ' || n, '', 'pcs_…0000', now(), now() from ${range}`)
      .execute(owner)
    await sql
      .raw(`
      insert into token_secrets (hash, token_id, organization_id)
      select rtrim(translate(encode(sha256(('${organizationId}' || n)::bytea), 'base64'), '+/', '-_'), '='), ${id('tok', `${from} + n`)}, '${organizationId}'
      from ${range}`)
      .execute(owner)
    // A tenth was used within the last day, as the impact counts them.
    await sql
      .raw(`
      insert into token_last_uses (token_id, organization_id, last_used_at)
      select ${id('tok', `${from} + n`)}, '${organizationId}', now() from ${range} where n % 10 = 0`)
      .execute(owner)
  }
  await sql.raw('vacuum analyze').execute(owner)
}

/** `count` members who have joined and never sign in, by SQL. */
export async function fillMembers(owner: Database, organizationId: string, count: number): Promise<void> {
  const address = `'member-' || n || '@' || lower('${organizationId}') || '.example.com'`
  const user = `'${organizationId}-' || n`
  await sql
    .raw(`
    insert into users (id, name, email, created_at, updated_at)
    select ${user}, 'Member ' || n, ${address}, now(), now() from generate_series(1, ${count}) n`)
    .execute(owner)
  await sql
    .raw(`
    insert into accounts (id, organization_id, kind, user_id, name, email, role, status, created_at, joined_at)
    select ${id('mem', `${count} + n`)}, '${organizationId}', 'member', ${user}, 'Member ' || n, ${address}, 'member', 'joined', now(), now()
    from generate_series(1, ${count}) n`)
    .execute(owner)
}

/** `count` tokens whose secrets are known, each of its own service account unless `perAccount` says otherwise. */
export async function addKnownTokens(
  owner: Database,
  organizationId: string,
  count: number,
  perAccount = 1,
): Promise<string[]> {
  const at = new Date()
  const common = { organization_id: organizationId, created_at: at, created_by: null }
  const accountIds = Array.from({ length: Math.ceil(count / perAccount) }, () => typeidUnboxed('svc'))
  const made = Array.from({ length: count }, (_, i) => ({
    secret: newSecret('service_account', (size) => randomBytes(size)),
    tokenId: typeidUnboxed('tok'),
    accountId: accountIds[Math.floor(i / perAccount)] ?? '',
  }))
  await inPortions(accountIds, (some) => addServiceAccounts(owner, common, some))
  await inPortions(made, async (some) => {
    const token = { ...common, name: 'bench', description: '', hint: 'pcs_…0000', issued_at: at }
    const living = { expires_at: null, revoked_at: null }
    await owner
      .insertInto('tokens')
      .values(some.map((it) => ({ ...token, ...living, id: it.tokenId, account_id: it.accountId })))
      .execute()
    const secret = { organization_id: organizationId, retired_at: null }
    await owner
      .insertInto('token_secrets')
      .values(some.map((it) => ({ ...secret, hash: hashOf(it.secret), token_id: it.tokenId })))
      .execute()
  })
  return made.map((it) => it.secret)
}

/** A statement has room for some thousand rows of parameters. */
async function inPortions<T>(all: readonly T[], insert: (some: readonly T[]) => Promise<void>): Promise<void> {
  for (let i = 0; i < all.length; i += 1000) await insert(all.slice(i, i + 1000))
}

type Common = { organization_id: string; created_at: Date; created_by: null }

async function addServiceAccounts(owner: Database, common: Common, ids: readonly string[]): Promise<void> {
  const joined = { kind: 'service_account', role: 'member', status: 'joined', joined_at: common.created_at } as const
  const nobody = { user_id: null, email: null, removed_at: null }
  await owner
    .insertInto('accounts')
    .values(ids.map((id) => ({ ...common, ...joined, ...nobody, id, name: `Known ${id.slice(-8)}` })))
    .execute()
}

/** The owner's access to the database of a running instance, for seeding. */
export async function asOwner<T>(env: Postgres['env'], work: (owner: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase({ databaseUrl: env.PORTCULLIS_MIGRATION_URL, dataFolder: '' })
  try {
    return await work(database.owner)
  } finally {
    await database.close()
  }
}

/** `count` tokens of the first organization whose secrets are known. */
export const seedKnownTokens = ({ env }: Pick<Postgres, 'env'>, count: number, perAccount = 1): Promise<string[]> =>
  asOwner(env, async (owner) => {
    const organization = await owner.selectFrom('organizations').select('id').limit(1).executeTakeFirstOrThrow()
    return addKnownTokens(owner, organization.id, count, perAccount)
  })

/** A second organization, with the person who founded the first as its admin. */
export async function addOrganization(owner: Database, name: string, email: string): Promise<string> {
  const at = new Date()
  const id = typeidUnboxed('org')
  const user = await owner.selectFrom('users').select('id').where('email', '=', email).executeTakeFirstOrThrow()
  const roles = { admin_role_id: crypto.randomUUID(), member_role_id: crypto.randomUUID() }
  await owner
    .insertInto('organizations')
    .values({ id, name, slug: name.toLowerCase(), created_at: at, ...roles })
    .execute()
  await owner
    .insertInto('token_settings')
    .values({
      organization_id: id,
      creation: 'all',
      suspend_outside_groups: false,
      version: 1,
      updated_at: at,
      updated_by: null,
    })
    .execute()
  const account = { kind: 'member', role: 'admin', status: 'joined', created_at: at, joined_at: at } as const
  await owner
    .insertInto('accounts')
    .values({
      ...account,
      id: typeidUnboxed('mem'),
      organization_id: id,
      user_id: user.id,
      name: email,
      email,
      created_by: null,
      removed_at: null,
    })
    .execute()
  return id
}
