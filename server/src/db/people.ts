import type { FreshStart } from '../features/people/rules.ts'
import type { Database, Reader, Writer } from './change.ts'
import { personAccess } from './person-access.ts'

export interface Person {
  id: string
  name: string
  email: string
}

/** A person with everything that decides about their address and a fresh start. (O11, O12) */
export interface PersonState extends Person {
  emailProvenAt: Date | null
  hasSecondFactor: boolean
}

export async function findPersonState(db: Reader, email: string): Promise<PersonState | undefined> {
  const row = await db
    .selectFrom('users')
    .select(['id', 'name', 'email', 'email_proven_at', 'two_factor_enabled'])
    .where('email', '=', email)
    .executeTakeFirst()
  if (!row) return undefined
  const { id, name, email_proven_at: emailProvenAt, two_factor_enabled: hasSecondFactor } = row
  return { id, name, email: row.email, emailProvenAt, hasSecondFactor: hasSecondFactor === true }
}

/** The request that the invitation with this secret made. (O12) */
export async function findFreshStart(db: Reader, secretHash: string): Promise<FreshStart | undefined> {
  const row = await db
    .selectFrom('fresh_starts')
    .select(['ready_at', 'stopped_at'])
    .where('secret_hash', '=', secretHash)
    .executeTakeFirst()
  return row && { readyAt: row.ready_at, stoppedAt: row.stopped_at }
}

export type People = ReturnType<typeof people>

/** People sign in; they belong to no organization (O1), so they are read outside the wall. Emails in canonical form. */
export const people = (db: Database) => ({
  byEmail: (email: string): Promise<Person | undefined> =>
    db.selectFrom('users').select(['id', 'name', 'email']).where('email', '=', email).executeTakeFirst(),
  byId: (id: string): Promise<Person | undefined> =>
    db.selectFrom('users').select(['id', 'name', 'email']).where('id', '=', id).executeTakeFirst(),
  stateByEmail: (email: string): Promise<PersonState | undefined> => findPersonState(db, email),
  freshStart: (secretHash: string): Promise<FreshStart | undefined> => findFreshStart(db, secretHash),
  proveAddress: (userId: string, at: Date): Promise<boolean> => proveAddress(db, userId, at),
  ...personAccess(db),
})

/**
 * A new person with a password, as Better Auth's email-and-password sign-in expects to find one. False, and nothing is
 * written, when somebody has this address already: also when another organization's change was quicker by a moment.
 */
export async function insertPerson(
  tx: Writer,
  person: Person & NewCredential & { at: Date; emailProvenAt: Date | null },
): Promise<boolean> {
  const times = { created_at: person.at, updated_at: person.at }
  const inserted = await tx
    .insertInto('users')
    .values({
      id: person.id,
      name: person.name,
      email: person.email,
      email_verified: false,
      email_proven_at: person.emailProvenAt,
      image: null,
      two_factor_enabled: false,
      ...times,
    })
    .onConflict((conflict) => conflict.column('email').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (!inserted) return false
  await insertCredential(tx, person.id, person)
  return true
}

export interface NewCredential {
  passwordHash: string
  credentialId: string
}

/** A password for a person who has none. */
export async function insertCredential(
  tx: Writer,
  userId: string,
  { passwordHash, credentialId, at }: NewCredential & { at: Date },
): Promise<void> {
  await tx
    .insertInto('user_credentials')
    .values({
      id: credentialId,
      user_id: userId,
      account_id: userId,
      provider_id: 'credential',
      password: passwordHash,
      access_token: null,
      refresh_token: null,
      id_token: null,
      access_token_expires_at: null,
      refresh_token_expires_at: null,
      scope: null,
      created_at: at,
      updated_at: at,
    })
    .execute()
}

/** Marks the address as proven and ends what waits only while it is not. False when it was proven before. (O11, O12) */
export async function proveAddress(tx: Database | Writer, userId: string, at: Date): Promise<boolean> {
  const proven = await tx
    .updateTable('users')
    .set({ email_proven_at: at })
    .where('id', '=', userId)
    .where('email_proven_at', 'is', null)
    .returning('id')
    .executeTakeFirst()
  await tx.deleteFrom('fresh_starts').where('user_id', '=', userId).execute()
  return proven !== undefined
}
