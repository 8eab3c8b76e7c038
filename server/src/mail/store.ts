import { sql } from 'kysely'
import type { Database, Reader } from '../db/change.ts'
import type { MailKind, MailState } from './rules.ts'

/** A mail to be sent. It never contains a secret: the composer of its kind makes one at each attempt. */
export interface NewMail {
  id: string
  kind: MailKind
  /** Null where the mail is about a person and no organization. */
  organizationId: string | null
  /** What the mail is about: the id of the invitation or user. */
  subjectId: string
  recipient: string
  /** The account that asked for it, by id. */
  requestedBy?: string | null
  /** What the composer needs besides; no secrets. */
  details?: Readonly<Record<string, string>>
  at: Date
}

/** A transaction of `change`, or the database itself for a mail that is about a person. */
type QueueWriter = Pick<Database, 'insertInto' | 'deleteFrom'>

/** Queues mails in the transaction of the change that causes them; they leave after its commit. */
export async function enqueueMails(tx: QueueWriter, mails: readonly NewMail[]): Promise<void> {
  if (mails.length === 0) return
  await tx
    .insertInto('mails')
    .values(
      mails.map((mail) => ({
        id: mail.id,
        organization_id: mail.organizationId,
        kind: mail.kind,
        subject_id: mail.subjectId,
        recipient: mail.recipient,
        requested_by: mail.requestedBy ?? null,
        details: JSON.stringify(mail.details ?? {}),
        state: 'pending' as const,
        attempts: 0,
        next_attempt_at: mail.at,
        lease_until: null,
        last_error: null,
        created_at: mail.at,
        finished_at: null,
      })),
    )
    .execute()
}

export const enqueueMail = (tx: QueueWriter, mail: NewMail): Promise<void> => enqueueMails(tx, [mail])

/** Removes the mails of a subject, sent ones too. An attempt that is under way finds its mail obsolete. */
export async function cancelMails(tx: QueueWriter, kind: MailKind, subjectId: string): Promise<void> {
  await tx.deleteFrom('mails').where('kind', '=', kind).where('subject_id', '=', subjectId).execute()
}

/** The state of a mail as admins see it. `at`: when it was sent or failed; while it is pending, when it is tried next. */
export interface MailStatus {
  state: MailState
  attempts: number
  at: Date
  error: string | null
}

export interface MailStatusRow {
  state: MailState
  attempts: number
  next_attempt_at: Date
  finished_at: Date | null
  last_error: string | null
}

export const toMailStatus = (row: MailStatusRow): MailStatus => ({
  state: row.state,
  attempts: row.attempts,
  at: row.finished_at ?? row.next_attempt_at,
  error: row.last_error,
})

/** The mails of subjects by their ids, inside one organization. */
export async function findMailStatuses(
  db: Reader,
  kind: MailKind,
  subjectIds: readonly string[],
): Promise<Map<string, MailStatus>> {
  if (subjectIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('mails')
    .select(['subject_id', 'state', 'attempts', 'next_attempt_at', 'finished_at', 'last_error'])
    .where('kind', '=', kind)
    .where('subject_id', 'in', [...subjectIds])
    .execute()
  return new Map(rows.map((row) => [row.subject_id, toMailStatus(row)]))
}

/** A mail that this process has leased for one attempt. */
export interface ClaimedMail {
  id: string
  organizationId: string | null
  kind: MailKind
  subjectId: string
  recipient: string
  details: Record<string, string>
  /** The number of this attempt, from 1. */
  attempts: number
  createdAt: Date
}

/** How an attempt ended; without a state the mail was obsolete. */
export interface MailResult {
  state: MailState | null
  nextAttemptAt: Date | null
  error: string | null
}

export interface InvitationMailContent {
  organization: string
  inviter: string
  email: string
  expiresAt: Date
}

/** The queries of the worker, which serves all organizations; each is one SECURITY DEFINER function (O1). */
export const createMailStore = (db: Database) => ({
  claimMails: async (at: Date, leasedUntil: Date, limit: number): Promise<ClaimedMail[]> =>
    (
      await sql<ClaimedMail>`select id, organization_id as "organizationId", kind, subject_id as "subjectId", recipient,
        details, attempts, created_at as "createdAt" from claim_mails(${at}, ${leasedUntil}, ${limit})`.execute(db)
    ).rows,

  finishMail: async (mail: Pick<ClaimedMail, 'id' | 'attempts'>, result: MailResult, at: Date): Promise<void> => {
    const { state, nextAttemptAt, error } = result
    await sql`select finish_mail(${mail.id}, ${mail.attempts}, ${state}, ${nextAttemptAt}, ${error}, ${at})`.execute(db)
  },

  countPendingMails: async (): Promise<number> =>
    (await sql<{ count: number }>`select count_pending_mails() as count`.execute(db)).rows[0]?.count ?? 0,

  /** O3: a new secret for the invitation of a mail, committed when this resolves; undefined where the mail is obsolete. */
  prepareInvitationMail: async (
    mail: Pick<ClaimedMail, 'id' | 'attempts'>,
    secretHash: string,
    at: Date,
  ): Promise<InvitationMailContent | undefined> =>
    (
      await sql<InvitationMailContent>`select organization_name as organization, inviter, email, expires_at as "expiresAt"
        from prepare_invitation_mail(${mail.id}, ${mail.attempts}, ${secretHash}, ${at})`.execute(db)
    ).rows[0],
})
