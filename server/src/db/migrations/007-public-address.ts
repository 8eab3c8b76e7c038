import { type Kysely, sql } from 'kysely'

/** What the processes of an instance have in common: one row. Commands make their links with the service's address. */
const statements = ['create table instance (id boolean primary key default true check (id), public_url text not null)']

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}
