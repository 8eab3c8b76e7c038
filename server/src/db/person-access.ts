import { sql } from 'kysely'
import { freshStartLifetimeMs } from '../features/people/rules.ts'
import type { Database, Writer } from './change.ts'

/**
 * The credential is locked first, as every write of sign-in does, so that a session that is just being written is
 * committed before sessions are ended. Sessions are locked before the person, as `begin_change` does, so that two
 * transactions never wait in a circle.
 */
async function lockSignIn(tx: Writer, userId: string): Promise<void> {
  await tx.selectFrom('user_credentials').select('id').where('user_id', '=', userId).orderBy('id').forUpdate().execute()
  await tx.selectFrom('sessions').select('id').where('user_id', '=', userId).orderBy('id').forUpdate().execute()
}

/** Deletes everything by which a person signs in: passwords, second factors, backup codes, sessions and pending links. */
async function deleteSignIn(tx: Writer, userId: string): Promise<void> {
  await tx.deleteFrom('sessions').where('user_id', '=', userId).execute()
  await tx.deleteFrom('user_credentials').where('user_id', '=', userId).execute()
  await deleteSecondFactor(tx, userId)
  await tx.deleteFrom('verifications').where('value', '=', userId).execute()
}

async function deleteSecondFactor(tx: Writer, userId: string): Promise<void> {
  await tx.deleteFrom('two_factors').where('user_id', '=', userId).execute()
  await tx.updateTable('users').set({ two_factor_enabled: false }).where('id', '=', userId).execute()
}

/** What changes a person's sign-in as a whole. People belong to no organization, so none of it runs in `change`. */
export const personAccess = (db: Database) => ({
  /** Whether the address is proven, and when a requested fresh start becomes possible. (O11, O12) */
  addressState: async (userId: string): Promise<{ emailProven: boolean; freshStartAt: Date | null } | undefined> => {
    const row = await db
      .selectFrom('users')
      .select('email_proven_at')
      .select(sql<Date | null>`find_fresh_start(id)`.as('fresh_start_at'))
      .where('id', '=', userId)
      .executeTakeFirst()
    return row && { emailProven: row.email_proven_at !== null, freshStartAt: row.fresh_start_at }
  },

  /** Also deletes the requests that are too old to be completed. (O12) */
  requestFreshStart: async (request: {
    secretHash: string
    userId: string
    at: Date
    readyAt: Date
  }): Promise<void> => {
    const { secretHash, userId, at, readyAt } = request
    await db
      .deleteFrom('fresh_starts')
      .where('ready_at', '<', new Date(at.getTime() - freshStartLifetimeMs))
      .execute()
    await db
      .insertInto('fresh_starts')
      .values({ secret_hash: secretHash, user_id: userId, requested_at: at, ready_at: readyAt, stopped_at: null })
      .onConflict((conflict) => conflict.column('secret_hash').doNothing())
      .execute()
  },

  /** Answers how many requests were stopped. (O12) */
  stopFreshStarts: async (userId: string, at: Date): Promise<number> => {
    const rows = await db
      .updateTable('fresh_starts')
      .set({ stopped_at: at })
      .where('user_id', '=', userId)
      .where('stopped_at', 'is', null)
      .returning('secret_hash')
      .execute()
    return rows.length
  },

  /**
   * Ends every way to sign in, at the operator's command. The address is unproven from then on: the link that the operator
   * prints next was shown, and its holder must not count as the owner of the mailbox. (O11)
   */
  endSignIn: (userId: string): Promise<void> =>
    db.transaction().execute(async (tx) => {
      await lockSignIn(tx, userId)
      await deleteSignIn(tx, userId)
      await tx.updateTable('users').set({ email_proven_at: null }).where('id', '=', userId).execute()
      await tx.deleteFrom('fresh_starts').where('user_id', '=', userId).execute()
    }),

  /**
   * The same for a fresh start, under the name that the new owner chose. False, and nothing is changed, when the request
   * was stopped or completed before. The row's lock makes a stop and a completion wait. (O12)
   */
  endSignInForFreshStart: (start: {
    secretHash: string
    userId: string
    name: string
    now: Date
  }): Promise<boolean> => {
    const { secretHash, userId, name, now } = start
    return db.transaction().execute(async (tx) => {
      await lockSignIn(tx, userId)
      const request = await tx
        .selectFrom('fresh_starts')
        .innerJoin('users', 'users.id', 'fresh_starts.user_id')
        .select('fresh_starts.user_id')
        .where('secret_hash', '=', secretHash)
        .where('user_id', '=', userId)
        .where('stopped_at', 'is', null)
        .where('ready_at', '<=', now)
        .where('users.email_proven_at', 'is', null)
        .forUpdate()
        .executeTakeFirst()
      if (!request) return false
      await deleteSignIn(tx, userId)
      await tx.updateTable('users').set({ name, updated_at: now }).where('id', '=', userId).execute()
      return true
    })
  },

  /** Turns the second factor off and ends sessions and half-finished sign-ins. False when none was on. */
  endSecondFactor: (userId: string): Promise<boolean> =>
    db.transaction().execute(async (tx) => {
      await lockSignIn(tx, userId)
      const factors = await tx.selectFrom('two_factors').select('id').where('user_id', '=', userId).execute()
      if (factors.length === 0) return false
      await deleteSecondFactor(tx, userId)
      await tx.deleteFrom('sessions').where('user_id', '=', userId).execute()
      await tx.deleteFrom('verifications').where('value', '=', userId).execute()
      return true
    }),
})
