import { sql } from 'kysely'
import type { Reader } from '../../db/change.ts'
import { containing } from '../../db/search.ts'
import { type MailStatus, toMailStatus } from '../../mail/store.ts'
import type { MemberStatus } from '../accounts/rules.ts'
import type { Role } from '../organizations/rules.ts'

export interface MemberRecord {
  id: string
  /** The person's name; the email while invited. */
  name: string
  email: string
  role: Role
  status: MemberStatus
  joinedAt: Date | null
  /** O11; false while invited. */
  emailProven: boolean
  /** When a requested fresh start of the person becomes possible. (O12) */
  freshStartAt: Date | null
  /** `mail` is null where none was queued, or the link was shown instead. */
  invitation: { id: string; expiresAt: Date; mail: MailStatus | null } | null
}

const memberRows = (db: Reader, organizationId: string) =>
  db
    .selectFrom('accounts as a')
    .leftJoin('users as u', 'u.id', 'a.user_id')
    .leftJoin('invitations as i', 'i.account_id', 'a.id')
    .leftJoin('mails as e', (join) => join.onRef('e.subject_id', '=', 'i.id').on('e.kind', '=', 'invitation'))
    .select(['a.id', 'a.name', 'a.email', 'a.role', 'a.status', 'a.joined_at'])
    .select(['u.name as person', 'u.email as person_email', 'i.id as invitation_id', 'i.expires_at'])
    .select('u.email_proven_at')
    .select(sql<Date | null>`find_fresh_start(u.id)`.as('fresh_start_at'))
    .select(['e.state', 'e.attempts', 'e.next_attempt_at', 'e.finished_at', 'e.last_error'])
    .where('a.organization_id', '=', organizationId)
    .where('a.kind', '=', 'member')
    .where('a.removed_at', 'is', null)

type MemberRow = Awaited<ReturnType<ReturnType<typeof memberRows>['executeTakeFirstOrThrow']>>

const toRecord = (row: MemberRow): MemberRecord => ({
  id: row.id,
  name: row.person ?? row.name,
  email: row.person_email ?? row.email ?? '',
  role: row.role,
  status: row.status,
  joinedAt: row.joined_at,
  emailProven: row.email_proven_at !== null,
  freshStartAt: row.fresh_start_at,
  invitation:
    row.invitation_id !== null && row.expires_at !== null
      ? { id: row.invitation_id, expiresAt: row.expires_at, mail: mailOf(row) }
      : null,
})

function mailOf({ state, attempts, next_attempt_at, finished_at, last_error }: MemberRow): MailStatus | null {
  if (state === null || attempts === null || next_attempt_at === null) return null
  return toMailStatus({ state, attempts, next_attempt_at, finished_at, last_error })
}

export async function findMember(db: Reader, organizationId: string, id: string): Promise<MemberRecord | undefined> {
  const row = await memberRows(db, organizationId).where('a.id', '=', id).executeTakeFirst()
  return row && toRecord(row)
}

export interface MemberFilter {
  status?: MemberStatus | undefined
  role?: Role | undefined
  search?: string | undefined
  /** The last id that the page before showed. */
  after?: string | undefined
  limit: number
  /** Whose emails the reader sees, since only those may be searched (O7): all, or the admins' and this account's. */
  emailsSeen: 'all' | { besidesAdmins: string }
}

/** In the order of ids; one more than `limit`, to know whether there is a next page. */
export async function listMembers(db: Reader, organizationId: string, filter: MemberFilter): Promise<MemberRecord[]> {
  let rows = memberRows(db, organizationId)
    .orderBy('a.id')
    .limit(filter.limit + 1)
  if (filter.status !== undefined) rows = rows.where('a.status', '=', filter.status)
  if (filter.role !== undefined) rows = rows.where('a.role', '=', filter.role)
  if (filter.after !== undefined) rows = rows.where('a.id', '>', filter.after)
  const { search, emailsSeen } = filter
  if (search !== undefined) {
    const pattern = containing(search)
    rows = rows.where((eb) => {
      const byEmail = eb.or([eb('u.email', '~', pattern), eb('a.email', '~', pattern)])
      if (emailsSeen === 'all') return eb.or([eb('u.name', '~', pattern), byEmail])
      const isAdmin = eb.and([eb('a.role', '=', 'admin'), eb('a.status', '=', 'joined')])
      const seen = eb.or([eb('a.id', '=', emailsSeen.besidesAdmins), isAdmin])
      return eb.or([eb('u.name', '~', pattern), eb.and([seen, byEmail])])
    })
  }
  return (await rows.execute()).map(toRecord)
}

/** How many joined members are admins at this moment (O2). */
export async function countJoinedAdmins(db: Reader, organizationId: string): Promise<number> {
  const rows = await db
    .selectFrom('accounts')
    .select('id')
    .where('organization_id', '=', organizationId)
    .where('kind', '=', 'member')
    .where('role', '=', 'admin')
    .where('status', '=', 'joined')
    .where('removed_at', 'is', null)
    .execute()
  return rows.length
}
