import type { Database } from '../../db/change.ts'

/** Forgets what has run out: windows, pending verifications, sessions. */
export async function deleteExpired(db: Database, now: Date, longestWindowSeconds: number): Promise<void> {
  await db
    .deleteFrom('rate_limits')
    .where('last_request', '<', now.getTime() - longestWindowSeconds * 1000)
    .execute()
  await db.deleteFrom('verifications').where('expires_at', '<', now).execute()
  await db.deleteFrom('sessions').where('expires_at', '<', now).execute()
}

/** Voids a person's open links and half-finished sign-ins: after a new password none of them opens anything. */
export async function deletePendingOf(db: Database, userId: string): Promise<void> {
  await db.deleteFrom('verifications').where('value', '=', userId).execute()
}
