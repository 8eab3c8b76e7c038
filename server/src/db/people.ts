import type { Database, Writer } from './change.ts'

export interface Person {
  id: string
  name: string
  email: string
}

export type People = ReturnType<typeof people>

/** People sign in; they belong to no organization (O1), so they are read outside the wall. Emails in canonical form. */
export const people = (db: Database) => ({
  byEmail: (email: string): Promise<Person | undefined> =>
    db.selectFrom('users').select(['id', 'name', 'email']).where('email', '=', email).executeTakeFirst(),
  byId: (id: string): Promise<Person | undefined> =>
    db.selectFrom('users').select(['id', 'name', 'email']).where('id', '=', id).executeTakeFirst(),
})

/**
 * A new person with a password, as Better Auth's email-and-password sign-in expects to find one. False, and nothing is
 * written, when somebody has this address already: also when another organization's change was quicker by a moment.
 */
export async function insertPerson(
  tx: Writer,
  person: Person & { passwordHash: string; credentialId: string; at: Date },
): Promise<boolean> {
  const times = { created_at: person.at, updated_at: person.at }
  const inserted = await tx
    .insertInto('users')
    .values({
      id: person.id,
      name: person.name,
      email: person.email,
      email_verified: true,
      image: null,
      two_factor_enabled: false,
      ...times,
    })
    .onConflict((conflict) => conflict.column('email').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (!inserted) return false
  await tx
    .insertInto('user_credentials')
    .values({
      id: person.credentialId,
      user_id: person.id,
      account_id: person.id,
      provider_id: 'credential',
      password: person.passwordHash,
      access_token: null,
      refresh_token: null,
      id_token: null,
      access_token_expires_at: null,
      refresh_token_expires_at: null,
      scope: null,
      ...times,
    })
    .execute()
  return true
}
