import { sql } from 'kysely'
import type { Database } from './change.ts'

/** The address of the running service, as its processes saved it; undefined before the first start. */
export async function readPublicUrl(db: Database): Promise<string | undefined> {
  const row = await db.selectFrom('instance').select('public_url').executeTakeFirst()
  return row?.public_url
}

/** Saves the address of this service, so that commands print links that lead to it. */
export async function savePublicUrl(db: Database, publicUrl: string): Promise<void> {
  await db
    .insertInto('instance')
    .values({ id: true, public_url: publicUrl })
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet({ public_url: publicUrl })
        .where(sql<boolean>`instance.public_url is distinct from excluded.public_url`),
    )
    .execute()
}
