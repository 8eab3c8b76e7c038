import { sql } from 'kysely'
import { expect, test, vi } from 'vitest'
import { openTestDatabase } from '../../test/databases.ts'
import { harness } from '../../test/harness.ts'
import { createPeopleTester } from '../../test/people.ts'
import { signIn } from '../../test/sign-in.ts'

// The embedded database runs one transaction at a time, so nothing can happen in between there.
test.each(['admin-reset-person'])(
  'O14: %s also ends a session that is just being written',
  async (name) => {
    const database = await openTestDatabase('postgres')
    const app = await harness(database)
    try {
      const { admin } = await app.newOrganization()
      const { owner } = database
      const waiting = async (): Promise<number> =>
        (
          await sql<{ count: number }>`select count(distinct pid)::int as count from pg_locks
          where not granted and database = (select oid from pg_database where datname = current_database())
            or not granted and locktype in ('transactionid', 'tuple')`.execute(owner)
        ).rows[0]?.count ?? 0
      // A new session references its person, so this holds a sign-in that has verified the password and judged it again.
      const holder = await owner.startTransaction().execute()
      await holder.selectFrom('users').select('id').where('id', '=', admin.userId).forUpdate().execute()
      const signingIn = signIn(app, admin.email)
      await vi.waitFor(async () => expect(await waiting()).toBe(1), 20_000)
      const resetting = createPeopleTester(app).runCommand(name, { email: admin.email })
      await vi.waitFor(async () => expect(await waiting()).toBe(2), 20_000)
      await holder.rollback().execute()
      await Promise.all([signingIn, resetting])
      const sessions = await owner.selectFrom('sessions').select('id').where('user_id', '=', admin.userId).execute()
      expect(sessions).toEqual([])
      await app.signIn.settled()
    } finally {
      await database.drop()
    }
  },
  60_000,
)
