import { sql } from 'kysely'
import type { Reader, Writer } from '../../db/change.ts'
import { cancelMails } from '../../mail/store.ts'
import type { Role } from '../organizations/rules.ts'
import type { SecretChannel } from '../people/rules.ts'

/** An invitation as its secret opens it. */
export interface OpenedInvitation {
  id: string
  accountId: string
  email: string
  role: Role
  expiresAt: Date
  channel: SecretChannel
  /** Refused attempts to accept with this secret. */
  refusedAttempts: number
}

/** By the hash of its secret; a voided, used or withdrawn one has none. */
export async function findBySecret(
  db: Reader,
  organizationId: string,
  hash: string,
): Promise<OpenedInvitation | undefined> {
  const row = await db
    .selectFrom('invitations as i')
    .innerJoin('accounts as a', 'a.id', 'i.account_id')
    .select(['i.id', 'i.account_id', 'i.expires_at', 'i.secret_channel', 'i.refused_attempts', 'i.refused_secret_hash'])
    .select(['a.email', 'a.role'])
    .where('i.organization_id', '=', organizationId)
    .where('i.secret_hash', '=', hash)
    .where('a.removed_at', 'is', null)
    .executeTakeFirst()
  return (
    row && {
      id: row.id,
      accountId: row.account_id,
      email: row.email ?? '',
      role: row.role,
      expiresAt: row.expires_at,
      channel: row.secret_channel,
      refusedAttempts: row.refused_secret_hash === hash ? row.refused_attempts : 0,
    }
  )
}

/** Counts an attempt that was refused. A new secret begins at zero. (O13) */
export async function countRefusedAttempt(tx: Writer, id: string): Promise<void> {
  await tx
    .updateTable('invitations')
    .set({
      refused_attempts: sql`case when refused_secret_hash = secret_hash then refused_attempts else 0 end + 1`,
      refused_secret_hash: sql`secret_hash`,
    })
    .where('id', '=', id)
    .execute()
}

/** Joins the invited account to a person; the invitation is used up. */
export async function joinAccount(
  tx: Writer,
  invitation: OpenedInvitation,
  person: { id: string; name: string },
  at: Date,
): Promise<void> {
  await tx.deleteFrom('invitations').where('id', '=', invitation.id).execute()
  await cancelMails(tx, 'invitation', invitation.id)
  await tx
    .updateTable('accounts')
    .set({ user_id: person.id, name: person.name, status: 'joined', joined_at: at })
    .where('id', '=', invitation.accountId)
    .execute()
}
