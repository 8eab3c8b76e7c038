import { randomUUID } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { typeidUnboxed } from 'typeid-js'
import { afterAll, describe, inject } from 'vitest'
import { type OpenDatabase, openDatabase } from '../src/db/open.ts'

export type DatabaseKind = OpenDatabase['kind']

export interface TestDatabase extends OpenDatabase {
  /** What `openDatabase` took, to open it once more beside this one (PostgreSQL) or after it (embedded). */
  options: { databaseUrl?: string; dataFolder: string }
  /** Closes it and removes all that it left. */
  drop: () => Promise<void>
}

/**
 * Runs the same tests on the embedded database and on PostgreSQL. `open` gives a fresh, migrated database, the same one
 * to every caller within one `describeOnBoth`; tests keep apart by having an organization each (`newOrganization`).
 */
export function describeOnBoth(
  name: string,
  tests: (open: () => Promise<TestDatabase>, kind: DatabaseKind) => void,
): void {
  for (const kind of ['embedded', 'postgres'] as const) {
    describe(`${name} [${kind}]`, () => {
      let opened: Promise<TestDatabase> | undefined
      afterAll(async () => (await opened)?.drop())
      tests(() => {
        opened ??= openTestDatabase(kind)
        return opened
      }, kind)
    })
  }
}

/** A database of its own, for tests that describeOnBoth does not fit. */
export const openTestDatabase = (kind: DatabaseKind): Promise<TestDatabase> =>
  kind === 'embedded' ? openEmbedded() : openPostgres()

const leftBehind = new Set<string>()
process.on('exit', () => {
  for (const folder of leftBehind) rmSync(folder, { recursive: true, force: true })
})

/** A migrated data folder, not yet opened; it is removed when this process ends. */
export function newDataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-data-'))
  leftBehind.add(folder)
  cpSync(inject('servers').templateFolder, folder, { recursive: true })
  return folder
}

async function openEmbedded(): Promise<TestDatabase> {
  const options = { dataFolder: newDataFolder() }
  const opened = await openDatabase({ ...options, synced: false })
  const drop = async () => {
    await opened.close()
    rmSync(options.dataFolder, { recursive: true, force: true })
  }
  return { ...opened, options, drop }
}

/** A migrated database of PostgreSQL, not yet opened: its owner's URL, and the app's, which owns nothing. */
export async function newPostgresDatabase(template = inject('servers').template) {
  const { owner, app } = inject('servers')
  const name = `portcullis_test_${randomUUID().replaceAll('-', '')}`
  await asOwner(`create database ${name} template ${template}`)
  const at = (url: string) => url.replace(/\/[^/]*$/, `/${name}`)
  // By the superuser: an autovacuum worker that happens to be there is one too, and nobody else may end it.
  const drop = () => asAdmin(`drop database if exists ${name} with (force)`)
  return { name, url: at(owner), appUrl: at(app), drop }
}

async function openPostgres(): Promise<TestDatabase> {
  const database = await newPostgresDatabase()
  const options = { databaseUrl: database.url, dataFolder: '' }
  const opened = await openDatabase(options)
  const drop = async () => {
    await opened.close()
    await database.drop()
  }
  return { ...opened, options, drop }
}

const asOwner = (statement: string) => run(inject('servers').owner, [statement])

/** Statements of a superuser of PostgreSQL, for what only a cluster's operator can do. */
export const asAdmin = (...statements: string[]) => run(inject('servers').admin, statements)

async function run(url: string, statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

/** An organization with its settings and one admin who joined, put there by the owner: for tests of what lies below. */
export async function newOrganization({ owner }: OpenDatabase, at = new Date('2026-01-01T00:00:00Z')) {
  const id = typeidUnboxed('org')
  const accountId = typeidUnboxed('mem')
  const userId = randomUUID()
  const email = `${accountId}@example.com`
  await owner.transaction().execute(async (tx) => {
    const roles = { admin_role_id: randomUUID(), member_role_id: randomUUID() }
    await tx
      .insertInto('organizations')
      .values({ id, name: 'Acme', slug: id, created_at: at, ...roles })
      .execute()
    const settings = {
      creation: 'all',
      suspend_outside_groups: false,
      version: 1,
      updated_at: at,
      updated_by: null,
    } as const
    await tx
      .insertInto('token_settings')
      .values({ organization_id: id, ...settings })
      .execute()
    const user = { id: userId, name: 'Ada', email, email_verified: true, image: null, two_factor_enabled: false }
    await tx
      .insertInto('users')
      .values({ ...user, created_at: at, updated_at: at })
      .execute()
    const account = {
      id: accountId,
      organization_id: id,
      user_id: userId,
      name: 'Ada',
      email,
      created_by: null,
    } as const
    const joined = {
      kind: 'member',
      role: 'admin',
      status: 'joined',
      created_at: at,
      joined_at: at,
      removed_at: null,
    } as const
    await tx
      .insertInto('accounts')
      .values({ ...account, ...joined })
      .execute()
  })
  return { id, accountId, userId, email }
}
