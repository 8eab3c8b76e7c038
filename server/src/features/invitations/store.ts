import type { Reader, Writer } from '../../db/change.ts'
import type { MemberStatus } from '../accounts/rules.ts'
import type { Role } from '../organizations/rules.ts'
import type { SecretChannel } from '../people/rules.ts'

export interface InvitationRecord {
  id: string
  accountId: string
  email: string
  role: Role
  expiresAt: Date
}

const invitationRows = (db: Reader, organizationId: string) =>
  db
    .selectFrom('invitations as i')
    .innerJoin('accounts as a', 'a.id', 'i.account_id')
    .select(['i.id', 'i.account_id', 'i.expires_at', 'a.email', 'a.role'])
    .where('i.organization_id', '=', organizationId)
    .where('a.removed_at', 'is', null)

type InvitationRow = Awaited<ReturnType<ReturnType<typeof invitationRows>['executeTakeFirstOrThrow']>>

const toRecord = (row: InvitationRow): InvitationRecord => ({
  id: row.id,
  accountId: row.account_id,
  email: row.email ?? '',
  role: row.role,
  expiresAt: row.expires_at,
})

export async function findInvitation(
  db: Reader,
  organizationId: string,
  id: string,
): Promise<InvitationRecord | undefined> {
  const row = await invitationRows(db, organizationId).where('i.id', '=', id).executeTakeFirst()
  return row && toRecord(row)
}

/** The open invitation of an address. */
export async function findInvitationOf(
  db: Reader,
  organizationId: string,
  email: string,
): Promise<InvitationRecord | undefined> {
  const row = await invitationRows(db, organizationId).where('a.email', '=', email).executeTakeFirst()
  return row && toRecord(row)
}

/** The status of each of these addresses that belongs to the organization already. */
export async function statusesOf(
  db: Reader,
  organizationId: string,
  emails: readonly string[],
): Promise<Map<string, MemberStatus>> {
  const rows = await db
    .selectFrom('accounts as a')
    .leftJoin('users as u', 'u.id', 'a.user_id')
    .select(['a.email', 'a.status', 'u.email as person_email'])
    .where('a.organization_id', '=', organizationId)
    .where('a.removed_at', 'is', null)
    .where((eb) => eb.or([eb('a.email', 'in', [...emails]), eb('u.email', 'in', [...emails])]))
    .execute()
  return new Map(
    rows.flatMap((row) => [row.email, row.person_email].map((email) => [email ?? '', row.status] as const)),
  )
}

export interface NewInvitation extends InvitationRecord {
  hash: string
  secretChannel: SecretChannel
}

/** Writes the accounts that are invited, and their invitations. */
export async function insertInvited(
  tx: Writer,
  organizationId: string,
  invitations: readonly NewInvitation[],
  { at, createdBy }: { at: Date; createdBy: string | null },
): Promise<void> {
  const own = { organization_id: organizationId, created_at: at }
  await tx
    .insertInto('accounts')
    .values(
      invitations.map((it) => ({
        ...own,
        id: it.accountId,
        kind: 'member' as const,
        user_id: null,
        name: it.email,
        email: it.email,
        role: it.role,
        status: 'invited' as const,
        created_by: createdBy,
        joined_at: null,
        removed_at: null,
      })),
    )
    .execute()
  await tx
    .insertInto('invitations')
    .values(
      invitations.map((it) => ({
        ...own,
        id: it.id,
        account_id: it.accountId,
        secret_hash: it.hash,
        secret_channel: it.secretChannel,
        expires_at: it.expiresAt,
      })),
    )
    .execute()
}

/** A new secret under the same id: the earlier link opens nothing any more (O3). */
export async function replaceSecret(
  tx: Writer,
  { id, hash, secretChannel, expiresAt }: { id: string; hash: string; secretChannel: SecretChannel; expiresAt: Date },
): Promise<void> {
  await tx
    .updateTable('invitations')
    .set({ secret_hash: hash, secret_channel: secretChannel, expires_at: expiresAt })
    .where('id', '=', id)
    .execute()
}
