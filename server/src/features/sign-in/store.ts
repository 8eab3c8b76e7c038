import type { Guard } from '../../auth/guarded-writes.ts'
import type { Database, Reader, Writer } from '../../db/change.ts'

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

export async function deleteSessions(db: Database, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await db.deleteFrom('sessions').where('id', 'in', ids).execute()
}

/** All sessions of a person but the own one. */
export async function listOtherSessionIds(
  db: Reader,
  { userId, ownId }: { userId: string; ownId: string },
): Promise<string[]> {
  const rows = await db
    .selectFrom('sessions')
    .select('id')
    .where('user_id', '=', userId)
    .where('id', '!=', ownId)
    .execute()
  return rows.map(({ id }) => id)
}

/** What a password sign-in relies on. */
export interface SignInFacts {
  password: string | null
  secondFactor: boolean
}

/** What signs a person in at this moment, by their email address. */
export async function readSignInFacts(
  db: Reader,
  email: string,
): Promise<(SignInFacts & { userId: string }) | undefined> {
  const row = await db
    .selectFrom('users')
    .innerJoin('user_credentials', 'user_credentials.user_id', 'users.id')
    .select(['users.id', 'users.two_factor_enabled', 'user_credentials.password'])
    .where('users.email', '=', email)
    .where('user_credentials.provider_id', '=', 'credential')
    .executeTakeFirst()
  return row && { userId: row.id, password: row.password, secondFactor: row.two_factor_enabled === true }
}

/** Does this person have a session that began at one of these addresses? */
export async function hasSessionFrom(db: Reader, userId: string, addresses: readonly string[]): Promise<boolean> {
  const row = await db
    .selectFrom('sessions')
    .select('id')
    .where('user_id', '=', userId)
    .where('ip_address', 'in', addresses)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** All writes of sign-in for one person happen one after another: each locks the person's credential first. */
export async function lockSignInFacts(tx: Writer, userId: string): Promise<SignInFacts | undefined> {
  const credential = await tx
    .selectFrom('user_credentials')
    .select('password')
    .where('user_id', '=', userId)
    .where('provider_id', '=', 'credential')
    .forUpdate()
    .executeTakeFirst()
  // Read after the lock is held, so that it shows what the writer before committed.
  const user = await tx.selectFrom('users').select('two_factor_enabled').where('id', '=', userId).executeTakeFirst()
  return credential && user && { password: credential.password, secondFactor: user.two_factor_enabled === true }
}

/** Locks a session, so that ending it waits; false when it has ended. */
export async function lockSession(tx: Writer, sessionId: string, now: Date): Promise<boolean> {
  const row = await tx
    .selectFrom('sessions')
    .select('id')
    .where('id', '=', sessionId)
    .where('expires_at', '>', now)
    .forUpdate()
    .executeTakeFirst()
  return row !== undefined
}

/** Gives a verification the id of the mail that carries it, so that the next attempt of the mail finds it. */
export async function markVerification(db: Database, { id, mailId }: { id: string; mailId: string }): Promise<void> {
  await db.updateTable('verifications').set({ id: mailId }).where('id', '=', id).execute()
}

export async function voidVerification(db: Database, id: string): Promise<void> {
  await db.deleteFrom('verifications').where('id', '=', id).execute()
}

/**
 * What a route of sign-in relies on. `session`: the session that it is called with goes on, and what signs the person in
 * is as it was when the request came. `password`: the latter alone. `factor`: as `session`, if there is one; Better Auth
 * spends the challenge of a sign-in itself, and `link`: the link. No other write for that person happens between its own.
 */
export type GuardKind = 'session' | 'password' | 'factor' | 'link'

/** Whom a request to Better Auth is about. */
export interface GuardFacts {
  session: { sessionId: string; email: string; secondFactor: boolean } | undefined
  person: { id: string } | undefined
  /** The address that somebody signs in with. */
  email: string
}

/** What a route of sign-in does in the transaction of Better Auth's own writes. */
export interface GuardedTransaction {
  db: Database
  /** The person's sessions when the lock was taken, but for the own one: no sign-in adds to them until the commit. */
  otherSessionIds: readonly string[]
}

/** A5: judges again, under the lock of the person's credential, what a request to Better Auth relies on. */
export async function createGuard(
  { db }: { db: Database },
  kind: GuardKind,
  { session, person, email, otherSessionIds }: GuardFacts & { otherSessionIds: string[] },
): Promise<Guard | undefined> {
  const before = kind === 'password' || session ? await readSignInFacts(db, session?.email ?? email) : undefined
  const isUnchanged = (now: SignInFacts | undefined) =>
    now?.password === before?.password && now?.secondFactor === (session ?? before)?.secondFactor
  if (kind === 'password') return before && (async (tx) => isUnchanged(await lockSignInFacts(tx, before.userId)))
  if (!person) return undefined
  return async (tx) => {
    const now = await lockSignInFacts(tx, person.id)
    if (!session) return kind !== 'session'
    // The password or the code was verified before the lock: what has changed since then must not be overwritten.
    if (!isUnchanged(now) || !(await lockSession(tx, session.sessionId, new Date()))) return false
    otherSessionIds.push(...(await listOtherSessionIds(tx, { userId: person.id, ownId: session.sessionId })))
    return true
  }
}
