import { randomUUID } from 'node:crypto'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { Client, Pool } from 'pg'
import { expect, inject, test } from 'vitest'
import { asAdmin } from '../../test/databases.ts'
import { applyMigrations } from './apply-migrations.ts'

const query = async (client: Client, text: string) => (await client.query(text)).rows

/** An empty database of PostgreSQL, with as many clients as are asked for. */
async function withDatabase(tests: (open: () => Promise<Client>, db: Kysely<never>) => Promise<void>) {
  const name = `portcullis_test_${randomUUID().replaceAll('-', '')}`
  await asAdmin(`create database ${name}`)
  const url = new URL(inject('servers').admin)
  url.pathname = `/${name}`
  const clients: Client[] = []
  const open = async () => {
    const client = new Client({ connectionString: url.href })
    clients.push(client)
    await client.connect()
    return client
  }
  const db = new Kysely<never>({
    dialect: new PostgresDialect({ pool: new Pool({ connectionString: url.href, max: 1 }) }),
  })
  await tests(open, db)
  await Promise.all([...clients.map((it) => it.end()), db.destroy()])
  await asAdmin(`drop database if exists ${name} with (force)`)
}

const addColumn = {
  '001-add-column': {
    up: async (db: Kysely<never>) => void (await sql`alter table things add column two int`.execute(db)),
  },
}

test('a migration that waits for a reader holds up nobody for good, and is done once the reader is', () =>
  withDatabase(async (open, db) => {
    const [reader, service, watcher] = [await open(), await open(), await open()]
    await query(reader, 'create table things (one int)')
    await query(reader, 'begin')
    await query(reader, 'select from things')
    const applying = db.connection().execute((connection) => applyMigrations(connection, addColumn))
    // It is there, and waits: whoever comes now stands behind it.
    const waits = "select from pg_locks where mode = 'AccessExclusiveLock' and not granted"
    await expect.poll(() => query(watcher, waits), { timeout: 60_000 }).toHaveLength(1)
    expect(await query(service, 'select one from things')).toEqual([])
    await query(reader, 'commit')
    expect(await applying).toEqual(['001-add-column'])
    expect(await query(service, 'select two from things')).toEqual([])
    expect((await sql<{ lock_timeout: string }>`show lock_timeout`.execute(db)).rows).toEqual([{ lock_timeout: '0' }])
  }))

test('another failure is told at once, and leaves nothing', () =>
  withDatabase(async (open, db) => {
    const client = await open()
    await query(client, 'create table things (one int, two int)')
    await expect(db.connection().execute((it) => applyMigrations(it, addColumn))).rejects.toMatchObject({
      code: '42701',
    })
    expect(await query(client, 'select name from kysely_migration')).toEqual([])
  }))
