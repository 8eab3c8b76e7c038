import { type Kysely, sql, type Transaction } from 'kysely'
import type { Caller, Denial } from '../features/accounts/rules.ts'
import { type Actor, type AuditEntry, type AuditRecord, chainHash } from '../features/audit/rules.ts'
import type { World } from '../kernel/deps.ts'
import { ok, type Refused, type Result } from '../kernel/result.ts'
import type { ActorOf, Authority, DenialOf, OperatorAuthority } from './authority.ts'
import type { Tables } from './tables.ts'

export type Database = Kysely<Tables>
/** What may be read inside one organization's wall. */
export type Reader = Pick<Database, 'selectFrom'>
/** A transaction inside one organization's wall; `change` is the only way to one. */
export type Writer = Transaction<Tables>

/**
 * A record that every process must forget (P11). `organization` means its settings and roles; a token is named by the
 * hash of its secret, which is how it is remembered. `provider` means an OAuth provider's record and keys, by its id;
 * `issuer` whatever is known of who is registered and mapped there, by the issuer itself (E4). `version` stands with an
 * organization whose setting was saved, so that it can be told who obeys it (P11).
 */
export interface Forget {
  kind: 'organization' | 'account' | 'token' | 'provider' | 'issuer'
  id: string
  version?: number
}

/** A1: on whose behalf, on what authority (A4) and from where a change is made. */
export interface By<A extends Authority = Authority> {
  organizationId: string
  actor: Actor
  authority: A
  at: Date
  ip: string | null
  userAgent: string | null
  requestId: string | null
}

type Changed<T> = { ok: true; value: T; events: readonly [AuditEntry, ...AuditEntry[]]; forget: readonly Forget[] }
/** What was asked for is so already: nothing is written, so there is nothing to tell. */
type Unchanged<T> = { ok: true; value: T; unchanged: true }
export type Outcome<T, Code extends string> = Changed<T> | Unchanged<T> | Refused<Code>

export type Change = ReturnType<typeof createChange>
export type Read = ReturnType<typeof reader>

const enter = (tx: Transaction<Tables>, organizationId: string) =>
  sql`select set_config('portcullis.organization', ${organizationId}, true)`.execute(tx)

/** A4: what `change` asks about its actor under the lock, and how that is judged. */
export interface ActorCheck {
  /** What `begin_change` reads in the same round trip as it takes the lock. */
  toQuestion: (authority: Authority) => Record<string, unknown>
  check: (authority: Authority, answer: unknown) => Result<Caller | undefined, Denial | 'sign_in_required'>
}

/** Rolls the transaction back while carrying its result out of it. */
class Rollback extends Error {
  readonly result: Result<unknown, string>
  constructor(result: Result<unknown, string>) {
    super('nothing is written')
    this.result = result
  }
}

/** Reads inside one organization's wall (O1): row-level security hides every other organization's rows. */
export const reader =
  (db: Database) =>
  <T>(organizationId: string, work: (db: Reader) => Promise<T>): Promise<T> =>
    db.transaction().execute(async (tx) => {
      await enter(tx, organizationId)
      return work(tx)
    })

interface ChangeParts {
  db: Database
  newId: World['newId']
  actorCheck: ActorCheck
  /** Forgets in this process, before anybody is answered (P11). */
  publish: (forget: readonly Forget[]) => void
}

/** Takes the organization's lock and judges the actor again, in one round trip. */
async function begin(tx: Writer, by: By, { toQuestion, check }: ActorCheck) {
  const question = JSON.stringify(toQuestion(by.authority))
  const { rows } = await sql<{ answer: unknown }>`
    select begin_change(${by.organizationId}, ${question}::jsonb) as answer`.execute(tx)
  return check(by.authority, rows[0]?.answer)
}

/**
 * The only way to a Writer. One transaction holds the change, its audit events (A1, chained as A2) and its feed entry;
 * the organization's row is locked first, so changes of one organization happen one after another and whatever `work`
 * reads is true until commit (O2, P12). A request may have waited for long before it came here, so its actor is judged
 * again under the lock: `work` is given the caller as it is now, or is not run at all (A4). The feed's number is taken
 * last, since its lock is shared by all (a plain sequence would let a later number commit first).
 */
export const createChange =
  ({ db, newId, actorCheck, publish }: ChangeParts) =>
  async <T, Code extends string, A extends Authority>(
    by: By<A>,
    work: (tx: Writer, actor: ActorOf<A>) => Promise<Outcome<T, Code>>,
  ): Promise<Result<T, Code | DenialOf<A>>> => {
    let forget: readonly Forget[] = []
    try {
      // The lock is worth nothing in a snapshot that is older than it, whatever the server's default is.
      return await db
        .transaction()
        .setIsolationLevel('read committed')
        .execute(async (tx) => {
          const actor = await begin(tx, by, actorCheck)
          if (!actor.ok) throw new Rollback(actor)
          const outcome = await work(tx, actor.value as ActorOf<A>)
          // Also without a change: should `work` have written something all the same, it must not stay without an event.
          if (!outcome.ok) throw new Rollback(outcome)
          if ('unchanged' in outcome) throw new Rollback(ok(outcome.value))
          forget = outcome.forget
          await appendEvents(tx, by, outcome.events, newId)
          await sql`select append_to_feed(${by.organizationId}, ${JSON.stringify(forget)}::jsonb)`.execute(tx)
          return { ok: true, value: outcome.value } as const
        })
    } catch (error) {
      if (error instanceof Rollback) return error.result as Result<T, Code | DenialOf<A>>
      throw error
    } finally {
      // Also after an error: a commit whose answer was lost may have happened, and to forget harms nobody.
      publish(forget)
    }
  }

/**
 * `change` for an operator who repeats what an account did, by the action that the account would call. `overrides` hold the
 * operator's authority, and perhaps who the events name; the action is given the caller that it came with, unchecked.
 */
export const createOperatorChange =
  (change: Change, overrides: Partial<By> & { authority: OperatorAuthority }): Change =>
  async <T, Code extends string, A extends Authority>(
    by: By<A>,
    work: (tx: Writer, actor: ActorOf<A>) => Promise<Outcome<T, Code>>,
  ) => {
    const actor = by.authority.kind === 'account' ? by.authority.caller : undefined
    return change({ ...by, ...overrides }, (tx) => work(tx, actor as ActorOf<A>))
  }

async function appendEvents(tx: Writer, by: By, entries: readonly AuditEntry[], newId: World['newId']): Promise<void> {
  const end = await tx
    .selectFrom('organizations')
    .select(['audit_sequence', 'audit_hash'])
    .where('id', '=', by.organizationId)
    .executeTakeFirstOrThrow()
  let sequence = end.audit_sequence
  let previousHash = end.audit_hash
  const rows = entries.map((entry) => {
    sequence += 1
    const record = recordOf(by, entry, newId('evt'), sequence)
    const row = rowOf(record, previousHash)
    previousHash = row.hash
    return row
  })
  await tx.insertInto('audit_events').values(rows).execute()
  await tx
    .updateTable('organizations')
    .set({ audit_sequence: sequence, audit_hash: previousHash })
    .where('id', '=', by.organizationId)
    .execute()
}

/** A value as it will be read back, dates as text, since the hash covers what is stored (A2). */
const asRead = (value: unknown): unknown => (value === undefined ? null : JSON.parse(JSON.stringify(value)))

const recordOf = (by: By, entry: AuditEntry, id: string, sequence: number): AuditRecord => ({
  id,
  organizationId: by.organizationId,
  sequence,
  time: by.at.toISOString(),
  actor: by.actor,
  action: entry.action,
  target: entry.target,
  before: asRead(entry.before),
  after: asRead(entry.after),
  ip: by.ip,
  userAgent: by.userAgent,
  requestId: by.requestId,
})

const asJson = (value: unknown) => (value === null ? null : JSON.stringify(value))

const rowOf = (record: AuditRecord, previousHash: string) => ({
  id: record.id,
  organization_id: record.organizationId,
  sequence: record.sequence,
  time: new Date(record.time),
  actor: JSON.stringify(record.actor),
  actor_id: record.actor.id,
  action: record.action,
  target: JSON.stringify(record.target),
  target_id: record.target.id,
  before: asJson(record.before),
  after: asJson(record.after),
  ip: record.ip,
  user_agent: record.userAgent,
  request_id: record.requestId,
  previous_hash: previousHash,
  hash: chainHash(previousHash, record),
})
