import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { openDatabase } from '../src/db/open.ts'
import { startPostgres } from './databases-server.ts'

export interface TestServers {
  /** A superuser's URL to PostgreSQL's `postgres` database. */
  admin: string
  /** A login that owns the databases of the tests and may make roles, as a DATABASE_URL that does both. */
  owner: string
  /** A login that owns nothing, as a DATABASE_URL beside a PORTCULLIS_MIGRATION_URL. */
  app: string
  /** A migrated database of PostgreSQL, to be copied. */
  template: string
  /** A migrated data folder of the embedded database, to be copied. */
  templateFolder: string
}

declare module 'vitest' {
  interface ProvidedContext {
    servers: TestServers
  }
}

const withUser = (url: string, user: string, database = 'postgres'): string => {
  const changed = new URL(url)
  changed.username = user
  changed.password = user
  changed.pathname = `/${database}`
  return changed.href
}

/** Starts one PostgreSQL for all test files, or uses the one that PORTCULLIS_TEST_POSTGRES_URL names (a superuser's URL). */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  requireConsole()
  const given = process.env.PORTCULLIS_TEST_POSTGRES_URL
  const started = given === undefined ? await startPostgres() : undefined
  const admin = given ?? (started?.url as string)
  const template = `portcullis_template_${process.pid}`
  const owner = withUser(admin, 'portcullis_test_owner')
  const [templateFolder] = await Promise.all([makeTemplateFolder(), makeTemplate(admin, owner, template)])
  project.provide('servers', { admin, owner, app: withUser(admin, 'portcullis_test_app'), template, templateFolder })
  return async () => {
    if (started) return started.stop()
    await asAdmin(admin, [`drop database if exists ${template} with (force)`])
  }
}

/** An instance does not start without a built console. Which build it is matters to the tests in the browser only. */
function requireConsole(): void {
  const folder = join(import.meta.dirname, '../../console')
  if (existsSync(join(folder, 'dist/index.html'))) return
  execFileSync(process.execPath, ['build.ts', '--if-needed'], { cwd: folder, stdio: 'inherit' })
}

async function asAdmin(url: string, statements: string[]): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

async function makeTemplate(admin: string, owner: string, name: string): Promise<void> {
  const login = (role: string, rights: string) =>
    `do $$ begin create role ${role} login ${rights} password '${role}'; exception when duplicate_object then null; end $$`
  await asAdmin(admin, [
    login('portcullis_test_owner', 'createrole createdb'),
    login('portcullis_test_app', ''),
    `create database ${name} owner portcullis_test_owner`,
  ])
  const opened = await openDatabase({ databaseUrl: withUser(owner, 'portcullis_test_owner', name), dataFolder: '' })
  await opened.close()
}

/** What a data folder's content depends on. */
const folderSources = [
  'node_modules/@electric-sql/pglite/package.json',
  'server/src/db/migrations/*.ts',
  'server/src/db/{migrate,grants}.ts',
  'server/src/db/embedded/worker.ts',
]

/** Making a folder of the embedded database anew takes seconds, so it is kept until the schema or PGlite changes. */
async function makeTemplateFolder(): Promise<string> {
  const root = join(import.meta.dirname, '..', '..')
  const key = createHash('sha256')
  for (const source of globSync(folderSources, { cwd: root }).sort()) key.update(readFileSync(join(root, source)))
  const cache = join(root, 'node_modules', '.cache', 'portcullis-test')
  const folder = join(cache, key.digest('hex').slice(0, 16))
  if (existsSync(folder)) return folder
  // Built elsewhere, since a Unix socket's path must be short, and moved in one step: other runs may look meanwhile.
  const building = mkdtempSync(join(tmpdir(), 'portcullis-template-'))
  const opened = await openDatabase({ dataFolder: building, synced: false })
  await opened.close()
  mkdirSync(cache, { recursive: true })
  const parking = mkdtempSync(`${folder}.`)
  cpSync(building, parking, { recursive: true })
  rmSync(building, { recursive: true, force: true })
  try {
    renameSync(parking, folder)
  } catch (error) {
    rmSync(parking, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}
