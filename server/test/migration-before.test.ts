import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { openDatabase } from '../src/db/open.ts'
import { type DatabaseKind, newDataFolder, newPostgresDatabase } from './databases.ts'
import { harness } from './harness.ts'

/*
 * During a rolling restart the version before works on the new schema. So whatever it reads and writes must stay as it
 * is: a migration adds, and what nobody uses any more is dropped a release later, by a migration that is named here.
 */
const dropsWhatTheVersionBeforeDoesNotUse: readonly string[] = []

const folder = join(import.meta.dirname, '../src/db/migrations')
const migrations = readdirSync(folder)
  .map((it) => it.replace(/\.ts$/, ''))
  .toSorted()

/** The statements of a migration, in order, none of them run. */
async function statementsOf(name: string): Promise<string[]> {
  const statements: string[] = []
  const db = new Kysely<unknown>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (it) => new PostgresIntrospector(it),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    log: ({ query }) => void statements.push(query.sql),
  })
  const { up } = await import(join(folder, `${name}.ts`))
  await up(db)
  return statements
}

/**
 * Why a statement could break a version that was written before it; nothing for one that cannot. `made`: tables of the
 * same migration, which that version knows nothing of.
 */
function harmOf(statement: string, made: Set<string>): string | undefined {
  const text = statement.replace(/\s+/g, ' ').trim().toLowerCase()
  const isNew = (table: string | undefined) => made.has(table ?? '')
  const [, table] = /^create table (\w+) /.exec(text) ?? []
  if (table !== undefined) {
    made.add(table)
    return undefined
  }
  const [, unique, indexed] = /^create (unique )?index \w+ on (\w+) /.exec(text) ?? []
  if (indexed !== undefined) return unique && !isNew(indexed) ? 'a new rule for rows that it writes' : undefined
  const [, altered, how = ''] = /^alter table (\w+) (.*)$/.exec(text) ?? []
  if (altered !== undefined) {
    if (isNew(altered)) return undefined
    if (!/^add column /.test(how) || /, (add|drop|alter|rename|validate|enable) /.test(how))
      return 'another table than it knows'
    if (/ (check|unique|primary key|references|generated) ?\(?/.test(how)) return 'a new rule for rows that it writes'
    return / not null/.test(how) && !/ default /.test(how) ? 'a column that it does not fill' : undefined
  }
  const [, ruled] = /^create policy \w+ on (\w+) /.exec(text) ?? []
  if (ruled !== undefined) return isNew(ruled) ? undefined : 'rows that it no longer sees'
  // With other parameters it is another function, and another result PostgreSQL itself refuses.
  if (/^create (or replace )?function \w+\(/.test(text)) return undefined
  const [, filled] = /^insert into (\w+) /.exec(text) ?? []
  if (filled !== undefined && isNew(filled)) return undefined
  return 'not known to be harmless'
}

describe('016: a migration leaves the version before at work', () => {
  test.each(migrations.filter((it) => it !== '001-first'))('%s', async (name) => {
    if (dropsWhatTheVersionBeforeDoesNotUse.includes(name)) return
    const made = new Set<string>()
    const harmful = (await statementsOf(name)).map((it) => [it, harmOf(it, made)]).filter(([, harm]) => harm)
    expect(harmful).toEqual([])
  })

  test.each([
    'drop table tokens',
    'drop function find_token(text)',
    'alter table tokens drop column hint',
    'alter table tokens rename column hint to tail',
    'alter table tokens rename to keys',
    'alter table tokens add column kind text not null',
    'alter table tokens add column kind text check (kind in (1))',
    'alter table tokens add column kind text, drop column hint',
    'alter table tokens add constraint few check (true)',
    'alter table tokens alter column name set not null',
    'alter table tokens enable row level security',
    'create policy fewer on tokens using (false)',
    'create unique index one on tokens (name)',
    "update tokens set name = ''",
    'delete from tokens',
    'truncate tokens',
    'insert into tokens values (1)',
    'create trigger t before insert on tokens execute function f()',
  ])('would be found: %s', (statement) => {
    expect(harmOf(statement, new Set(['mine']))).toBeDefined()
  })
})

/** What a later version might add to a schema, wherever it can. */
const later = [
  'create table later_things (id text primary key, organization_id text references organizations)',
  `do $$ declare it text; begin
    for it in select tablename from pg_tables where schemaname = 'public' and tablename not like 'kysely%' loop
      execute format('alter table %I add column later text, add column later_still integer not null default 7', it);
      execute format('create index on %I (later)', it);
    end loop; end $$`,
  'create function later_function() returns integer language sql as $$ select 1 $$',
  "insert into kysely_migration values ('999-later', now()::text)",
]

test.each<DatabaseKind>(['embedded', 'postgres'])(
  'this version serves and changes on the schema of a later one [%s]',
  async (kind) => {
    const postgres = kind === 'postgres' ? await newPostgresDatabase() : undefined
    const place = postgres ? { dataFolder: '', databaseUrl: postgres.url } : { dataFolder: newDataFolder() }
    const before = await openDatabase(place)
    for (const it of later) await sql.raw(it).execute(before.owner)
    await before.close()

    const opened = await openDatabase(place)
    expect(opened.migrated).toMatchObject({ applied: [], ahead: true })
    const app = await harness({ ...opened, options: place, drop: opened.close })
    const site = await app.newOrganization()
    const member = await site.newMember()
    const group = await site.newGroup([member.accountId])
    const { id, secret } = await site.newToken(member)
    expect((await app.call('GET', '/api/v1/me', { as: { token: secret } })).status).toBe(200)
    expect((await site.setCreation({ creation: 'none' })).status).toBe(200)
    expect((await app.call('GET', '/api/v1/me', { as: { token: secret } })).status).toBe(401)
    expect((await site.setCreation({ creation: 'groups', groupIds: [group] })).status).toBe(200)
    expect((await app.call('GET', '/api/v1/me', { as: { token: secret } })).status).toBe(200)
    const refreshed = await app.call('POST', `${site.path}/tokens/${id}/refresh`, { as: member, body: {} })
    expect(refreshed.status).toBe(200)
    expect((await app.call('DELETE', `${site.path}/tokens/${id}`, { as: member })).status).toBe(204)
    expect((await site.events()).map((it) => it.action)).toContain('token.revoked')
    await app.close()
    await postgres?.drop()
  },
)
