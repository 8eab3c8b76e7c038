import type { Reader } from '../../db/change.ts'

/** The joined admins of an organization who can be written to. */
export async function listAdmins(db: Reader): Promise<{ name: string; email: string }[]> {
  return db
    .selectFrom('accounts as a')
    .innerJoin('users as u', 'u.id', 'a.user_id')
    .select(['u.name', 'u.email'])
    .where('a.kind', '=', 'member')
    .where('a.role', '=', 'admin')
    .where('a.status', '=', 'joined')
    .where('a.removed_at', 'is', null)
    .orderBy('a.id')
    .execute()
}
